/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks on the kernel's functions, for the flavours fentry and kprobe. None of
 * them lies on the path of a packet; on the way of a connection that ends in
 * FIN and that nobody asked to see there is only __tcp_close (and, once a
 * connection, tcp_check_req).
 */
#ifndef RSTWATCH_HOOKS_FUNCTION_H
#define RSTWATCH_HOOKS_FUNCTION_H

#include "bpf/closing.h"
#include "bpf/hooks_owner.h"
#include "bpf/hooks_received.h"
#include "bpf/hooks_silent.h"
#include "bpf/hooks_ttl.h"

/*
 * close()
 */

static __always_inline int close_begins(void *ctx, struct sock *sk,
					long timeout)
{
	struct rw_common common;

	sk = SOCK(sk);
	read_common(&common, sk);
	return closing(ctx, sk, timeout, &common, COMMON(&common, skc_state));
}

/* With the socket lock held: what is counted here is what the kernel sees. */
HOOK(__tcp_close, struct sock *sk, long timeout)
{
	return close_begins(ctx, sk, timeout);
}

/* Kernels without __tcp_close (5.10 before .181): before the socket lock. */
HOOK(tcp_close, struct sock *sk, long timeout)
{
	return close_begins(ctx, sk, timeout);
}

/* close() returns: only now it is known how long SO_LINGER made it wait. */
static __always_inline int closed(void *ctx, struct sock *sk)
{
	struct rw_context *c;
	struct tcp_sock *tp;
	struct rw_subject s;

	sk = SOCK(sk);
	/* most closes do not linger; what else was kept is not believed later */
	if (!SK_FLAG(LOAD(sk, __sk_common.skc_flags), SOCK_LINGER))
		return 0;
	c = own_context(sk, RW_PATH_CLOSE);
	if (!c)
		return 0;
	tp = TCP_SK(sk);
	if (!tp)
		return 0;
	if (c->e.flags & RW_F_WILL_WAIT && c->e.path & RW_PATH_SEND_FIN) {
		subject_of(&s, sk, tp);
		s.ktime_ns = c->ktime_ns;
		s.cookie = c->of.cookie;
		s.owner_source = RW_OWNER_CLOSE;
		if (!is_overdue(c)) { /* else the return of a later call */
			c->e.linger_wait_ms =
				(bpf_ktime_get_ns() - c->ktime_ns) / 1000000;
			c->e.flags |= RW_F_LINGER_WAIT;
		}
		emit(ctx, &c->e, &s);
		c->e.path = 0; /* told */
	}
	drop_context(c);
	return 0;
}

#ifdef RW_FENTRY
SEC("fexit/__tcp_close")
int BPF_PROG(on_exit___tcp_close, struct sock *sk)
{
	return closed(ctx, sk);
}
#else
SEC("kretprobe/__tcp_close")
int BPF_KRETPROBE(on_exit___tcp_close)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 *sk = bpf_map_lookup_elem(&closing_now, &id);

	if (!sk)
		return 0;
	closed(ctx, (void *)*sk);
	bpf_map_delete_elem(&closing_now, &id);
	return 0;
}
#endif

/*
 * FIN
 */

HOOK(tcp_shutdown, struct sock *sk, int how)
{
	struct tcp_sock *tp = TCP_SK(sk);
	struct rw_context *c;

	sk = SOCK(sk);
	if (!tp || !(how & SEND_SHUTDOWN) ||
	    !(FIN_TO_COME & RW_BIT(sk_state(sk))))
		return 0;
	c = take_place(sk_key(sk), sk_hash(sk), bpf_ktime_get_ns(), false);
	if (c)
		begin(&c->e, sk, tp, RW_PATH_SHUTDOWN);
	return 0;
}

/* @seen: the call that sends it, as far as there is more to know; or NULL */
static __always_inline int fin_sent(void *ctx, struct sock *sk,
				    const struct tcp_sock *tp,
				    const struct rw_subject *s,
				    struct rw_context *seen, bool second,
				    unsigned long flags)
{
	struct rw_evidence e = {};

	if (seen) {
		e = seen->e;
	} else {
		e.path = RW_PATH_CLOSE;
		read_shown(&e, sk, tp,
			   second ? RW_TCP_CLOSE_WAIT : RW_TCP_ESTABLISHED,
			   flags);
		read_send_queue(&e, tp, e.state, false);
	}
	e.flags |= RW_F_ACTOR;
	e.kind = RW_KIND_FIN;
	e.order = second ? RW_ORDER_SECOND : RW_ORDER_FIRST;
	e.path |= RW_PATH_SEND_FIN;
	/* with TCP_LINGER2 below zero close() may reset what the FIN began */
	if (seen && e.flags & RW_F_WILL_WAIT && config.has_exit_hook &&
	    !(e.flags & RW_F_LINGER2_NEG)) {
		seen->e = e;
		return 0;
	}
	emit(ctx, &e, s);
	if (seen && e.path & RW_PATH_SHUTDOWN)
		drop_context(seen);
	return 0;
}

