// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict: every way in which the kernel ends a connection, as evidence,
 * with the one cause it must give; the neighbours that differ in one fact and
 * must give another; and what holds for any evidence at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/verdict.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define EINVAL_ 22
#define ECONNREFUSED_ 111
#define EHOSTUNREACH_ 113

static const char *const names[] = {
#define CAUSE(id, name, ...) [RW_CAUSE_##id] = name,
#include "bpf/causes.def"
#undef CAUSE
};

struct row {
	const char *what;
	enum rw_cause cause;
	struct rw_evidence e;
};

static const char *name_of(enum rw_cause cause)
{
	return (unsigned int)cause < RW_CAUSE_MAX ? names[cause]
						  : "(no such cause)";
}

static void check_rows(const struct row *rows, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		enum rw_cause got = rw_judge(&rows[i].e);

		if (got == rows[i].cause)
			continue;
		print_error("%s: want %s, got %s\n", rows[i].what,
			    name_of(rows[i].cause), name_of(got));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* Shorthand for what most rows of a group have in common */
#define ACTIVE(before, now, seen, facts, ...)                         \
	{                                                             \
		.kind = RW_KIND_RST_ACTIVE, .state = RW_TCP_##before, \
		.state_now = RW_TCP_##now,                            \
		.path = (seen) | RW_PATH_ACTIVE_RESET,                \
		.flags = RW_F_SK | (facts), __VA_ARGS__               \
	}
#define ANSWER_IN(seen, now, segment, facts, ...)                             \
	{                                                                     \
		.kind = RW_KIND_RST_ANSWER, .state = RW_TCP_##now,            \
		.state_now = RW_TCP_##now, .path = RW_PATH_V4_RESET | (seen), \
		.trigger = (segment), .flags = RW_F_TRIGGER | (facts),        \
		__VA_ARGS__                                                   \
	}
#define ANSWER(...) ANSWER_IN(0, __VA_ARGS__)
#define REJECT(function, now, segment, facts, ...)                     \
	{                                                              \
		.kind = RW_KIND_RST_ANSWER, .state = RW_TCP_##now,     \
		.state_now = RW_TCP_##now, .path = RW_PATH_##function, \
		.trigger = (segment), .flags = RW_F_TRIGGER | (facts), \
		__VA_ARGS__                                            \
	}
#define RECEIVED(before)                                                \
	{                                                               \
		.kind = RW_KIND_RST_RECEIVED, .state = RW_TCP_##before, \
		.state_now = RW_TCP_##before, .path = RW_PATH_RECEIVED, \
		.flags = RW_F_SK                                        \
	}
#define SILENT(before, seen, facts, ...)                          \
	{                                                         \
		.kind = RW_KIND_SILENT, .state = RW_TCP_##before, \
		.state_now = RW_TCP_##before, .path = (seen),     \
		.flags = RW_F_SK | (facts), __VA_ARGS__           \
	}
#define FIN(before, seen)                                       \
	{                                                       \
		.kind = RW_KIND_FIN, .state = RW_TCP_##before,  \
		.path = (seen) | RW_PATH_SEND_FIN,              \
		.flags = RW_F_SK | RW_F_ACTOR | RW_F_LOCK_OWNED \
	}

#define IN_CALL (RW_F_ACTOR | RW_F_LOCK_OWNED)
#define IN_CLOSE RW_PATH_CLOSE
#define IN_LINGER_ZERO (RW_PATH_CLOSE | RW_PATH_DISCONNECT)
#define FORGOTTEN (RW_PATH_CHILD_FORGET | RW_PATH_DISCONNECT)
#define SYN RW_TH_SYN
#define ACK RW_TH_ACK
#define PSH_ACK (RW_TH_PSH | RW_TH_ACK)
#define FIN_ACK (RW_TH_FIN | RW_TH_ACK)
#define RST RW_TH_RST

/* tcp_send_active_reset(): rows 1 to 11 of the decision table */
static const struct row active[] = {
	/* 1: SO_LINGER {1,0} */
	{ "linger zero", RW_CAUSE_LINGER_ZERO,
	  ACTIVE(ESTABLISHED, CLOSE, IN_LINGER_ZERO, IN_CALL | RW_F_LINGER) },
	{ "linger zero, peer's FIN received", RW_CAUSE_LINGER_ZERO,
	  ACTIVE(CLOSE_WAIT, CLOSE, IN_LINGER_ZERO,
		 IN_CALL | RW_F_LINGER | RW_F_PEER_FIN) },
	{ "linger zero after shutdown", RW_CAUSE_LINGER_ZERO,
	  ACTIVE(FIN_WAIT2, CLOSE, IN_LINGER_ZERO,
		 IN_CALL | RW_F_LINGER | RW_F_FIN_ACKED) },
	{ "linger zero at exit", RW_CAUSE_LINGER_ZERO,
	  ACTIVE(ESTABLISHED, CLOSE, IN_LINGER_ZERO,
		 IN_CALL | RW_F_LINGER | RW_F_EXITING) },
	{ "linger zero, data unsent", RW_CAUSE_LINGER_ZERO,
	  ACTIVE(LAST_ACK, CLOSE, IN_LINGER_ZERO, IN_CALL | RW_F_LINGER,
		 .unsent = 4096) },
	{ "linger zero, reason TCP_STATE", RW_CAUSE_LINGER_ZERO,
	  ACTIVE(ESTABLISHED, CLOSE, IN_LINGER_ZERO,
		 IN_CALL | RW_F_LINGER | RW_F_REASON,
		 .reason = RW_REASON_STATE) },
	{ "disconnect in close without linger: no such way", RW_CAUSE_UNKNOWN,
	  ACTIVE(ESTABLISHED, CLOSE, IN_LINGER_ZERO, IN_CALL) },
	{ "disconnect in close with linger above zero: no such way",
	  RW_CAUSE_UNKNOWN,
	  ACTIVE(ESTABLISHED, CLOSE, IN_LINGER_ZERO, IN_CALL | RW_F_LINGER,
		 .linger = 250) },

	/* 2: children a listener never handed out */
	{ "listener closed", RW_CAUSE_LISTENER_CLOSED,
	  ACTIVE(ESTABLISHED, CLOSE, FORGOTTEN | RW_PATH_LISTEN_STOP,
		 IN_CALL | RW_F_NEVER_ACCEPTED) },
	{ "listener closed while the handshake ended", RW_CAUSE_LISTENER_CLOSED,
	  ACTIVE(SYN_RECV, CLOSE, FORGOTTEN, RW_F_NEVER_ACCEPTED) },
	{ "never accepted, the hook on inet_child_forget() missing",
	  RW_CAUSE_LISTENER_CLOSED,
	  ACTIVE(ESTABLISHED, CLOSE, RW_PATH_DISCONNECT, RW_F_NEVER_ACCEPTED) },
	{ "never accepted, linger zero inherited from the listener",
	  RW_CAUSE_LISTENER_CLOSED,
	  ACTIVE(ESTABLISHED, CLOSE, FORGOTTEN,
		 IN_CALL | RW_F_NEVER_ACCEPTED | RW_F_LINGER) },
	{ "never accepted, data waiting", RW_CAUSE_LISTENER_CLOSED,
	  ACTIVE(ESTABLISHED, CLOSE, FORGOTTEN, IN_CALL | RW_F_NEVER_ACCEPTED,
		 .unread = 10) },

	/* 3: connect(AF_UNSPEC) */
	{ "disconnect", RW_CAUSE_DISCONNECT,
	  ACTIVE(ESTABLISHED, CLOSE, RW_PATH_DISCONNECT, IN_CALL) },
	{ "disconnect with linger zero set", RW_CAUSE_DISCONNECT,
	  ACTIVE(ESTABLISHED, CLOSE, RW_PATH_DISCONNECT,
		 IN_CALL | RW_F_LINGER) },
	{ "disconnect with data unread", RW_CAUSE_DISCONNECT,
	  ACTIVE(CLOSE_WAIT, CLOSE, RW_PATH_DISCONNECT, IN_CALL, .unread = 7) },
	{ "disconnect in LAST_ACK with data unsent", RW_CAUSE_DISCONNECT,
	  ACTIVE(LAST_ACK, CLOSE, RW_PATH_DISCONNECT, IN_CALL, .unsent = 1) },

	/* 4: unread data; looked at before sock_orphan() */
	{ "unread", RW_CAUSE_UNREAD_DATA,
	  ACTIVE(ESTABLISHED, CLOSE, IN_CLOSE, IN_CALL, .unread = 1) },
	{ "unread beats linger zero", RW_CAUSE_UNREAD_DATA,
	  ACTIVE(ESTABLISHED, CLOSE, IN_CLOSE, IN_CALL | RW_F_LINGER,
		 .unread = 1) },
	{ "unread beats linger above zero", RW_CAUSE_UNREAD_DATA,
	  ACTIVE(ESTABLISHED, CLOSE, IN_CLOSE,
		 IN_CALL | RW_F_LINGER | RW_F_WILL_WAIT, .unread = 1,
		 .linger = 250) },
	{ "unread beats TCP_LINGER2 below zero", RW_CAUSE_UNREAD_DATA,
	  ACTIVE(FIN_WAIT2, CLOSE, IN_CLOSE,
		 IN_CALL | RW_F_LINGER2_NEG | RW_F_FIN_ACKED, .unread = 1) },
	{ "unread after the peer's FIN", RW_CAUSE_UNREAD_DATA,
	  ACTIVE(CLOSE_WAIT, CLOSE, IN_CLOSE, IN_CALL | RW_F_PEER_FIN,
		 .unread = 3000000000u) },
	{ "unread at exit", RW_CAUSE_UNREAD_DATA,
	  ACTIVE(ESTABLISHED, CLOSE, IN_CLOSE, IN_CALL | RW_F_EXITING,
		 .unread = 5) },
	{ "old rule: a consumed segment on the queue, nothing unread",
	  RW_CAUSE_UNREAD_DATA,
	  ACTIVE(CLOSE_WAIT, CLOSE, IN_CLOSE, IN_CALL | RW_F_PEER_FIN) },
	{ "unread, by the kernel's word", RW_CAUSE_UNREAD_DATA,
	  ACTIVE(ESTABLISHED, CLOSE, IN_CLOSE, IN_CALL | RW_F_REASON,
		 .reason = RW_REASON_ABORT_ON_CLOSE, .unread = 1) },
	{ "unread, close deduced", RW_CAUSE_UNREAD_DATA,
	  ACTIVE(ESTABLISHED, CLOSE, 0, IN_CALL | RW_F_INFERRED,
		 .deduced = RW_PATH_CLOSE, .unread = 1) },

	/* 5 and 6: after sock_orphan() */
	{ "TCP_LINGER2 below zero", RW_CAUSE_LINGER2,
	  ACTIVE(FIN_WAIT2, CLOSE, IN_CLOSE,
		 IN_CALL | RW_F_DEAD | RW_F_LINGER2_NEG | RW_F_FIN_ACKED) },
	{ "orphan limit", RW_CAUSE_ORPHAN_LIMIT,
	  ACTIVE(ESTABLISHED, CLOSE, IN_CLOSE, IN_CALL | RW_F_DEAD) },
	{ "orphan limit, peer closed first", RW_CAUSE_ORPHAN_LIMIT,
	  ACTIVE(CLOSE_WAIT, CLOSE, IN_CLOSE,
		 IN_CALL | RW_F_DEAD | RW_F_PEER_FIN) },
	{ "orphan limit, TCP_LINGER2 below zero, FIN not acknowledged",
	  RW_CAUSE_ORPHAN_LIMIT,
	  ACTIVE(ESTABLISHED, CLOSE, IN_CLOSE,
		 IN_CALL | RW_F_DEAD | RW_F_LINGER2_NEG) },
	{ "orphan limit, FIN acknowledged, TCP_LINGER2 not set",
	  RW_CAUSE_ORPHAN_LIMIT,
	  ACTIVE(FIN_WAIT2, CLOSE, IN_CLOSE,
		 IN_CALL | RW_F_DEAD | RW_F_FIN_ACKED) },
	{ "SOCK_DEAD splits unread from orphan limit", RW_CAUSE_ORPHAN_LIMIT,
	  ACTIVE(ESTABLISHED, CLOSE, IN_CLOSE, IN_CALL | RW_F_DEAD,
		 .unread = 1) },

	/* 7: SOCK_DESTROY */
	{ "destroyed", RW_CAUSE_SOCKET_DESTROYED,
	  ACTIVE(ESTABLISHED, ESTABLISHED, RW_PATH_ABORT, IN_CALL) },
	{ "destroyed as an orphan in FIN_WAIT2", RW_CAUSE_SOCKET_DESTROYED,
	  ACTIVE(FIN_WAIT2, FIN_WAIT2, RW_PATH_ABORT, IN_CALL | RW_F_DEAD) },
	{ "destroyed with probes unanswered", RW_CAUSE_SOCKET_DESTROYED,
	  ACTIVE(ESTABLISHED, ESTABLISHED, RW_PATH_ABORT,
		 IN_CALL | RW_F_KEEPOPEN | RW_F_PROBES_OUT) },
	{ "destroyed subflow", RW_CAUSE_SOCKET_DESTROYED,
	  ACTIVE(ESTABLISHED, ESTABLISHED, RW_PATH_ABORT,
		 IN_CALL | RW_F_MPTCP) },

	/* 8 to 10: timers hold no socket lock */
	{ "keepalive", RW_CAUSE_KEEPALIVE_TIMEOUT,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0,
		 RW_F_KEEPOPEN | RW_F_PROBES_OUT) },
	{ "keepalive, by the kernel's word", RW_CAUSE_KEEPALIVE_TIMEOUT,
	  ACTIVE(CLOSE_WAIT, CLOSE_WAIT, 0,
		 RW_F_KEEPOPEN | RW_F_PROBES_OUT | RW_F_REASON,
		 .reason = RW_REASON_KEEPALIVE) },
	{ "user timeout while probing", RW_CAUSE_USER_TIMEOUT,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0,
		 RW_F_KEEPOPEN | RW_F_PROBES_OUT | RW_F_USER_TIMEOUT) },
	{ "keepalive on, no probe out", RW_CAUSE_UNKNOWN,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0, RW_F_KEEPOPEN) },
	{ "probes out, keepalive off", RW_CAUSE_UNKNOWN,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0, RW_F_PROBES_OUT) },
	{ "keepalive facts, but a task holds the lock", RW_CAUSE_UNKNOWN,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0,
		 RW_F_KEEPOPEN | RW_F_PROBES_OUT | RW_F_LOCK_OWNED) },
	{ "orphan in FIN_WAIT2 given up", RW_CAUSE_FIN_WAIT2_TIMEOUT,
	  ACTIVE(FIN_WAIT2, FIN_WAIT2, 0, RW_F_DEAD) },
	{ "orphan in FIN_WAIT2, keepalive on", RW_CAUSE_FIN_WAIT2_TIMEOUT,
	  ACTIVE(FIN_WAIT2, FIN_WAIT2, 0,
		 RW_F_DEAD | RW_F_KEEPOPEN | RW_F_PROBES_OUT) },
	{ "FIN_WAIT2 still held, probes unanswered", RW_CAUSE_KEEPALIVE_TIMEOUT,
	  ACTIVE(FIN_WAIT2, FIN_WAIT2, 0, RW_F_KEEPOPEN | RW_F_PROBES_OUT) },
	{ "orphan limit in a timer", RW_CAUSE_ORPHAN_LIMIT,
	  ACTIVE(FIN_WAIT1, FIN_WAIT1, 0, RW_F_DEAD) },
	{ "orphan limit in a timer, LAST_ACK", RW_CAUSE_ORPHAN_LIMIT,
	  ACTIVE(LAST_ACK, LAST_ACK, RW_PATH_NO_RESOURCES, RW_F_DEAD) },
	{ "orphan limit in a timer, by the kernel's word",
	  RW_CAUSE_ORPHAN_LIMIT,
	  ACTIVE(FIN_WAIT1, FIN_WAIT1, 0, RW_F_DEAD | RW_F_REASON,
		 .reason = RW_REASON_ABORT_ON_MEMORY) },
	{ "alive, no lock, no probes: nothing known resets it",
	  RW_CAUSE_UNKNOWN, ACTIVE(ESTABLISHED, ESTABLISHED, 0, 0) },

	/* 11: MPTCP */
	{ "subflow reset", RW_CAUSE_MPTCP_SUBFLOW,
	  ACTIVE(ESTABLISHED, ESTABLISHED, RW_PATH_MPTCP_SUBFLOW, RW_F_MPTCP) },
	{ "fastclose", RW_CAUSE_MPTCP_FASTCLOSE,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0, IN_CALL | RW_F_MPTCP) },
	{ "fastclose with unread data", RW_CAUSE_MPTCP_FASTCLOSE,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0,
		 IN_CALL | RW_F_MPTCP | RW_F_REASON,
		 .reason = RW_REASON_ABORT_ON_CLOSE, .unread = 9) },

	{ "subflow's keepalive, without the kernel's word",
	  RW_CAUSE_KEEPALIVE_TIMEOUT,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0,
		 RW_F_MPTCP | RW_F_KEEPOPEN | RW_F_PROBES_OUT) },
	{ "subflow's keepalive, by the kernel's word",
	  RW_CAUSE_KEEPALIVE_TIMEOUT,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0,
		 RW_F_MPTCP | RW_F_KEEPOPEN | RW_F_PROBES_OUT | RW_F_REASON,
		 .reason = RW_REASON_KEEPALIVE) },
	{ "fastclose with probes out, by the kernel's word",
	  RW_CAUSE_MPTCP_FASTCLOSE,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0,
		 RW_F_MPTCP | RW_F_KEEPOPEN | RW_F_PROBES_OUT | RW_F_REASON,
		 .reason = RW_REASON_MPTCP) },
	{ "fastclose with probes out, under the lock", RW_CAUSE_MPTCP_FASTCLOSE,
	  ACTIVE(ESTABLISHED, ESTABLISHED, 0,
		 IN_CALL | RW_F_MPTCP | RW_F_KEEPOPEN | RW_F_PROBES_OUT) },
	{ "fastclose by close() (before 6.12)", RW_CAUSE_MPTCP_FASTCLOSE,
	  ACTIVE(ESTABLISHED, CLOSE, RW_PATH_CLOSE | RW_PATH_DISCONNECT,
		 IN_CALL | RW_F_LINGER | RW_F_MPTCP) },

	/* no hook before it told anything */
	{ "CLOSE, nothing seen of the call", RW_CAUSE_UNKNOWN,
	  ACTIVE(ESTABLISHED, CLOSE, 0, IN_CALL) },
};

