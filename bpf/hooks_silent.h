/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ends that no segment tells of: the error left on the socket does. Mostly the
 * kernel acts by itself; SOCK_DESTROY does not.
 */
#ifndef RSTWATCH_HOOKS_SILENT_H
#define RSTWATCH_HOOKS_SILENT_H

#include "bpf/told.h"

/*
 * SO_ERROR takes the error away without the socket's lock, and may be quicker
 * than the end itself. A refusal has been told by then; what else ends an
 * attempt from outside of any call is that nobody answered.
 */
static __always_inline bool error_was_fetched(const struct rw_evidence *e)
{
	return !e->sk_err && e->state == RW_TCP_SYN_SENT &&
	       !(e->flags & RW_F_LOCK_OWNED);
}

/*
 * An end without a segment: the error left on the socket tells. A socket that
 * died of a reset already told of, or whose FIN was acknowledged, ends here in
 * the ordinary way, whatever old error may still be on it. @e: just begun, with
 * errors
 */
static __always_inline int ended_silently(void *ctx, struct sock *sk,
					  struct rw_evidence *e,
					  const struct rw_subject *s)
{
	__u32 cause, end = NOT_REMEMBERED;
	struct rw_death *seen;

	if (e->sk_err == RW_ECONNRESET || e->sk_err == RW_EPIPE)
		return 0;
	seen = find_death(sk);
	if (seen && seen->told)
		return 0;
	if (error_was_fetched(e)) {
		e->sk_err = RW_ETIMEDOUT;
		e->flags |= RW_F_INFERRED;
	}
	if (!e->sk_err && !(RW_BIT(e->state) & FIN_QUEUED))
		return 0;
	if (!e->sk_err && !(e->flags & RW_F_DEAD))
		return 0;
	if (RW_BIT(e->state) & (FIN_QUEUED | RW_BIT(RW_TCP_FIN_WAIT2)) &&
	    e->flags & RW_F_FIN_ACKED && e->sk_err != RW_ECONNABORTED)
		return 0;
	e->kind = RW_KIND_SILENT;
	if (e->sk_err == RW_ECONNABORTED && e->flags & RW_F_LOCK_OWNED)
		e->flags |= RW_F_ACTOR;
	if (!(e->flags & RW_F_DEAD)) /* else its close() was remembered */
		end = remember_end(s, false);
	forget(e);
	cause = emit(ctx, e, s);
	told(s, s->hash, e, cause, end, 0);
	return 0;
}

#ifndef RW_TRACEPOINT

/* The peer's FIN came before it had acknowledged ours. */
static __always_inline int leaves_closing(struct sock *sk)
{
	struct rw_context *c = find_context(sk);

	if (c && c->e.flags & RW_F_WILL_WAIT) /* not told yet */
		c->e.order = RW_ORDER_SIMULTANEOUS;
	else
		fins_crossed(sk);
	return 0;
}

static RARELY int done(void *ctx, struct sock *sk)
{
	__u8 state = sk_state(sk);
	struct rw_evidence e = {};
	struct rw_subject s;
	struct tcp_sock *tp;

	if (state == RW_TCP_CLOSE || state == RW_TCP_LISTEN)
		return 0;
	tp = TCP_SK(sk);
	if (!tp)
		return 0;
	subject_of(&s, sk, tp);
	begin(&e, sk, tp, RW_PATH_DONE);
	read_errors(&e, sk);
	return ended_silently(ctx, sk, &e, &s);
}

/* sk_err is set before tcp_done() on every version. */
HOOK(tcp_done, struct sock *sk)
{
	struct tcp_sock *tp;
	__u8 state;

	sk = SOCK(sk);
	state = sk_state(sk);
	if (!LOAD(sk, sk_err)) {
		if (state == RW_TCP_FIN_WAIT2) /* what most ends pass */
			return 0;
		if (state == RW_TCP_CLOSING)
			return leaves_closing(sk);
		if (state == RW_TCP_SYN_SENT)
			return done(ctx, sk);
		if (!(RW_BIT(state) & FIN_QUEUED))
			return 0;
		tp = TCP_SK(sk);
		if (!tp || LOAD(tp, snd_una) == LOAD(tp, write_seq))
			return 0;
	}
	return done(ctx, sk);
}

#endif

#endif
