/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verdict: from evidence to the one cause. A pure function, the same code
 * in the kernel and on the host, where the unit tests try every combination.
 * Line by line it follows the places in net/ipv4 that send a RST or a FIN.
 */
#ifndef RSTWATCH_VERDICT_H
#define RSTWATCH_VERDICT_H

#include <stdbool.h>

#include "bpf/event.h"

/* enum in include/net/tcp_states.h, the same since 4.4 */
#define RW_TCP_ESTABLISHED 1
#define RW_TCP_SYN_SENT 2
#define RW_TCP_SYN_RECV 3
#define RW_TCP_FIN_WAIT1 4
#define RW_TCP_FIN_WAIT2 5
#define RW_TCP_TIME_WAIT 6
#define RW_TCP_CLOSE 7
#define RW_TCP_CLOSE_WAIT 8
#define RW_TCP_LAST_ACK 9
#define RW_TCP_LISTEN 10
#define RW_TCP_CLOSING 11
#define RW_TCP_NEW_SYN_RECV 12

#define RW_BIT(state) (1u << ((state)&31))

/* errno values of the generic ABI; the kernel headers are not at hand in BPF */
#define RW_EPIPE 32
#define RW_ECONNABORTED 103
#define RW_ECONNRESET 104
#define RW_ETIMEDOUT 110

/* Where the kernel passed: seen by a hook, or following from what was seen. */
static inline __u32 rw_seen(const struct rw_evidence *e)
{
	return e->path | e->deduced;
}

/*
 * tcp_disconnect() with nothing odd about it: from close() with SO_LINGER
 * {1,0}, from connect(AF_UNSPEC), or from a listener that forgets a child it
 * never handed out (inet_child_forget()).
 */
static inline enum rw_cause rw_judge_disconnect(const struct rw_evidence *e)
{
	if (rw_seen(e) & RW_PATH_CHILD_FORGET || e->flags & RW_F_NEVER_ACCEPTED)
		return RW_CAUSE_LISTENER_CLOSED;
	if (!(rw_seen(e) & RW_PATH_CLOSE))
		return RW_CAUSE_DISCONNECT;
	if (e->flags & RW_F_LINGER && !e->linger)
		return RW_CAUSE_LINGER_ZERO;
	return RW_CAUSE_UNKNOWN;
}

/*
 * __tcp_close() resets in three places. Unread data is looked at before
 * sock_orphan(), so SOCK_DEAD is still clear; the other two come after it, and
 * TCP_LINGER2 only when our FIN has been acknowledged (FIN_WAIT2).
 */
static inline enum rw_cause rw_judge_close(const struct rw_evidence *e)
{
	if (!(e->flags & RW_F_DEAD))
		return RW_CAUSE_UNREAD_DATA;
	if (e->flags & RW_F_LINGER2_NEG && e->flags & RW_F_FIN_ACKED)
		return RW_CAUSE_LINGER2;
	return RW_CAUSE_ORPHAN_LIMIT;
}

/*
 * Timers: nobody holds the socket lock. tcp_keepalive_timer() gives up an
 * orphan in FIN_WAIT2 and a connection whose probes go unanswered;
 * tcp_out_of_resources() gives up any other orphan.
 */
static inline enum rw_cause rw_judge_timer(const struct rw_evidence *e)
{
	if (e->flags & RW_F_DEAD && e->state_now == RW_TCP_FIN_WAIT2)
		return RW_CAUSE_FIN_WAIT2_TIMEOUT;
	if (e->reason == RW_REASON_ABORT_ON_MEMORY)
		return RW_CAUSE_ORPHAN_LIMIT;
	if (e->flags & RW_F_KEEPOPEN && e->flags & RW_F_PROBES_OUT)
		return e->flags & RW_F_USER_TIMEOUT
			       ? RW_CAUSE_USER_TIMEOUT
			       : RW_CAUSE_KEEPALIVE_TIMEOUT;
	if (e->flags & RW_F_DEAD)
		return RW_CAUSE_ORPHAN_LIMIT;
	return RW_CAUSE_UNKNOWN;
}

/*
 * MPTCP itself resets this subflow, unless it is the subflow's own keepalive
 * timer: it holds no lock, and the kernel's word, where there is one, agrees.
 */