/* tcp_v4_send_reset(), tcp_v6_send_reset(): rows 12 to 22 */
static const struct row answers[] = {
	/* 12 to 14: no socket */
	{ "SYN to a closed port", RW_CAUSE_NO_LISTENER, ANSWER(CLOSE, SYN, 0) },
	{ "SYN with ECN to a closed port", RW_CAUSE_NO_LISTENER,
	  ANSWER(CLOSE, SYN | 0xc0, 0) },
	{ "SYN with data to a closed port (fast open)", RW_CAUSE_NO_LISTENER,
	  ANSWER(CLOSE, SYN, 0, .trigger_payload = 100) },
	{ "SYN-ACK for an attempt given up", RW_CAUSE_CONNECT_ABANDONED,
	  ANSWER(CLOSE, SYN | ACK, 0) },
	{ "stray ACK", RW_CAUSE_NO_SOCKET, ANSWER(CLOSE, ACK, 0) },
	{ "stray data", RW_CAUSE_NO_SOCKET,
	  ANSWER(CLOSE, PSH_ACK, 0, .trigger_payload = 4) },
	{ "stray FIN", RW_CAUSE_NO_SOCKET, ANSWER(CLOSE, FIN_ACK, 0) },
	{ "stray segment without flags", RW_CAUSE_NO_SOCKET,
	  ANSWER(CLOSE, 0, 0) },

	/* 15: a minisock that stands for FIN_WAIT2 */
	{ "data for a FIN_WAIT2 minisock", RW_CAUSE_DATA_AFTER_CLOSE,
	  ANSWER(TIME_WAIT, PSH_ACK, RW_F_SK | RW_F_TW, .trigger_payload = 1) },
	{ "data with FIN for a FIN_WAIT2 minisock", RW_CAUSE_DATA_AFTER_CLOSE,
	  ANSWER(TIME_WAIT, PSH_ACK | RW_TH_FIN, RW_F_SK | RW_F_TW,
		 .trigger_payload = 1) },
	{ "SYN for a FIN_WAIT2 minisock", RW_CAUSE_BAD_SEGMENT,
	  ANSWER(TIME_WAIT, SYN, RW_F_SK | RW_F_TW) },
	{ "SYN with data for a FIN_WAIT2 minisock", RW_CAUSE_BAD_SEGMENT,
	  ANSWER(TIME_WAIT, SYN, RW_F_SK | RW_F_TW, .trigger_payload = 9) },
	{ "no data for a FIN_WAIT2 minisock", RW_CAUSE_BAD_SEGMENT,
	  ANSWER(TIME_WAIT, ACK, RW_F_SK | RW_F_TW) },

	/* 16: the socket reset itself a moment before */
	{ "data after close, full socket", RW_CAUSE_DATA_AFTER_CLOSE,
	  ANSWER_IN(RW_PATH_RECEIVED, CLOSE, PSH_ACK, RW_F_SK | RW_F_DEAD,
		    .trigger_payload = 1) },
	{ "data after shutdown", RW_CAUSE_DATA_AFTER_SHUTDOWN,
	  ANSWER_IN(RW_PATH_RECEIVED, CLOSE, PSH_ACK, RW_F_SK,
		    .trigger_payload = 1) },
	{ "data after close beats TCP_LINGER2", RW_CAUSE_DATA_AFTER_CLOSE,
	  ANSWER_IN(RW_PATH_RECEIVED, CLOSE, PSH_ACK,
		    RW_F_SK | RW_F_DEAD | RW_F_LINGER2_NEG,
		    .trigger_payload = 1) },

	/* 17 and 18: the acknowledgement of an orphan's FIN */
	{ "TCP_LINGER2 below zero, asynchronous", RW_CAUSE_LINGER2,
	  ANSWER(CLOSE, ACK, RW_F_SK | RW_F_DEAD | RW_F_LINGER2_NEG) },
	{ "data together with the ACK of the FIN", RW_CAUSE_DATA_AFTER_CLOSE,
	  ANSWER(CLOSE, PSH_ACK, RW_F_SK | RW_F_DEAD, .trigger_payload = 1) },
	{ "orphan ended by a segment without data", RW_CAUSE_BAD_SEGMENT,
	  ANSWER(CLOSE, FIN_ACK, RW_F_SK | RW_F_DEAD) },
	{ "ended, still held, did not reset itself", RW_CAUSE_BAD_SEGMENT,
	  ANSWER(CLOSE, PSH_ACK, RW_F_SK, .trigger_payload = 1) },

	/* 19 and 20: a listener */
	{ "stray ACK to a listener", RW_CAUSE_HANDSHAKE,
	  ANSWER(LISTEN, ACK, RW_F_SK) },
	{ "stray ACK to a listener whose queue is full", RW_CAUSE_HANDSHAKE,
	  ANSWER(LISTEN, ACK, RW_F_SK | RW_F_QUEUE_FULL) },
	{ "stray ACK to a listener, by the kernel's word", RW_CAUSE_HANDSHAKE,
	  ANSWER(LISTEN, ACK, RW_F_SK | RW_F_REASON,
		 .reason = RW_REASON_TCP_FLAGS) },
	{ "SYN for a pending request", RW_CAUSE_HANDSHAKE,
	  ANSWER_IN(RW_PATH_CHECK_REQ, LISTEN, SYN, RW_F_SK) },
	{ "final ACK, accept queue full", RW_CAUSE_ACCEPT_OVERFLOW,
	  ANSWER_IN(RW_PATH_CHECK_REQ, LISTEN, ACK,
		    RW_F_SK | RW_F_QUEUE_FULL) },
	{ "final ACK with data, accept queue full", RW_CAUSE_ACCEPT_OVERFLOW,
	  ANSWER_IN(RW_PATH_CHECK_REQ, LISTEN, PSH_ACK, RW_F_SK | RW_F_REASON,
		    .reason = RW_REASON_INVALID_SYN, .trigger_payload = 3) },
	{ "final ACK, overflow deduced", RW_CAUSE_ACCEPT_OVERFLOW,
	  ANSWER(LISTEN, ACK, RW_F_SK | RW_F_QUEUE_FULL | RW_F_INFERRED,
		 .deduced = RW_PATH_CHECK_REQ) },
	{ "MPTCP listener, final ACK, accept queue full",
	  RW_CAUSE_ACCEPT_OVERFLOW,
	  ANSWER_IN(RW_PATH_CHECK_REQ, LISTEN, ACK,
		    RW_F_SK | RW_F_MPTCP | RW_F_QUEUE_FULL) },
	{ "MPTCP listener, final ACK, room in the queue",
	  RW_CAUSE_MPTCP_SUBFLOW,
	  ANSWER_IN(RW_PATH_CHECK_REQ, LISTEN, ACK, RW_F_SK | RW_F_MPTCP) },
	/* 23: netfilter, whatever socket there is */
	{ "SYN rejected on its way in", RW_CAUSE_FIREWALL,
	  REJECT(NF_V4, CLOSE, SYN, 0) },
	{ "data rejected on its way out", RW_CAUSE_FIREWALL,
	  REJECT(NF_V6, ESTABLISHED, PSH_ACK, RW_F_SK, .trigger_payload = 5) },
	{ "rejected by a bridge", RW_CAUSE_FIREWALL,
	  REJECT(NF_SKB_V4, CLOSE, ACK, 0) },
	{ "rejected at a device", RW_CAUSE_FIREWALL,
	  REJECT(NF_SKB_V6, LAST_ACK, FIN_ACK, RW_F_SK | RW_F_DEAD) },
	{ "a RST is not rejected", RW_CAUSE_UNKNOWN,
	  REJECT(NF_V4, CLOSE, RST, 0) },
	{ "MPTCP listener, SYN of a join refused", RW_CAUSE_MPTCP_SUBFLOW,
	  ANSWER(LISTEN, SYN, RW_F_SK | RW_F_MPTCP) },
	{ "MPTCP listener, by the kernel's word", RW_CAUSE_MPTCP_SUBFLOW,
	  ANSWER(LISTEN, ACK, RW_F_SK | RW_F_MPTCP | RW_F_REASON,
		 .reason = RW_REASON_MPTCP) },
	{ "MPTCP listener, stray ACK", RW_CAUSE_HANDSHAKE,
	  ANSWER(LISTEN, ACK, RW_F_SK | RW_F_MPTCP) },
	{ "MPTCP listener, stray ACK by the kernel's word", RW_CAUSE_HANDSHAKE,
	  ANSWER(LISTEN, ACK, RW_F_SK | RW_F_MPTCP | RW_F_REASON,
		 .reason = RW_REASON_TCP_FLAGS) },

	/* 21 and 22 */
	{ "unacceptable ACK in SYN_SENT", RW_CAUSE_HANDSHAKE,
	  ANSWER(SYN_SENT, ACK, RW_F_SK) },
	{ "unacceptable ACK in SYN_RECV", RW_CAUSE_HANDSHAKE,
	  ANSWER(SYN_RECV, ACK, RW_F_SK) },
	{ "unacceptable ACK for a request socket", RW_CAUSE_HANDSHAKE,
	  ANSWER(NEW_SYN_RECV, ACK, RW_F_SK) },

	/* anything else */
	{ "answer in ESTABLISHED", RW_CAUSE_BAD_SEGMENT,
	  ANSWER(ESTABLISHED, PSH_ACK, RW_F_SK, .trigger_payload = 1) },
	{ "answer in LAST_ACK", RW_CAUSE_BAD_SEGMENT,
	  ANSWER(LAST_ACK, ACK, RW_F_SK) },

	/* rule 0: nothing answers a RST */
	{ "RST without a socket", RW_CAUSE_UNKNOWN, ANSWER(CLOSE, RST, 0) },
	{ "RST with ACK without a socket", RW_CAUSE_UNKNOWN,
	  ANSWER(CLOSE, RST | ACK, 0) },
	{ "RST with SYN without a socket", RW_CAUSE_UNKNOWN,
	  ANSWER(CLOSE, RST | SYN, 0) },
	{ "RST to a listener", RW_CAUSE_UNKNOWN, ANSWER(LISTEN, RST, RW_F_SK) },
	{ "RST for a minisock", RW_CAUSE_UNKNOWN,
	  ANSWER(TIME_WAIT, RST | ACK, RW_F_SK | RW_F_TW,
		 .trigger_payload = 1) },
};