/*
 * Called from close() and shutdown() alone (tcp_close_state() said so). The
 * state has moved on by then: FIN_WAIT1 when we are first, LAST_ACK when the
 * peer was. To close an MPTCP socket its subflows are shut down.
 */
HOOK(tcp_send_fin, struct sock *sk)
{
	struct rw_context *seen = NULL;
	struct tcp_sock *tp = TCP_SK(sk);
	struct rw_subject s;
	unsigned long flags;
	bool second, gone;

	if (!tp)
		return 0;
	sk = SOCK(sk);
	second = sk_state(sk) == RW_TCP_LAST_ACK;
	flags = LOAD(sk, __sk_common.skc_flags);
	subject_of(&s, sk, tp);
	s.owner_source = RW_OWNER_CLOSE;
	if (!second)
		remember_end(&s, true);
	/* of a close() that does not linger there is nothing else to know */
	gone = file_gone(sk) || is_let_go(sk, tp);
	if (SK_FLAG(flags, SOCK_LINGER) || !gone)
		seen = own_context(sk, gone ? RW_PATH_CLOSE
					    : RW_PATH_CLOSE | RW_PATH_SHUTDOWN);
	return fin_sent(ctx, sk, tp, &s, seen, second, flags);
}

/*
 * tcp_disconnect(): SO_LINGER {1,0}, connect(AF_UNSPEC), a listener's children
 */

/* A listener is closed, shut down or destroyed by this task. */
HOOK(inet_csk_listen_stop, struct sock *sk)
{
	bool abort;

	sk = SOCK(sk);
	abort = own_context(sk, RW_PATH_ABORT);
	keep_path(sk, abort ? RW_PATH_LISTEN_STOP | RW_PATH_ABORT
			    : RW_PATH_LISTEN_STOP);
	return 0;
}

/*
 * A listener forgets a child it never handed out. Mostly because it is being
 * closed; also from softirq when it closed while the handshake ended.
 */
HOOK(inet_child_forget, struct sock *sk, struct request_sock *req,
     struct sock *child)
{
	struct rw_context *parent = own_context(SOCK(sk), RW_PATH_LISTEN_STOP);
	__u32 path = parent ? parent->e.path : 0;
	struct tcp_sock *tp = TCP_SK(child);
	struct rw_context *c;
	struct rw_subject s;

	if (!tp)
		return 0;
	child = SOCK(child);
	if (sk_state(child) == RW_TCP_CLOSE)
		return 0; /* the peer has reset it */
	subject_of(&s, child, tp);
	c = take_context(&s, false);
	if (!c)
		return 0;
	begin(&c->e, child, tp,
	      RW_PATH_CHILD_FORGET | (path & RW_PATH_LISTEN_STOP));
	if (path)
		c->e.flags |= RW_F_ACTOR;
	if (path & RW_PATH_ABORT)
		c->e.flags |= RW_F_OUTSIDER;
	return 0;
}

/* shutdown() of a connection attempt goes through tcp_disconnect(). */
HOOK(inet_shutdown, struct socket *sock, int how)
{
	struct socket *socket = TYPED(struct socket, sock);
	struct sock *sk = LOAD(socket, sk);

	if (sk_state(sk) == RW_TCP_SYN_SENT)
		keep_path(sk, RW_PATH_INET_SHUTDOWN);
	return 0;
}

HOOK(tcp_disconnect, struct sock *sk, int flags)
{
	struct rw_context *c;
	struct tcp_sock *tp;
	struct rw_subject s;
	__u32 path = 0;
	__u8 state;

	tp = TCP_SK(sk);
	if (!tp)
		return 0;
	sk = SOCK(sk);
	c = own_context(sk, RW_PATH_CLOSE | RW_PATH_CHILD_FORGET |
				    RW_PATH_INET_SHUTDOWN);
	if (c)
		path = c->e.path;
	if (c && path & RW_PATH_CLOSE && disconnect_resets(&c->e, tp)) {
		c->e.path |= RW_PATH_DISCONNECT;
		return 0; /* close() has remembered this end */
	}
	state = sk_state(sk);
	if (state == RW_TCP_CLOSE || state == RW_TCP_LISTEN)
		return 0;
	subject_of(&s, sk, tp);
	if (!c || path & RW_PATH_INET_SHUTDOWN) {
		c = take_context(&s, false);
		if (!c)
			return 0;
		begin(&c->e, sk, tp,
		      RW_PATH_DISCONNECT | (path & RW_PATH_INET_SHUTDOWN));
		if (!(c->e.flags & RW_F_NEVER_ACCEPTED))
			c->e.flags |= RW_F_ACTOR;
	} else {
		c->e.path |= RW_PATH_DISCONNECT;
	}
	remember_end(&s, c->e.flags & RW_F_ACTOR);
	if (disconnect_resets(&c->e, tp))
		return 0;
	c->e.kind = RW_KIND_SILENT;
	if (c->e.flags & RW_F_ACTOR)
		s.owner_source = RW_OWNER_CLOSE;
	emit(ctx, &c->e, &s);
	drop_context(c);
	return 0;
}

