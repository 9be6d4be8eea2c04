/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The same story told by tracepoints, for kernels that allow no hook on
 * a function. They show a teardown's steps, not who took them: which call it
 * was follows from the socket (the lock, SOCK_DEAD, the file's last reference)
 * and is marked as deduced.
 *
 * Attached twice over: typed where the kernel has BTF of its own, so that what
 * every connection passes costs a few loads; else as raw tracepoints.
 */
#ifndef RSTWATCH_HOOKS_TRACEPOINT_H
#define RSTWATCH_HOOKS_TRACEPOINT_H

#include "bpf/closing.h"
#include "bpf/hooks_received.h"
#include "bpf/hooks_silent.h"

/* The listener a task closed last: its children are reset in that call. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);   /* pid_tgid */
	__type(value, __u64); /* listening_at() */
} closed_listeners SEC(".maps");

/* Where a listener listens, or that of a child; also when it has lost its port. */
static __always_inline __u64 listening_at(const struct sock *sk,
					  const struct tcp_sock *tp)
{
	return (__u64)sk_netns(sk) << 16 |
	       LOAD(tp, inet_conn.icsk_inet.inet_sport);
}

static RARELY int keep_listener(struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid(), at;
	struct tcp_sock *tp = KNOWN_TCP_SK(sk);

	if (!tp)
		return 0;
	at = listening_at(sk, tp);
	bpf_map_update_elem(&closed_listeners, &id, &at, BPF_ANY);
	return 0;
}

/*
 * The same for a socket of the kernel's own, where both directions shut is all
 * that tells; what comes of it is marked as inferred.
 */
static __always_inline bool is_closed(const struct sock *sk)
{
	const __u8 both = RCV_SHUTDOWN | SEND_SHUTDOWN;

	if (!has_file(sk))
		return LOAD(sk, sk_socket) &&
		       (LOAD(sk, sk_shutdown) & both) == both;
	return file_gone(sk);
}

/* The same evidence as the function hooks take, at a change of state. */
static __always_inline void begin_change(struct rw_evidence *e,
					 const struct sock *sk,
					 const struct tcp_sock *tp)
{
	begin(e, sk, tp, RW_PATH_SET_STATE);
	forget(e);
	/* __tcp_close() has purged the queue by now, the numbers stand */
	e->unread = unread_by_sequence(sk, tp);
	read_errors(e, sk);
}

/* Evidence of a call whose act is still to come. */
static __always_inline void keep_call(const struct rw_subject *s,
				      const struct rw_evidence *e)
{
	struct rw_context *c = take_context(s, false);

	if (c)
		c->e = *e;
}

/*
 * tcp_close_state() decided on a FIN: nothing but close and shutdown does. Nothing
 * is read that only decides about resets and timeouts.
 */
static RARELY int fin_decided(void *ctx, struct sock *sk, int newstate)
{
	const struct tcp_sock *tp;
	struct rw_evidence e = {};
	struct rw_subject s;

	tp = KNOWN_TCP_SK(sk);
	if (!tp)
		return 0;
	subject_of(&s, sk, tp);
	if (newstate == RW_TCP_FIN_WAIT1)
		remember_end(&s, true);
	look(&e, sk, tp, RW_PATH_SET_STATE, sk_state(sk),
	     LOAD(sk, __sk_common.skc_flags));
	e.kind = RW_KIND_FIN;
	e.order = newstate == RW_TCP_LAST_ACK ? RW_ORDER_SECOND
					      : RW_ORDER_FIRST;
	e.flags |= RW_F_ACTOR;
	if (is_closed(sk) || is_let_go(sk, tp)) {
		e.deduced = RW_PATH_CLOSE;
		e.unread = 0; /* or it would be a reset */
	} else {
		e.deduced = RW_PATH_SHUTDOWN;
	}
	if (!has_file(sk))
		e.flags |= RW_F_INFERRED;
	s.owner_source = RW_OWNER_CLOSE;
	emit(ctx, &e, &s);
	return 0;
}