static const struct row received[] = {
	{ "RST answers our SYN", RW_CAUSE_REFUSED, RECEIVED(SYN_SENT) },
	{ "RST in ESTABLISHED", RW_CAUSE_RESET_BY_PEER, RECEIVED(ESTABLISHED) },
	{ "RST in CLOSE_WAIT", RW_CAUSE_RESET_BY_PEER, RECEIVED(CLOSE_WAIT) },
	{ "RST in FIN_WAIT1", RW_CAUSE_RESET_AFTER_FIN, RECEIVED(FIN_WAIT1) },
	{ "RST in FIN_WAIT2", RW_CAUSE_RESET_AFTER_FIN, RECEIVED(FIN_WAIT2) },
	{ "RST in CLOSING", RW_CAUSE_RESET_AFTER_FIN, RECEIVED(CLOSING) },
	{ "RST in LAST_ACK", RW_CAUSE_RESET_AFTER_FIN, RECEIVED(LAST_ACK) },
	{ "RST for a request", RW_CAUSE_RESET_IN_HANDSHAKE,
	  RECEIVED(SYN_RECV) },
	{ "RST for a request socket", RW_CAUSE_RESET_IN_HANDSHAKE,
	  RECEIVED(NEW_SYN_RECV) },
	{ "RST in CLOSE ends nothing", RW_CAUSE_UNKNOWN, RECEIVED(CLOSE) },
	{ "RST to a listener ends nothing", RW_CAUSE_UNKNOWN,
	  RECEIVED(LISTEN) },
};