/*
 * The act itself
 */

/* SOCK_DESTROY and bpf_sock_destroy(). @sk may be a request or a minisock. */
HOOK(tcp_abort, struct sock *sk, int err)
{
	keep_path(SOCK(sk), RW_PATH_ABORT);
	return 0;
}

HOOK(mptcp_subflow_reset, struct sock *sk)
{
	keep_path(SOCK(sk), RW_PATH_MPTCP_SUBFLOW);
	return 0;
}

/* Whose socket: the actor's own, unless the actor is an outsider. */
static __always_inline __u8 owner_of_reset(const struct rw_evidence *e)
{
	if (!(e->flags & RW_F_ACTOR) || e->flags & RW_F_OUTSIDER)
		return RW_OWNER_NONE;
	return e->path & RW_PATH_CLOSE || e->path & RW_PATH_CHILD_FORGET
		       ? RW_OWNER_CLOSE
		       : RW_OWNER_CONNECT;
}

/* A live socket is reset: by a timer, by SOCK_DESTROY, by MPTCP. */
static __always_inline void begin_live_reset(struct rw_evidence *e,
					     const struct sock *sk,
					     const struct tcp_sock *tp,
					     __u32 marks)
{
	begin(e, sk, tp, marks & (RW_PATH_ABORT | RW_PATH_MPTCP_SUBFLOW));
	if (marks & RW_PATH_ABORT)
		e->flags |= RW_F_OUTSIDER;
	if (marks & RW_PATH_ABORT ||
	    (e->flags & RW_F_MPTCP && e->flags & RW_F_LOCK_OWNED &&
	     !is_deputy()))
		e->flags |= RW_F_ACTOR;
}

static __always_inline int active_reset(void *ctx, struct sock *sk,
					__s32 reason)
{
	struct tcp_sock *tp = TCP_SK(sk);
	struct rw_context *c;
	struct rw_subject s;
	__u32 marks, cause, end = NOT_REMEMBERED;
	__u8 state;
	bool live;

	if (!tp)
		return 0;
	sk = SOCK(sk);
	state = sk_state(sk);
	live = state != RW_TCP_CLOSE;
	c = own_context(sk, ~0u);
	marks = c ? c->e.path : 0;
	if (!live && c && marks & (RW_PATH_CLOSE | RW_PATH_DISCONNECT)) {
		subject_of_call(&s, sk, c);
	} else {
		subject_of(&s, sk, tp);
		c = take_context(&s, false);
		if (!c)
			return 0;
		if (live) {
			begin_live_reset(&c->e, sk, tp, marks);
		} else {
			begin_orphan(&c->e, sk, tp);
			if (!(c->e.flags & RW_F_DEAD)) {
				c->e.path =
					0; /* a hook was missed: it may be any */
				c->e.flags |= RW_F_INFERRED;
			}
		}
	}
	finish_reset(&c->e, sk, tp, state);
	if (config.reason_arg_active >= 0)
		set_reason(&c->e, reason);
	c->e.path |= RW_PATH_ACTIVE_RESET;
	s.owner_source = owner_of_reset(&c->e);
	cause = emit(ctx, &c->e, &s);
	if (live) {
		if (!(c->e.flags &
		      RW_F_DEAD)) /* else its close() was remembered */
			end = remember_end(&s, false);
		told(&s, s.hash, &c->e, cause, end, 0);
	}
	drop_context(c);
	return 0;
}

/*
 * Three signatures are in use and changed inside stable series; which argument
 * is the reason comes from BTF.
 */
#ifdef RW_FENTRY
SEC("fentry/tcp_send_active_reset")
int BPF_PROG(on_tcp_send_active_reset, struct sock *sk)
{
	__s32 reason = 0;

	if (config.reason_arg_active == 1)
		reason = (__s32)ARGUMENT(ctx, 1);
	else if (config.reason_arg_active == 2)
		reason = (__s32)ARGUMENT(ctx, 2);
	return active_reset(ctx, sk, reason);
}
#else
HOOK(tcp_send_active_reset, struct sock *sk, __u64 second, __u64 third)
{
	return active_reset(ctx, sk,
			    config.reason_arg_active == 1 ? second : third);
}
#endif

#endif