/* Which call is ending this connection, while it is still SOCK_DEAD-free? */
static __always_inline void deduce_call(struct rw_evidence *e,
					const struct sock *sk,
					const struct tcp_sock *tp)
{
	__u64 id = bpf_get_current_pid_tgid(), *at;

	e->flags |= RW_F_INFERRED;
	if (e->flags & RW_F_NEVER_ACCEPTED) {
		e->deduced = RW_PATH_DISCONNECT | RW_PATH_CHILD_FORGET;
		at = bpf_map_lookup_elem(&closed_listeners, &id);
		if (at && *at == listening_at(sk, tp))
			e->flags |= RW_F_ACTOR;
		return;
	}
	e->flags |= RW_F_ACTOR;
	if (!is_closed(sk) && !is_let_go(sk, tp)) {
		e->deduced = RW_PATH_DISCONNECT;
		return;
	}
	e->deduced = RW_PATH_CLOSE;
	if (e->flags & RW_F_REPAIR || (is_linger_zero(e) && !e->unread))
		e->deduced |= RW_PATH_DISCONNECT;
}

/*
 * close() gives up the orphan it has just made. Before it queued the FIN the
 * state was the one that leads here.
 */
static __always_inline void deduce_orphan(struct rw_evidence *e)
{
	e->deduced = RW_PATH_CLOSE;
	e->flags |= RW_F_ACTOR | RW_F_INFERRED;
	if (e->state == RW_TCP_FIN_WAIT1)
		e->state = RW_TCP_ESTABLISHED;
	else if (e->state == RW_TCP_LAST_ACK)
		e->state = RW_TCP_CLOSE_WAIT;
}

/* An error ended it, and it was not a reset. */
static __always_inline bool ended_by_error(const struct rw_evidence *e)
{
	if (error_was_fetched(e))
		return true;
	if (!e->sk_err || e->sk_err == RW_ECONNRESET || e->sk_err == RW_EPIPE)
		return false;
	return e->sk_err == RW_ETIMEDOUT || !(e->flags & RW_F_LOCK_OWNED) ||
	       e->sk_err == RW_ECONNABORTED || e->state == RW_TCP_SYN_SENT;
}

static __always_inline bool fin_is_acked(const struct sock *sk)
{
	const struct tcp_sock *tp = KNOWN_TCP_SK(sk);

	return tp && LOAD(tp, snd_una) == LOAD(tp, write_seq);
}

/* Of an orphan in FIN_WAIT2, that close() itself lets go of. */
static __always_inline bool leaves_a_minisock(const struct sock *sk)
{
	const struct tcp_sock *tp = KNOWN_TCP_SK(sk);

	return tp && (int)LOAD(tp, linger2) >= 0 &&
	       SK_FLAG(LOAD(sk, __sk_common.skc_flags), SOCK_DEAD);
}

/*
 * How nearly every connection ends, told when the FIN was: no error, and the
 * FIN was acknowledged or its minisock takes over. Inside of a call too: what
 * had been put off until close() let go of the socket says so, or close() itself
 * leaves it to a minisock, unless TCP_LINGER2 says to reset. In LAST_ACK and
 * CLOSING nothing else can find the FIN acknowledged.
 */
static __always_inline bool leaves_in_peace(const struct sock *sk, int oldstate)
{
	if (LOAD(sk, sk_err))
		return false;
	switch (oldstate) {
	case RW_TCP_FIN_WAIT2:
		return !LOAD(sk, sk_lock.owned) || leaves_a_minisock(sk);
	case RW_TCP_FIN_WAIT1:
		return !LOAD(sk, sk_lock.owned) && fin_is_acked(sk);
	case RW_TCP_LAST_ACK:
	case RW_TCP_CLOSING:
		return fin_is_acked(sk);
	default:
		return false;
	}
}