static const struct row fins[] = {
	{ "close, first", RW_CAUSE_CLOSE, FIN(ESTABLISHED, RW_PATH_CLOSE) },
	{ "close, second", RW_CAUSE_CLOSE, FIN(CLOSE_WAIT, RW_PATH_CLOSE) },
	{ "close, nothing but the FIN seen", RW_CAUSE_CLOSE,
	  FIN(ESTABLISHED, 0) },
	{ "shutdown", RW_CAUSE_SHUTDOWN, FIN(ESTABLISHED, RW_PATH_SHUTDOWN) },
	{ "shutdown, second", RW_CAUSE_SHUTDOWN,
	  FIN(CLOSE_WAIT, RW_PATH_SHUTDOWN) },
};

static const struct row silent[] = {
	{ "TCP_REPAIR close", RW_CAUSE_REPAIR,
	  SILENT(ESTABLISHED, IN_LINGER_ZERO, IN_CALL | RW_F_REPAIR) },
	{ "TCP_REPAIR beats unread data and linger zero", RW_CAUSE_REPAIR,
	  SILENT(ESTABLISHED, IN_LINGER_ZERO,
		 IN_CALL | RW_F_REPAIR | RW_F_LINGER, .unread = 5) },
	{ "TCP_REPAIR disconnect", RW_CAUSE_REPAIR,
	  SILENT(ESTABLISHED, RW_PATH_DISCONNECT, IN_CALL | RW_F_REPAIR) },
	{ "linger zero in SYN_SENT", RW_CAUSE_LINGER_ZERO,
	  SILENT(SYN_SENT, IN_LINGER_ZERO, IN_CALL | RW_F_LINGER) },
	{ "linger zero in LAST_ACK, FIN sent", RW_CAUSE_LINGER_ZERO,
	  SILENT(LAST_ACK, IN_LINGER_ZERO, IN_CALL | RW_F_LINGER) },
	{ "close in SYN_SENT", RW_CAUSE_CONNECT_CANCELLED,
	  SILENT(SYN_SENT, RW_PATH_CLOSE, IN_CALL) },
	{ "close in SYN_SENT with linger above zero",
	  RW_CAUSE_CONNECT_CANCELLED,
	  SILENT(SYN_SENT, RW_PATH_CLOSE, IN_CALL | RW_F_LINGER,
		 .linger = 250) },
	{ "shutdown in SYN_SENT", RW_CAUSE_CONNECT_CANCELLED,
	  SILENT(SYN_SENT, RW_PATH_INET_SHUTDOWN | RW_PATH_DISCONNECT,
		 IN_CALL) },
	{ "shutdown in SYN_SENT with linger zero", RW_CAUSE_CONNECT_CANCELLED,
	  SILENT(SYN_SENT, RW_PATH_INET_SHUTDOWN | RW_PATH_DISCONNECT,
		 IN_CALL | RW_F_LINGER) },
	{ "disconnect in SYN_SENT", RW_CAUSE_DISCONNECT,
	  SILENT(SYN_SENT, RW_PATH_DISCONNECT, IN_CALL) },
	{ "disconnect in LAST_ACK, FIN sent", RW_CAUSE_DISCONNECT,
	  SILENT(LAST_ACK, RW_PATH_DISCONNECT, IN_CALL) },

	{ "SYN retries used up", RW_CAUSE_TIMED_OUT,
	  SILENT(SYN_SENT, RW_PATH_DONE, 0, .sk_err = RW_ETIMEDOUT) },
	{ "retransmissions used up", RW_CAUSE_TIMED_OUT,
	  SILENT(ESTABLISHED, RW_PATH_DONE, 0, .sk_err = RW_ETIMEDOUT) },
	{ "retries of an orphan used up", RW_CAUSE_TIMED_OUT,
	  SILENT(FIN_WAIT1, RW_PATH_DONE, RW_F_DEAD, .sk_err = RW_ETIMEDOUT) },
	{ "retries used up after an ICMP error", RW_CAUSE_TIMED_OUT,
	  SILENT(ESTABLISHED, RW_PATH_DONE, 0, .sk_err = EHOSTUNREACH_,
		 .sk_err_soft = EHOSTUNREACH_) },
	{ "SYN retries used up after an ICMP error", RW_CAUSE_TIMED_OUT,
	  SILENT(SYN_SENT, RW_PATH_DONE, 0, .sk_err = EHOSTUNREACH_,
		 .sk_err_soft = EHOSTUNREACH_) },
	{ "user timeout", RW_CAUSE_USER_TIMEOUT,
	  SILENT(ESTABLISHED, RW_PATH_DONE, RW_F_USER_TIMEOUT,
		 .sk_err = RW_ETIMEDOUT) },
	{ "user timeout after an ICMP error", RW_CAUSE_USER_TIMEOUT,
	  SILENT(ESTABLISHED, RW_PATH_DONE, RW_F_USER_TIMEOUT,
		 .sk_err = EHOSTUNREACH_, .sk_err_soft = EHOSTUNREACH_) },
	{ "ICMP ends an attempt", RW_CAUSE_UNREACHABLE,
	  SILENT(SYN_SENT, RW_PATH_DONE, 0, .sk_err = EHOSTUNREACH_) },
	{ "ICMP port unreachable ends an attempt", RW_CAUSE_UNREACHABLE,
	  SILENT(SYN_SENT, RW_PATH_DONE, 0, .sk_err = ECONNREFUSED_) },
	{ "ICMP ends an attempt with TCP_USER_TIMEOUT", RW_CAUSE_UNREACHABLE,
	  SILENT(SYN_SENT, RW_PATH_DONE, RW_F_USER_TIMEOUT,
		 .sk_err = EHOSTUNREACH_) },
	{ "ICMP in SYN_RECV", RW_CAUSE_UNREACHABLE,
	  SILENT(SYN_RECV, RW_PATH_DONE, 0, .sk_err = EHOSTUNREACH_) },
	{ "an error that ends no established connection", RW_CAUSE_UNKNOWN,
	  SILENT(ESTABLISHED, RW_PATH_DONE, 0, .sk_err = EINVAL_) },
	{ "destroyed in SYN_SENT", RW_CAUSE_SOCKET_DESTROYED,
	  SILENT(SYN_SENT, RW_PATH_DONE, IN_CALL, .sk_err = RW_ECONNABORTED) },
	{ "destroyed in LAST_ACK", RW_CAUSE_SOCKET_DESTROYED,
	  SILENT(LAST_ACK, RW_PATH_DONE, IN_CALL | RW_F_DEAD,
		 .sk_err = RW_ECONNABORTED) },
	{ "orphan given up without a RST", RW_CAUSE_ORPHAN_LIMIT,
	  SILENT(FIN_WAIT1, RW_PATH_DONE, RW_F_DEAD) },
	{ "orphan whose FIN was acknowledged", RW_CAUSE_UNKNOWN,
	  SILENT(LAST_ACK, RW_PATH_DONE, RW_F_DEAD | RW_F_FIN_ACKED) },
	{ "no error, still held", RW_CAUSE_UNKNOWN,
	  SILENT(LAST_ACK, RW_PATH_DONE, 0) },
};

