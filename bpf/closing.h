/* SPDX-License-Identifier: GPL-2.0 */
/* close(), before the kernel has done anything about it: what will come of it? */
#ifndef RSTWATCH_CLOSING_H
#define RSTWATCH_CLOSING_H

#include "bpf/told.h"

/*
 * close() itself resets for what is unread and for SO_LINGER {1,0}. Without
 * them it sends a FIN; that it runs out of orphans, or that TCP_LINGER2 ends
 * what the FIN began, is told from the socket when it comes to that.
 */
static __always_inline bool is_plain(const struct sock *sk,
				     const struct rw_common *common, __u8 state)
{
	if (state != RW_TCP_ESTABLISHED && state != RW_TCP_CLOSE_WAIT)
		return false;
	return !SK_FLAG(COMMON(common, skc_flags), SOCK_LINGER) &&
	       queue_is_empty(sk);
}

/* Nor is there more to tell of it than tcp_send_fin() sees. */
static __always_inline bool is_ordinary(const struct sock *sk,
					const struct tcp_sock *tp)
{
	return !(LOAD(sk, sk_shutdown) & SEND_SHUTDOWN) &&
	       (int)LOAD(tp, linger2) >= 0 && !LOAD_BITS(tp, repair) &&
	       !is_mptcp(tp);
}

/*
 * With -r alone nobody has told that the kernel gave this connection up, with
 * data unacknowledged: the peer may know nothing of it.
 */
static RARELY int closing_given_up(struct sock *sk,
				   const struct rw_common *common)
{
	struct tcp_sock *tp = KNOWN_TCP_SK(sk);
	struct rw_subject s;

	if (!tp || LOAD(tp, snd_una) == LOAD(tp, write_seq) ||
	    !COMMON(common, skc_dport))
		return 0;
	subject_from(&s, sk, common, tp);
	remember_end(&s, true);
	return 0;
}

/* The peer or the kernel has ended this connection before. Return: was it told? */
static RARELY int closing_dead(struct sock *sk)
{
	return name_owner(sk);
}

/* Does close() wait until what is queued is sent, or its time is over? */
static __always_inline bool will_wait(const struct sock *sk, long timeout,
				      unsigned long flags)
{
	return timeout && SK_FLAG(flags, SOCK_LINGER) &&
	       LOAD(sk, sk_lingertime);
}

static __always_inline bool is_linger_zero(const struct rw_evidence *e)
{
	return e->flags & RW_F_LINGER && !e->linger;
}

/*
 * Will nothing be sent, and no other hook tell? The functions have one on
 * tcp_disconnect(), the tracepoints none.
 */
static __always_inline bool closes_silently(struct rw_evidence *e,
					    const struct tcp_sock *tp)
{
	bool disconnects = e->flags & RW_F_REPAIR || is_linger_zero(e);

#ifdef RW_TRACEPOINT
	if (disconnects && (e->flags & RW_F_REPAIR || !e->unread)) {
		e->deduced |= RW_PATH_DISCONNECT;
		return !disconnect_resets(e, tp);
	}
#endif
	return e->state == RW_TCP_SYN_SENT && !disconnects;
}

/* The evidence of a close() that may end in anything. @common: of @sk */
static RARELY int closing_with_care(void *ctx, struct sock *sk, long timeout,
				    const struct rw_common *common, __u8 state)
{
	unsigned long flags = COMMON(common, skc_flags);
	struct tcp_sock *tp = KNOWN_TCP_SK(sk);
	struct rw_context *c = NULL;
	struct rw_evidence *e;
	struct rw_subject s;

	if (!tp)
		return 0;
	subject_from(&s, sk, common, tp);
	/* also where the peer sends no more: it acknowledges, perhaps too late */
	remember_end(&s, true);
	if (return_is_seen() && will_wait(sk, timeout, flags))
		c = take_context(&s, true);
	if (c)
		await_return(c);
	else
		c = take_context(&s, false);
	if (!c)
		return 0;
	e = &c->e;
	look(e, sk, tp, RW_PATH_CLOSE, state, flags);
	read_deciding(e, sk, tp, flags);
	e->flags |= RW_F_ACTOR;
	if (closes_silently(e, tp)) {
		e->kind = RW_KIND_SILENT;
		s.owner_source = RW_OWNER_CLOSE;
		emit(ctx, e, &s);
		drop_context(c);
		return 0;
	}
#ifdef RW_KPROBE
	if (config.has_exit_hook) {
		__u64 id = bpf_get_current_pid_tgid(), key = sk_key(sk);

		bpf_map_update_elem(&closing_now, &id, &key, BPF_ANY);
	}
#endif
	return 0;
}

/* @common, @state: of @sk, just read */
static __always_inline int closing(void *ctx, struct sock *sk, long timeout,
				   const struct rw_common *common, __u8 state)
{
	struct tcp_sock *tp;

	if (state == RW_TCP_LISTEN)
		return 0;
	if (state == RW_TCP_CLOSE)
		return closing_dead(sk) || !config.rst_only
			       ? 0
			       : closing_given_up(sk, common);
	if (is_plain(sk, common, state)) {
		if (config.rst_only) {
			if (state == RW_TCP_CLOSE_WAIT)
				return 0; /* the peer sends no more */
			return fin_unseen(sk, common);
		}
		tp = KNOWN_TCP_SK(sk);
		if (tp && is_ordinary(sk, tp))
			return 0; /* tcp_send_fin follows */
	}
	return closing_with_care(ctx, sk, timeout, common, state);
}

#endif