static inline enum rw_cause rw_judge_subflow(const struct rw_evidence *e)
{
	bool agrees = e->reason == RW_REASON_KEEPALIVE ||
		      e->reason == RW_REASON_OTHER;

	if (!(e->flags & RW_F_LOCK_OWNED) && agrees &&
	    e->flags & RW_F_KEEPOPEN && e->flags & RW_F_PROBES_OUT)
		return rw_judge_timer(e);
	return RW_CAUSE_MPTCP_FASTCLOSE;
}

/* tcp_send_active_reset() */
static inline enum rw_cause rw_judge_active(const struct rw_evidence *e)
{
	if (rw_seen(e) & RW_PATH_MPTCP_SUBFLOW)
		return RW_CAUSE_MPTCP_SUBFLOW;
	if (rw_seen(e) & RW_PATH_ABORT)
		return RW_CAUSE_SOCKET_DESTROYED;
	if (e->flags & RW_F_MPTCP)
		return rw_judge_subflow(e);
	if (rw_seen(e) & RW_PATH_DISCONNECT)
		return rw_judge_disconnect(e);
	if (e->state_now == RW_TCP_CLOSE)
		return rw_seen(e) & RW_PATH_CLOSE ? rw_judge_close(e)
						  : RW_CAUSE_UNKNOWN;
	if (!(e->flags & RW_F_LOCK_OWNED))
		return rw_judge_timer(e);
	return RW_CAUSE_UNKNOWN;
}

/* A segment for which there is no socket at all (tcp_v4_rcv: no_tcp_socket) */
static inline enum rw_cause rw_judge_stray(const struct rw_evidence *e)
{
	if (!(e->trigger & RW_TH_SYN))
		return RW_CAUSE_NO_SOCKET;
	return e->trigger & RW_TH_ACK ? RW_CAUSE_CONNECT_ABANDONED
				      : RW_CAUSE_NO_LISTENER;
}

/*
 * A listener answers from two places: tcp_check_req() for a pending request,
 * tcp_v4_do_rcv() for a segment that belongs to none. MPTCP refuses a subflow
 * in either: a SYN without ACK is answered by nothing else in LISTEN, and a
 * final ACK while the queue has room by nothing else in tcp_check_req().
 */
static inline enum rw_cause rw_judge_listener(const struct rw_evidence *e)
{
	bool syn = e->trigger & RW_TH_SYN;
	bool request = rw_seen(e) & RW_PATH_CHECK_REQ;

	if (e->reason == RW_REASON_MPTCP)
		return RW_CAUSE_MPTCP_SUBFLOW;
	if (e->flags & RW_F_MPTCP && !(e->flags & RW_F_REASON)) {
		if (!request && syn && !(e->trigger & RW_TH_ACK))
			return RW_CAUSE_MPTCP_SUBFLOW;
		if (request && !syn && !(e->flags & RW_F_QUEUE_FULL))
			return RW_CAUSE_MPTCP_SUBFLOW;
	}
	return request && !syn ? RW_CAUSE_ACCEPT_OVERFLOW : RW_CAUSE_HANDSHAKE;
}

/*
 * The answering socket is already CLOSE: tcp_rcv_state_process() ended it
 * while it looked at this segment. Either it reset itself first (data where
 * nobody can receive any more), or it was an orphan in FIN_WAIT1 whose FIN was
 * just acknowledged.
 */
static inline enum rw_cause rw_judge_ended(const struct rw_evidence *e)
{
	if (rw_seen(e) & RW_PATH_RECEIVED)
		return e->flags & RW_F_DEAD ? RW_CAUSE_DATA_AFTER_CLOSE
					    : RW_CAUSE_DATA_AFTER_SHUTDOWN;
	if (!(e->flags & RW_F_DEAD))
		return RW_CAUSE_BAD_SEGMENT;
	if (e->flags & RW_F_LINGER2_NEG)
		return RW_CAUSE_LINGER2;
	return e->trigger_payload ? RW_CAUSE_DATA_AFTER_CLOSE
				  : RW_CAUSE_BAD_SEGMENT;
}