static RARELY int leaving(void *ctx, struct sock *sk)
{
	const struct tcp_sock *tp = KNOWN_TCP_SK(sk);
	struct rw_death *seen = find_death(sk);
	struct rw_evidence e = {};
	struct rw_subject s;
	bool resets;

	if (!tp)
		return 0;
	if (seen && seen->told) {
		seen->told = 0;
		return 0;
	}
	subject_of(&s, sk, tp);
	/* first of all: the socket is unhashed already, segments go astray */
	if (LOAD(sk, sk_lock.owned) && is_closed(sk))
		remember_end(&s, true);
	begin_change(&e, sk, tp);
	if (ended_by_error(&e))
		return ended_silently(ctx, sk, &e, &s);
	if (e.flags & RW_F_DEAD && !(e.flags & RW_F_LOCK_OWNED))
		return ended_silently(ctx, sk, &e, &s);
	if (e.flags & RW_F_DEAD) {
		deduce_orphan(&e);
		keep_call(&s, &e);
		return 0;
	}
	if (e.state == RW_TCP_FIN_WAIT2 && e.flags & RW_F_PEER_FIN)
		return 0; /* becomes a TIME_WAIT minisock */

	deduce_call(&e, sk, tp);
	resets = disconnect_resets(&e, tp) ||
		 (e.unread && !(e.flags & RW_F_REPAIR) &&
		  e.deduced == RW_PATH_CLOSE && e.state != RW_TCP_SYN_SENT);
	if (resets) {
		/* whether it really does is told by tcp_send_reset */
		if (!(e.deduced & RW_PATH_CLOSE))
			remember_end(&s, e.flags & RW_F_ACTOR);
		keep_call(&s, &e);
		return 0;
	}
	if (e.state != RW_TCP_SYN_SENT &&
	    !(e.deduced & RW_PATH_CLOSE && e.deduced & RW_PATH_DISCONNECT))
		return 0; /* the ordinary end of LAST_ACK or CLOSING */
	e.kind = RW_KIND_SILENT;
	s.owner_source = RW_OWNER_CLOSE;
	remember_end(&s, true);
	forget(&e);
	emit(ctx, &e, &s);
	return 0;
}

/*
 * Most changes are none of ours. Of FINs, -r only needs to know who ended a
 * connection while the peer spoke.
 */
static __always_inline bool of_interest(int newstate)
{
	if (newstate == RW_TCP_CLOSE || newstate == RW_TCP_FIN_WAIT1)
		return true;
	return !config.rst_only &&
	       (newstate == RW_TCP_LAST_ACK || newstate == RW_TCP_CLOSING);
}