static void test_active(void **state)
{
	(void)state;
	check_rows(active, COUNT(active));
}

static void test_answers(void **state)
{
	(void)state;
	check_rows(answers, COUNT(answers));
}

static void test_received(void **state)
{
	(void)state;
	check_rows(received, COUNT(received));
}

static void test_fins(void **state)
{
	(void)state;
	check_rows(fins, COUNT(fins));
}

static void test_silent(void **state)
{
	(void)state;
	check_rows(silent, COUNT(silent));
}

/* Every cause that the verdict can give is given by some row above. */
static void test_every_cause(void **state)
{
	const struct {
		const struct row *rows;
		size_t n;
	} tables[] = {
		{ active, COUNT(active) },     { answers, COUNT(answers) },
		{ received, COUNT(received) }, { fins, COUNT(fins) },
		{ silent, COUNT(silent) },
	};
	bool given[RW_CAUSE_MAX] = { 0 };

	(void)state;
	for (size_t t = 0; t < COUNT(tables); t++)
		for (size_t i = 0; i < tables[t].n; i++)
			given[tables[t].rows[i].cause] = true;
	for (int i = 0; i < RW_CAUSE_MAX; i++)
		if (!given[i])
			fail_msg("no row gives %s", names[i]);
}

#define SET(id) (1ULL << RW_CAUSE_##id)

