/* SPDX-License-Identifier: GPL-2.0 */
/* The steps that hooks share: a teardown begins, a reset goes out. */
#ifndef RSTWATCH_TEARDOWN_H
#define RSTWATCH_TEARDOWN_H

#include "bpf/emit.h"

/* States that tcp_close_state() leaves by sending a FIN. */
#define FIN_TO_COME                                             \
	(RW_BIT(RW_TCP_ESTABLISHED) | RW_BIT(RW_TCP_SYN_RECV) | \
	 RW_BIT(RW_TCP_CLOSE_WAIT))

/*
 * The kernel's socket cookie if somebody asked for one before. Else one made
 * of the hash of the addresses, which stays for the life of the connection; it
 * lies above 2^48, where no real cookie will be for long.
 */
static __always_inline __u64 make_cookie(__u64 cookie, __u32 hash, __u16 rport)
{
	return cookie ? cookie : 1ULL << 48 | (__u64)hash << 16 | rport;
}

static __always_inline __u64 sk_cookie(const struct sock *sk)
{
	return make_cookie(LOAD(sk, __sk_common.skc_cookie.counter),
			   sk_hash(sk),
			   bpf_ntohs(LOAD(sk, __sk_common.skc_dport)));
}

static __always_inline __u64 sk_cgroup(const struct sock *sk)
{
	return config.identity ? sk_cgroup_id(sk) : 0;
}

/* @c: of @sk, just read */
static __always_inline void subject_from(struct rw_subject *s,
					 const struct sock *sk,
					 const struct rw_common *c,
					 const struct tcp_sock *tp)
{
	const struct net *net = COMMON(c, skc_net.net);

	s->family = read_tuple(&s->tuple, c, net, tp);
	s->ktime_ns = bpf_ktime_get_ns();
	s->sk = s->home = sk_key(sk);
	s->hash = COMMON(c, skc_hash);
	s->cgroup = sk_cgroup(sk);
	s->net = 0;
#ifdef RW_TYPED
	s->typed_net = net;
#endif
	s->owner_source = RW_OWNER_NONE;
	s->cookie = make_cookie(COMMON(c, skc_cookie.counter), s->hash,
				REST_OF(FIRST_OF(s->tuple.tail, 32), 16));
	in_memory(s);
}

/* A FIN that nobody asked to see: whose it was is all there is to know. */
static __always_inline int fin_unseen(const struct sock *sk,
				      const struct rw_common *c)
{
	struct rw_ended *end;
	__u32 where;

	end = take_end(bpf_ktime_get_ns(), &where);
	if (!end)
		return 0;
	read_open_tuple(&end->tuple, c, COMMON(c, skc_net.net));
	end_of(end, (__u64)sk, COMMON(c, skc_hash), sk_cgroup(sk));
	read_actor(&end->owner);
	show_end(end, where);
	return 0;
}

static __always_inline void subject_of(struct rw_subject *s,
				       const struct sock *sk,
				       const struct tcp_sock *tp)
{
	struct rw_common c;

	read_common(&c, sk);
	subject_from(s, sk, &c, tp);
}

/* Of a connection as it was kept. @now: CLOCK_MONOTONIC */
static __always_inline void
subject_kept(struct rw_subject *s, const struct rw_connection *of, __u64 now)
{
	s->ktime_ns = now;
	s->sk = s->home = of->sk;
	s->hash = of->hash;
	s->cookie = of->cookie;
	s->cgroup = of->cgroup;
	s->tuple = of->tuple;
	s->family = of->family;
	s->net = 0;
#ifdef RW_TYPED
	s->typed_net = NULL;
#endif
	s->owner_source = RW_OWNER_NONE;
}

/* As it was when the call began: a moment ago, unless SO_LINGER makes it wait. */
static __always_inline void subject_of_call(struct rw_subject *s,
					    const struct sock *sk,
					    const struct rw_context *c)
{
	bool waited = c->e.flags & RW_F_LINGER && c->e.linger;

	subject_kept(s, &c->of, waited ? bpf_ktime_get_ns() : c->ktime_ns);
#ifdef RW_TYPED
	s->typed_net = LOAD(sk, __sk_common.skc_net.net);
#endif
}

/*
 * What is shown of a full socket that something happens to now. @state, @flags:
 * skc_state and skc_flags, just read
 */
static __always_inline void look(struct rw_evidence *e, const struct sock *sk,
				 const struct tcp_sock *tp, __u32 path,
				 __u8 state, unsigned long flags)
{
	e->path = path;
	read_shown(e, sk, tp, state, flags);
	read_send_queue(e, tp, state, FIN_QUEUED & RW_BIT(state));
	note_now(e, sk, state, flags);
}

/* Take the evidence of a teardown that begins now, on a full socket. */
static __always_inline void begin(struct rw_evidence *e, const struct sock *sk,
				  const struct tcp_sock *tp, __u32 path)
{
	unsigned long flags = LOAD(sk, __sk_common.skc_flags);

	look(e, sk, tp, path, sk_state(sk), flags);
	read_deciding(e, sk, tp, flags);
	read_retries(e, sk, tp, flags);
}

/* tcp_need_reset(), and the second condition beside it in tcp_disconnect() */
static __always_inline bool disconnect_resets(const struct rw_evidence *e,
					      const struct tcp_sock *tp)
{
	const __u32 always = RW_BIT(RW_TCP_ESTABLISHED) |
			     RW_BIT(RW_TCP_CLOSE_WAIT) |
			     RW_BIT(RW_TCP_FIN_WAIT1) |
			     RW_BIT(RW_TCP_FIN_WAIT2) | RW_BIT(RW_TCP_SYN_RECV);
	const __u32 unsent = RW_BIT(RW_TCP_CLOSING) | RW_BIT(RW_TCP_LAST_ACK);

	if (e->flags & RW_F_REPAIR)
		return false;
	if (always & RW_BIT(e->state))
		return true;
	return unsent & RW_BIT(e->state) &&
	       LOAD(tp, snd_nxt) != LOAD(tp, write_seq);
}

/*
 * An orphan is given up inside close() after it left no context: where it
 * stood before follows from whether the peer's FIN had come.
 */
static __always_inline void begin_orphan(struct rw_evidence *e,
					 const struct sock *sk,
					 const struct tcp_sock *tp)
{
	begin(e, sk, tp, RW_PATH_CLOSE);
	e->state = e->flags & RW_F_PEER_FIN ? RW_TCP_CLOSE_WAIT
					    : RW_TCP_ESTABLISHED;
	read_send_queue(e, tp, e->state, true);
	e->flags |= RW_F_ACTOR;
}

/*
 * What has changed since the teardown began, at the moment of the reset. @state:
 * skc_state, just read
 */
static __always_inline void finish_reset(struct rw_evidence *e,
					 const struct sock *sk,
					 const struct tcp_sock *tp, __u8 state)
{
	e->kind = RW_KIND_RST_ACTIVE;
	note_now(e, sk, state, LOAD(sk, __sk_common.skc_flags));
	if (LOAD(tp, snd_una) == LOAD(tp, write_seq))
		e->flags |= RW_F_FIN_ACKED;
	else
		e->flags &= ~RW_F_FIN_ACKED;
	if (e->flags & RW_F_MPTCP &&
	    rw_seen(e) & (RW_PATH_CLOSE | RW_PATH_DISCONNECT) &&
	    !sends_fastclose(tp))
		e->flags &= ~RW_F_MPTCP;
}

#endif