/* @args: sk, oldstate, newstate; read only where they are wanted */
static RARELY int changed(unsigned long long *args)
{
	struct sock *sk = (struct sock *)args[0];
	int oldstate = args[1], newstate = args[2];
	struct rw_common common;

	/* what changes nothing is told, too: shutdown(), then close() */
	if (oldstate == newstate || LOAD(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (newstate == RW_TCP_CLOSING)
		return fins_crossed(sk);
	if (newstate != RW_TCP_CLOSE && !(FIN_TO_COME & RW_BIT(oldstate)))
		return 0;
	if (newstate != RW_TCP_CLOSE && config.rst_only) {
		read_common(&common, sk);
		return fin_unseen(sk, &common);
	}
	if (newstate != RW_TCP_CLOSE)
		return fin_decided(args, sk, newstate);
	if (oldstate == RW_TCP_LISTEN)
		return keep_listener(sk);
	return leaves_in_peace(sk, oldstate) ? 0 : leaving(args, sk);
}

HOOK(inet_sock_set_state, struct sock *sk, int oldstate, int newstate)
{
	return of_interest(newstate) ? changed(ctx) : 0;
}

/* Does the kernel's own word confirm what was deduced? */
static __always_inline bool confirmed(const struct rw_evidence *e)
{
	switch (e->reason) {
	case RW_REASON_ABORT_ON_CLOSE:
	case RW_REASON_ABORT_ON_LINGER:
	case RW_REASON_ABORT_ON_MEMORY:
	case RW_REASON_KEEPALIVE:
		return true;
	default:
		return false;
	}
}

/*
 * A subflow is reset under the lock while it lives. Where the kernel gives no
 * reason: a task holds it to send MP_FASTCLOSE or to destroy the socket.
 */
static __always_inline bool fastcloses(const struct tcp_sock *tp, __s32 reason)
{
	if (config.tp_has_reason && config.has_state_reason &&
	    reason_of(reason) != RW_REASON_STATE)
		return true;
	return sends_fastclose(tp);
}

/* A live socket is reset: by a timer, by SOCK_DESTROY, by MPTCP. */
static __always_inline void begin_live_reset(struct rw_evidence *e,
					     const struct sock *sk,
					     const struct tcp_sock *tp,
					     __s32 reason)
{
	begin(e, sk, tp, 0);
	if (!(e->flags & RW_F_LOCK_OWNED))
		return;
	e->flags |= RW_F_INFERRED;
	if (e->flags & RW_F_MPTCP && fastcloses(tp, reason)) {
		if (!is_deputy())
			e->flags |= RW_F_ACTOR;
	} else {
		e->deduced = RW_PATH_ABORT;
		e->flags |= RW_F_ACTOR | RW_F_OUTSIDER;
	}
}

/*
 * The state that connect(AF_UNSPEC) ended, by the FINs that were queued before.
 * (CLOSING looks like LAST_ACK.)
 */
static __always_inline __u8 state_before(const struct rw_evidence *e,
					 const struct sock *sk)
{
	if (!(LOAD(sk, sk_shutdown) & SEND_SHUTDOWN) ||
	    e->deduced & RW_PATH_CLOSE) /* which shuts first of all */
		return e->state;
	if (e->flags & RW_F_PEER_FIN)
		return RW_TCP_LAST_ACK;
	return e->flags & RW_F_FIN_ACKED ? RW_TCP_FIN_WAIT2 : RW_TCP_FIN_WAIT1;
}

/* Of a closed socket that left nothing before: an orphan mostly. */
static __always_inline void begin_unseen_reset(struct rw_evidence *e,
					       const struct sock *sk,
					       const struct tcp_sock *tp)
{
	begin_orphan(e, sk, tp);
	e->path = 0;
	e->unread = unread_by_sequence(sk, tp);
	if (!(e->flags & RW_F_DEAD)) {
		e->flags &= ~RW_F_ACTOR;
		deduce_call(e, sk, tp);
		e->state = state_before(e, sk);
		read_send_queue(e, tp, e->state, FIN_QUEUED & RW_BIT(e->state));
		return;
	}
	e->deduced = RW_PATH_CLOSE;
	e->flags |= RW_F_INFERRED;
	if (e->flags & RW_F_FIN_ACKED) /* see leaves_in_peace() */
		e->state = RW_TCP_FIN_WAIT2;
}

/*
 * What was seen when close() began, before it had the lock: data that came since
 * is unread, too.
 */
static __always_inline void close_resets(struct rw_evidence *e,
					 const struct sock *sk,
					 const struct tcp_sock *tp)
{
	if (SK_FLAG(LOAD(sk, __sk_common.skc_flags), SOCK_DEAD))
		return;
	e->unread = unread_by_sequence(sk, tp);
	if (e->unread && !(e->flags & RW_F_REPAIR))
		e->deduced &= ~RW_PATH_DISCONNECT;
	if (e->deduced)
		e->flags |= RW_F_INFERRED;
}

/*
 * Is this what became of that call? With -r nobody fetches what was kept of a close()
 * that sent a FIN, and a socket may come back with the same address and ports.
 */
static __always_inline bool is_call(const struct rw_context *c,
				    const struct sock *sk)
{
	return !(c->e.path & RW_PATH_CLOSE) || is_closed(sk) ||
	       SK_FLAG(LOAD(sk, __sk_common.skc_flags), SOCK_DEAD);
}

static __always_inline int active_reset_told(void *ctx, struct sock *sk,
					     __s32 reason)
{
	const struct tcp_sock *tp = TCP_SK(sk);
	struct rw_context *c = own_context(sk, ~0u);
	__u8 state = sk_state(sk);
	bool live = state != RW_TCP_CLOSE;
	__u32 cause, end = NOT_REMEMBERED;
	struct rw_subject s;

	if (!tp)
		return 0;
	if (c && !live && is_call(c, sk)) {
		subject_of_call(&s, sk, c);
		if (c->e.path & RW_PATH_CLOSE)
			close_resets(&c->e, sk, tp);
	} else {
		subject_of(&s, sk, tp);
		c = take_context(&s, false);
		if (!c)
			return 0;
		if (live)
			begin_live_reset(&c->e, sk, tp, reason);
		else
			begin_unseen_reset(&c->e, sk, tp);
	}
	finish_reset(&c->e, sk, tp, state);
	if (config.tp_has_reason)
		set_reason(&c->e, reason);
	if (confirmed(&c->e))
		c->e.flags &= ~RW_F_INFERRED;
	c->e.path |= RW_PATH_TP_SEND_RESET;
	if (c->e.flags & RW_F_ACTOR && !(c->e.flags & RW_F_OUTSIDER))
		s.owner_source = RW_OWNER_CLOSE;
	cause = emit(ctx, &c->e, &s);
	/* else its close() was remembered */
	if (!(c->e.flags & RW_F_DEAD) && !(c->e.path & RW_PATH_CLOSE))
		end = remember_end(&s, s.owner_source);
	if (live)
		told(&s, s.hash, &c->e, cause, end, 0);
	drop_context(c);
	return 0;
}

/*
 * Either may be NULL. Before 6.13 the verifier believes that no argument is and
 * takes a plain comparison out, hence address(); since then it insists on one.
 */
HOOK(tcp_send_reset, struct sock *sk, struct sk_buff *skb)
{
	__s32 reason = 0;

	/* reading an argument that is not there would refuse the attachment */
	if (config.tp_has_reason)
		reason = (__s32)ARGUMENT(ctx, 2);
	if (!sk || !address(sk))
		sk = NULL;
	if (skb && address(skb))
		return answer(ctx, sk, skb, RW_PATH_TP_SEND_RESET, reason);
	return sk ? active_reset_told(ctx, sk, reason) : 0;
}

/*
 * tcp_reset(), without the segment: the socket may have reset itself for data
 * nobody can read, and answer in a moment.
 */
HOOK(tcp_receive_reset, struct sock *sk)
{
	return received(ctx, sk, NULL, may_reset_itself(sk) ? RW_F_HELD : 0);
}

#ifdef RW_TYPED
/*
 * close() of what no one else holds (inet_release()), as the root cgroup sees it: for
 * every socket but the kernel's own. It costs a fifth of what the changes of state do
 * that every connection passes, and with -r close() is what matters of them. In the path
 * it is tcp_close, which inet_release() calls next.
 */
SEC("cgroup/sock_release")
int on_sock_release(struct bpf_sock *ctx)
{
	struct sock *sk = CAST(struct sock, ctx);
	__u32 state = ctx->state;
	struct rw_common common;

	if (ctx->protocol != IPPROTO_TCP)
		return 1;
	if (state == RW_TCP_LISTEN) {
		keep_listener(sk);
		return 1;
	}
	read_common(&common, sk);
	closing(ctx, sk, 0, &common, state);
	return 1;
}
#endif

/*
 * The struct ends. Of a connection that died while somebody held it, this is
 * the close(): the closing task is the owner.
 */
static RARELY int destroyed(struct sock *sk)
{
	name_owner(sk);
	return 0;
}

HOOK(tcp_destroy_sock, struct sock *sk)
{
	return death_is_near(sk) ? destroyed(sk) : 0;
}

#endif