/* Which causes a kind of event may have; unknown always. */
static uint64_t possible(__u8 kind)
{
	switch (kind) {
	case RW_KIND_FIN:
		return SET(CLOSE) | SET(SHUTDOWN);
	case RW_KIND_RST_ACTIVE:
		return SET(UNREAD_DATA) | SET(LINGER_ZERO) | SET(DISCONNECT) |
		       SET(LISTENER_CLOSED) | SET(SOCKET_DESTROYED) |
		       SET(LINGER2) | SET(FIN_WAIT2_TIMEOUT) |
		       SET(ORPHAN_LIMIT) | SET(KEEPALIVE_TIMEOUT) |
		       SET(USER_TIMEOUT) | SET(MPTCP_FASTCLOSE) |
		       SET(MPTCP_SUBFLOW) | SET(UNKNOWN);
	case RW_KIND_RST_ANSWER:
		return SET(DATA_AFTER_CLOSE) | SET(DATA_AFTER_SHUTDOWN) |
		       SET(LINGER2) | SET(NO_LISTENER) |
		       SET(CONNECT_ABANDONED) | SET(NO_SOCKET) |
		       SET(ACCEPT_OVERFLOW) | SET(HANDSHAKE) |
		       SET(BAD_SEGMENT) | SET(MPTCP_SUBFLOW) | SET(FIREWALL) |
		       SET(UNKNOWN);
	case RW_KIND_RST_RECEIVED:
		return SET(REFUSED) | SET(RESET_BY_PEER) |
		       SET(RESET_AFTER_FIN) | SET(RESET_IN_HANDSHAKE) |
		       SET(UNKNOWN);
	case RW_KIND_SILENT:
		return SET(LINGER_ZERO) | SET(DISCONNECT) |
		       SET(LISTENER_CLOSED) | SET(SOCKET_DESTROYED) |
		       SET(USER_TIMEOUT) | SET(ORPHAN_LIMIT) |
		       SET(CONNECT_CANCELLED) | SET(TIMED_OUT) |
		       SET(UNREACHABLE) | SET(REPAIR) | SET(UNKNOWN);
	default:
		return SET(UNKNOWN);
	}
}

