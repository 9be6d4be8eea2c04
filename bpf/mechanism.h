/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From evidence to the kernel's counters that must have moved with it: a pure
 * function, the same code in the kernel and on the host.
 */
#ifndef RSTWATCH_MECHANISM_H
#define RSTWATCH_MECHANISM_H

#include "bpf/verdict.h"

/* Counters of a netns, in /proc/net/snmp (Tcp) and netstat (TcpExt). */
enum rw_counter {
	RW_COUNTER_OUT_RSTS,	   /* Tcp: OutRsts */
	RW_COUNTER_ON_CLOSE,	   /* TcpExt: TCPAbortOnClose */
	RW_COUNTER_ON_DATA,	   /* TcpExt: TCPAbortOnData */
	RW_COUNTER_ON_LINGER,	   /* TcpExt: TCPAbortOnLinger */
	RW_COUNTER_ON_MEMORY,	   /* TcpExt: TCPAbortOnMemory */
	RW_COUNTER_ON_TIMEOUT,	   /* TcpExt: TCPAbortOnTimeout */
	RW_COUNTER_EMBRYONIC_RSTS, /* TcpExt: EmbryonicRsts */
	RW_COUNTER_ATTEMPT_FAILS,  /* Tcp: AttemptFails */
	RW_COUNTER_MAX
};

/* The table of mechanisms gives the enum. */
enum rw_mechanism {
	RW_MECHANISM_NONE, /* no counter moves */
#define MECHANISM(id, ...) RW_MECHANISM_##id,
#include "bpf/mechanisms.def"
#undef MECHANISM
	RW_MECHANISM_MAX
};

/* Of one netns, in a per-CPU map: how often each was seen, filters or not. */
struct rw_audit_key {
	__u64 cookie; /* of the netns; 0 where the kernel has none */
	__u32 netns;  /* inode number, used again when one is gone */
	__u32 pad;
};

struct rw_audit {
	__u64 seen[RW_MECHANISM_MAX];
};

/*
 * The same at hand: a place belongs to the first netns that came to it, until the
 * end of the run. What finds its place taken is in the map of all the others.
 */
#define RW_NEAR_AUDITS 64 /* a power of two */

struct rw_near_audit {
	struct rw_audit_key key;
	__u64 claims; /* by 1 it was taken, by more it is nobody's */
	struct rw_audit audit;
};

/* rw_near_audit_of() - the place of a netns in that array */
static inline __u32 rw_near_audit_of(const struct rw_audit_key *key)
{
	return (key->cookie ? key->cookie : key->netns) & (RW_NEAR_AUDITS - 1);
}

/* tcp_write_err() leaves ETIMEDOUT or the last soft error. */
static inline bool rw_timed_out(const struct rw_evidence *e)
{
	if (e->sk_err == RW_ECONNABORTED)
		return false;
	return e->sk_err == RW_ETIMEDOUT ||
	       (e->sk_err && e->sk_err == e->sk_err_soft);
}

#define KIND(name) (e->kind == RW_KIND_##name)
#define IN(name) (rw_seen(e) & RW_PATH_##name)
#define FACT(name) (e->flags & RW_F_##name)
#define NOW(name) (e->state_now == RW_TCP_##name)
#define TRIGGER(name) (e->trigger & RW_TH_##name)
#define LINGER_ZERO (FACT(LINGER) && !e->linger)
#define OPENING (e->state == RW_TCP_SYN_SENT || e->state == RW_TCP_SYN_RECV)
#define TIMER(name) (!FACT(LOCK_OWNED) && rw_judge_timer(e) == RW_CAUSE_##name)
#define SUBFLOW (rw_judge_listener(e) == RW_CAUSE_MPTCP_SUBFLOW)
#define FASTCLOSE \
	(FACT(MPTCP) && rw_judge_subflow(e) == RW_CAUSE_MPTCP_FASTCLOSE)
#define TIMED_OUT rw_timed_out(e)
/* by tcp_done(), not by a call of the application */
#define ENDED \
	(KIND(SILENT) && !IN(CLOSE) && !IN(DISCONNECT) && !IN(INET_SHUTDOWN))

/*
 * rw_moves_nothing() - no row of the table can hold; asked first, because it is
 * quick, and most of what is not sent by this host is a FIN or this: a RST ended
 * a connection.
 */
static inline bool rw_moves_nothing(const struct rw_evidence *e)
{
	return KIND(FIN) || (KIND(RST_RECEIVED) && !IN(CHECK_REQ) && !OPENING);
}

/* rw_mechanism() - the row of the table that this evidence is an instance of */
static inline enum rw_mechanism rw_mechanism(const struct rw_evidence *e)
{
	if (rw_seen(e) & RW_PATH_NETFILTER) /* sent past TCP and its counters */
		return RW_MECHANISM_NONE;
#define MECHANISM(id, condition, counters) \
	if (condition)                     \
		return RW_MECHANISM_##id;
#include "bpf/mechanisms.def"
#undef MECHANISM
	return RW_MECHANISM_NONE;
}

#undef KIND
#undef IN
#undef FACT
#undef NOW
#undef TRIGGER
#undef LINGER_ZERO
#undef OPENING
#undef TIMER
#undef SUBFLOW
#undef FASTCLOSE
#undef TIMED_OUT
#undef ENDED

#endif