/* tcp_v4_send_reset(), tcp_v6_send_reset(), nf_send_reset() and its kin */
static inline enum rw_cause rw_judge_answer(const struct rw_evidence *e)
{
	if (e->trigger & RW_TH_RST)
		return RW_CAUSE_UNKNOWN; /* the kernel never answers a RST */
	if (rw_seen(e) & RW_PATH_NETFILTER)
		return RW_CAUSE_FIREWALL;
	if (!(e->flags & RW_F_SK))
		return rw_judge_stray(e);
	if (e->flags & RW_F_TW)
		return e->trigger_payload && !(e->trigger & RW_TH_SYN)
			       ? RW_CAUSE_DATA_AFTER_CLOSE
			       : RW_CAUSE_BAD_SEGMENT;

	switch (e->state_now) {
	case RW_TCP_LISTEN:
	case RW_TCP_NEW_SYN_RECV:
		return rw_judge_listener(e);
	case RW_TCP_SYN_SENT:
	case RW_TCP_SYN_RECV:
		return RW_CAUSE_HANDSHAKE;
	case RW_TCP_CLOSE:
		return rw_judge_ended(e);
	default:
		return RW_CAUSE_BAD_SEGMENT;
	}
}

/* tcp_reset(), or tcp_check_req() for a request that is no connection yet */
static inline enum rw_cause rw_judge_received(const struct rw_evidence *e)
{
	switch (e->state) {
	case RW_TCP_SYN_SENT:
		return RW_CAUSE_REFUSED;
	case RW_TCP_SYN_RECV:
	case RW_TCP_NEW_SYN_RECV:
		return RW_CAUSE_RESET_IN_HANDSHAKE;
	case RW_TCP_ESTABLISHED:
	case RW_TCP_CLOSE_WAIT:
		return RW_CAUSE_RESET_BY_PEER;
	case RW_TCP_FIN_WAIT1:
	case RW_TCP_FIN_WAIT2:
	case RW_TCP_CLOSING:
	case RW_TCP_LAST_ACK:
		return RW_CAUSE_RESET_AFTER_FIN;
	default:
		return RW_CAUSE_UNKNOWN;
	}
}

/*
 * tcp_write_err() and the ICMP handlers leave their error on the socket.
 * Retries that ran out leave ETIMEDOUT, or the last soft error; an ICMP that
 * ends an attempt at once is an error that was never a soft one.
 */
static inline enum rw_cause rw_judge_error(const struct rw_evidence *e)
{
	__u32 opening = RW_BIT(RW_TCP_SYN_SENT) | RW_BIT(RW_TCP_SYN_RECV);

	if (e->sk_err == RW_ECONNABORTED)
		return RW_CAUSE_SOCKET_DESTROYED;
	if (e->sk_err == RW_ETIMEDOUT ||
	    (e->sk_err && e->sk_err == e->sk_err_soft))
		return e->flags & RW_F_USER_TIMEOUT ? RW_CAUSE_USER_TIMEOUT
						    : RW_CAUSE_TIMED_OUT;
	if (e->sk_err && RW_BIT(e->state) & opening)
		return RW_CAUSE_UNREACHABLE;
	if (!e->sk_err && e->flags & RW_F_DEAD && !(e->flags & RW_F_FIN_ACKED))
		return RW_CAUSE_ORPHAN_LIMIT; /* tcp_out_of_resources() */
	return RW_CAUSE_UNKNOWN;
}

/* The connection ended and no segment said so. */
static inline enum rw_cause rw_judge_silent(const struct rw_evidence *e)
{
	if (e->flags & RW_F_REPAIR && rw_seen(e) & RW_PATH_DISCONNECT)
		return RW_CAUSE_REPAIR;
	if (rw_seen(e) & RW_PATH_INET_SHUTDOWN)
		return RW_CAUSE_CONNECT_CANCELLED;
	if (rw_seen(e) & RW_PATH_DISCONNECT)
		return rw_judge_disconnect(e);
	if (rw_seen(e) & RW_PATH_CLOSE && e->state == RW_TCP_SYN_SENT)
		return RW_CAUSE_CONNECT_CANCELLED;
	return rw_judge_error(e);
}

/**
 * rw_judge - name the one cause of a teardown
 * @e: all that was observed of it
 *
 * Return: the cause; RW_CAUSE_UNKNOWN when the evidence shows none.
 */
static inline enum rw_cause rw_judge(const struct rw_evidence *e)
{
	switch (e->kind) {
	case RW_KIND_FIN:
		return rw_seen(e) & RW_PATH_SHUTDOWN ? RW_CAUSE_SHUTDOWN
						     : RW_CAUSE_CLOSE;
	case RW_KIND_RST_ACTIVE:
		return rw_judge_active(e);
	case RW_KIND_RST_ANSWER:
		return rw_judge_answer(e);
	case RW_KIND_RST_RECEIVED:
		return rw_judge_received(e);
	case RW_KIND_SILENT:
		return rw_judge_silent(e);
	default:
		return RW_CAUSE_UNKNOWN;
	}
}

#endif