static void describe(const struct rw_evidence *e, enum rw_cause cause)
{
	fail_msg("kind %u state %u now %u path %#x deduced %#x flags %#x "
		 "reason %u trigger %#x err %u/%u gives %s",
		 e->kind, e->state, e->state_now, e->path, e->deduced, e->flags,
		 e->reason, e->trigger, e->sk_err, e->sk_err_soft,
		 name_of(cause));
}

/* What must hold whatever was seen. */
static enum rw_cause check_any(const struct rw_evidence *e)
{
	enum rw_cause cause = rw_judge(e);

	if ((unsigned int)cause >= RW_CAUSE_MAX ||
	    !(possible(e->kind) & 1ULL << cause))
		describe(e, cause);
	if (e->kind == RW_KIND_RST_ANSWER && e->trigger & RW_TH_RST &&
	    cause != RW_CAUSE_UNKNOWN)
		describe(e, cause);
	return cause;
}

/* Bit i of @choice picks bits[i]. */
static __u32 pick(const __u32 *bits, size_t n, __u32 choice)
{
	__u32 set = 0;

	for (size_t i = 0; i < n; i++)
		if (choice & 1u << i)
			set |= bits[i];
	return set;
}

/* Where SOCK_DEAD, linger and the path decide: every combination. */
static void test_every_active(void **state)
{
	static const __u32 paths[] = {
		RW_PATH_CLOSE,	    RW_PATH_ABORT,	   RW_PATH_CHILD_FORGET,
		RW_PATH_DISCONNECT, RW_PATH_MPTCP_SUBFLOW,
	};
	static const __u32 facts[] = {
		RW_F_DEAD,	   RW_F_NEVER_ACCEPTED, RW_F_LINGER,
		RW_F_KEEPOPEN,	   RW_F_LINGER2_NEG,	RW_F_LOCK_OWNED,
		RW_F_FIN_ACKED,	   RW_F_PROBES_OUT,	RW_F_MPTCP,
		RW_F_USER_TIMEOUT,
	};
	struct rw_evidence e = { .kind = RW_KIND_RST_ACTIVE };

	(void)state;
	for (__u32 p = 0; p < 1u << COUNT(paths); p++)
		for (__u32 f = 0; f < 1u << COUNT(facts); f++)
			for (__u32 now = 0; now <= RW_TCP_NEW_SYN_RECV; now++)
				for (int r = 0; r < RW_REASON_MAX; r++) {
					e.path = pick(paths, COUNT(paths), p);
					e.flags = pick(facts, COUNT(facts), f);
					e.state_now = now;
					e.reason = r;
					check_any(&e);
				}
}

static void test_every_answer(void **state)
{
	static const __u32 facts[] = {
		RW_F_SK,    RW_F_TW,	 RW_F_DEAD,	  RW_F_LINGER2_NEG,
		RW_F_MPTCP, RW_F_REASON, RW_F_QUEUE_FULL,
	};
	static const __u32 paths[] = { RW_PATH_CHECK_REQ, RW_PATH_RECEIVED };
	struct rw_evidence e = { .kind = RW_KIND_RST_ANSWER };

	(void)state;
	for (__u32 f = 0; f < 1u << COUNT(facts); f++)
		for (__u32 now = 0; now <= RW_TCP_NEW_SYN_RECV; now++)
			for (__u32 flags = 0; flags < 64; flags++)
				for (__u32 p = 0; p < 16; p++) {
					e.path = pick(paths, 2, p & 3);
					e.flags = pick(facts, COUNT(facts), f);
					e.state_now = now;
					e.trigger = flags;
					e.trigger_payload = p & 4;
					e.reason = p & 8 ? RW_REASON_MPTCP : 0;
					check_any(&e);
				}
}

/* xorshift64*: the same evidence on every machine */
static uint64_t random_bits(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 2685821657736338717ULL;
}

static void random_evidence(struct rw_evidence *e, uint64_t *seed)
{
	static const __u16 errors[] = {
		0,
		RW_EPIPE,
		RW_ECONNABORTED,
		RW_ECONNRESET,
		RW_ETIMEDOUT,
		ECONNREFUSED_,
		EHOSTUNREACH_,
		EINVAL_,
	};
	unsigned char *byte = (unsigned char *)e;

	for (size_t i = 0; i < sizeof(*e); i++)
		byte[i] = random_bits(seed) >> 56;
	if (random_bits(seed) >> 60 == 0)
		return; /* one in sixteen is plain noise */
	e->kind = random_bits(seed) % (RW_KIND_MAX + 1);
	e->state = random_bits(seed) % 13;
	e->state_now = random_bits(seed) % 13;
	e->reason = random_bits(seed) % RW_REASON_MAX;
	e->sk_err = errors[random_bits(seed) % COUNT(errors)];
	e->sk_err_soft = errors[random_bits(seed) % COUNT(errors)];
	e->linger = random_bits(seed) & 1;
	e->trigger_payload = random_bits(seed) & 1;
	/* sparse bits reach the deeper branches */
	e->path &= random_bits(seed);
	e->deduced &= random_bits(seed);
	e->flags &= random_bits(seed);
}

/* Facts that are shown but prove nothing: changing them changes no verdict. */
static void scramble_idle_facts(struct rw_evidence *e, uint64_t *seed)
{
	const __u32 idle = RW_F_ACTOR | RW_F_EXITING | RW_F_LINGER_WAIT |
			   RW_F_TRIGGER | RW_F_INFERRED | RW_F_SINCE_CLOSE |
			   RW_F_OWNER | RW_F_WILL_WAIT | RW_F_QUEUES |
			   RW_F_IDLE_RX | RW_F_IDLE_TX | RW_F_HELD;

	e->flags ^= random_bits(seed) & idle;
	e->kernel_reason = (__s32)random_bits(seed);
	e->unread = random_bits(seed);
	e->unsent = random_bits(seed);
	e->unacked = random_bits(seed);
	e->linger_wait_ms = random_bits(seed);
	e->idle_rx = random_bits(seed);
	e->idle_tx = random_bits(seed);
	e->retransmits = random_bits(seed);
	e->order = random_bits(seed);
	e->exit = random_bits(seed);
}

static void test_noise(void **state)
{
	uint64_t seed = 88172645463325252ULL;
	struct rw_evidence e, before;
	enum rw_cause cause;

	(void)state;
	for (int i = 0; i < 2000000; i++) {
		random_evidence(&e, &seed);
		before = e;
		cause = check_any(&e);
		assert_memory_equal(&e, &before, sizeof(e));
		scramble_idle_facts(&e, &seed);
		if (rw_judge(&e) != cause)
			describe(&before, rw_judge(&e));
	}
}

/* A step that was deduced counts like one that was seen. */
static void test_deduced(void **state)
{
	uint64_t seed = 362436069362436069ULL;
	struct rw_evidence e;
	enum rw_cause cause;

	(void)state;
	for (int i = 0; i < 500000; i++) {
		random_evidence(&e, &seed);
		e.path &= 0xffff;
		e.deduced = 0;
		cause = rw_judge(&e);
		e.deduced = e.path;
		e.path = 0;
		if (rw_judge(&e) != cause)
			describe(&e, rw_judge(&e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_active),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_fins),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_every_cause),
		cmocka_unit_test(test_every_active),
		cmocka_unit_test(test_every_answer),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_deduced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
