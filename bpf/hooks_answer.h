/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks on what the network does to a connection: segments that are answered
 * by a RST, RSTs that arrive, and ends that no segment tells of. Here the
 * kernel acts by itself: there is no actor, whoever is current.
 */
#ifndef RSTWATCH_HOOKS_ANSWER_H
#define RSTWATCH_HOOKS_ANSWER_H

#include "bpf/received.h"
#include "bpf/teardown.h"

/* The request segment tcp_check_req() is looking at on this CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} checked_skb SEC(".maps");

/* Which segment: the memory of an skb is used again at once. */
static __always_inline __u64 segment_id(struct sk_buff *skb)
{
	return (__u64)skb + PEEK(skb_cb(skb), seq);
}

#ifndef RW_TRACEPOINT
static RARELY int keep_checked(struct sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *seen = bpf_map_lookup_elem(&checked_skb, &zero);

	if (seen)
		*seen = segment_id(skb);
	return 0;
}
#endif

/*
 * tcp_check_req() and tcp_v4_do_rcv() both answer for a listener. Since 6.10
 * the kernel's reason tells which; before that, whether tcp_check_req() has just
 * looked at this very segment, and resets for such a one: it may have handed it
 * back, and a later segment of the same connection may lie in the same memory.
 */
static __always_inline bool in_check_req(const struct rw_evidence *e,
					 struct sock *sk, struct sk_buff *skb)
{
	struct net *net = PEEK(sk, __sk_common.skc_net.net);
	__u32 zero = 0;
	__u64 *seen;

	if (e->flags & RW_F_REASON)
		return e->reason == RW_REASON_INVALID_SYN;
	if (!(e->trigger & RW_TH_SYN) &&
	    !PEEK(net, ipv4.sysctl_tcp_abort_on_overflow))
		return false;
	seen = bpf_map_lookup_elem(&checked_skb, &zero);
	return seen && *seen == segment_id(skb);
}

/*
 * Before 6.10 there is no reason, and without a hook on tcp_check_req() the
 * facts it acts on have to do: a full queue and tcp_abort_on_overflow.
 */
static __always_inline void read_listener(struct rw_evidence *e,
					  struct sock *sk)
{
	struct net *net = PEEK(sk, __sk_common.skc_net.net);
	struct tcp_sock *tp = TCP_SK(sk);

	if (tp && is_mptcp(tp))
		e->flags |= RW_F_MPTCP;
	if (PEEK(sk, sk_ack_backlog) > PEEK(sk, sk_max_ack_backlog))
		e->flags |= RW_F_QUEUE_FULL;
#ifdef RW_TRACEPOINT
	if (!(e->flags & RW_F_REASON) && e->flags & RW_F_QUEUE_FULL &&
	    PEEK(net, ipv4.sysctl_tcp_abort_on_overflow) &&
	    !(e->trigger & RW_TH_SYN)) {
		e->deduced = RW_PATH_CHECK_REQ;
		e->state = RW_TCP_SYN_RECV;
		e->flags |= RW_F_INFERRED;
	}
#else
	(void)net;
#endif
}

/* The state an ended socket was in before this segment ended it. */
static __always_inline __u8 state_before_answer(struct rw_evidence *e,
						const struct sock *sk)
{
	struct rw_death *d = find_death(sk);

	if (!d || !d->reset_state)
		return RW_TCP_FIN_WAIT1;
	e->path |= RW_PATH_RECEIVED;
	return d->reset_state;
}

/* Neither a request nor a time-wait minisock: they are smaller structures. */
static __always_inline bool is_full(struct sock *sk)
{
	__u8 state = sk_state(sk);

	return state != RW_TCP_TIME_WAIT && state != RW_TCP_NEW_SYN_RECV;
}

/* The full socket whose cgroup counts: a request will be where its listener is */
static __always_inline __u64 home_of(struct sock *sk)
{
	if (is_full(sk))
		return sk_key(sk);
	return sk_state(sk) == RW_TCP_NEW_SYN_RECV
		       ? (__u64)PEEK(sk, __sk_common.skc_listener)
		       : 0;
}

static __always_inline void read_answering(struct rw_evidence *e,
					   struct sock *sk, struct sk_buff *skb)
{
	__u8 state = sk_state(sk);
	struct tcp_sock *tp;

	e->flags |= RW_F_SK;
	e->state_now = state;
	if (state == RW_TCP_TIME_WAIT) {
		/* only one that stands for FIN_WAIT2 ever answers by a RST */
		e->flags |= RW_F_TW;
		e->state = RW_TCP_FIN_WAIT2;
		return;
	}
	if (state == RW_TCP_NEW_SYN_RECV) {
		e->state = RW_TCP_SYN_RECV;
		return;
	}
	read_now(e, sk);
	if (state == RW_TCP_LISTEN) {
		e->state = state;
		read_listener(e, sk);
		if (in_check_req(e, sk, skb)) {
			e->path |= RW_PATH_CHECK_REQ;
			e->state = RW_TCP_SYN_RECV;
		}
		return;
	}
	e->state = state;
	if (state == RW_TCP_CLOSE)
		e->state = state_before_answer(e, sk);
	tp = TCP_SK(sk);
	if (!tp)
		return;
	if ((int)LOAD(tp, linger2) < 0)
		e->flags |= RW_F_LINGER2_NEG;
	e->retransmits = LOAD(tp, total_retrans);
}

/*
 * The socket answers: so it was no RST that ended it a moment ago, but the
 * segment that is answered. What was told of that end is taken back.
 */
static __always_inline void retract(const struct rw_death *d,
				    const struct rw_subject *answer)
{
	struct rw_evidence e = {};
	struct rw_subject s = *answer;

	if (!d->held_ns)
		return;
	e.kind = RW_KIND_RETRACT;
	s.ktime_ns = d->held_ns;
	amend(&e, &s, 1ULL << RW_CAUSE_RESET_AFTER_FIN, NULL);
}

/* Our FIN was told as the first; now the peer's turns out to have crossed it. */
static RARELY int fins_crossed(struct sock *sk)
{
	struct tcp_sock *tp = TCP_SK(sk);
	struct rw_evidence e = {};
	struct rw_subject s;

	if (!tp)
		return 0;
	subject_of(&s, sk, tp);
	e.kind = RW_KIND_ORDER;
	e.order = RW_ORDER_SIMULTANEOUS;
	amend(&e, &s, 1ULL << RW_CAUSE_CLOSE | 1ULL << RW_CAUSE_SHUTDOWN, NULL);
	return 0;
}

/*
 * The kernel gave this connection up, or a RST ended it that the peer need not
 * have sent: what the peer sends yet is answered for who closes now.
 */
static __always_inline void name_end(const struct rw_death *d,
				     struct task_struct *closer)
{
	struct rw_ended *end = remembered(d->end, d->of.sk, d->of.hash);

	if (end && !end->owner.pid)
		read_task_of(&end->owner, closer);
}

/*
 * The connection was ended by the kernel or the peer, and reported before its
 * owner was known; who closes the dead socket is the owner. Return: was it told?
 */
static __always_inline bool name_owner(const struct sock *sk)
{
	struct rw_death *d = find_death(sk);
	struct rw_evidence e = {};
	struct task_struct *closer;
	struct rw_subject s;

	if (!d)
		return false;
	if (d->reset_state) /* an answer is to come */
		return true;
	closer = current_task();
	if (d->await_owner && !works_for_kernel(closer)) {
		subject_kept(&s, &d->of, bpf_ktime_get_ns());
		in_memory(&s);
		s.owner_source = RW_OWNER_CLOSE;
		e.kind = RW_KIND_OWNER;
		amend(&e, &s, 1ULL << d->cause, closer);
		name_end(d, closer);
	}
	drop_death(d, sk_key(sk));
	return true;
}

/*
 * An end was told, as @cause, while somebody may still hold the socket. @hash:
 * skc_hash; @end: from remember_end()
 */
static __always_inline void told(const struct rw_subject *s, __u32 hash,
				 const struct rw_evidence *e, __u32 cause,
				 __u32 end, __u8 reset_state)
{
	struct rw_death *d = keep_death(s->sk, hash);

	if (!d)
		return;
	d->held_ns = reset_state ? s->ktime_ns : 0;
	d->end = end;
	d->cause = cause;
	d->told = 1;
	d->await_owner = !(e->flags & (RW_F_DEAD | RW_F_ACTOR));
	d->reset_state = reset_state;
	keep_connection(&d->of, s);
}

/*
 * A segment is answered. On kernels whose tracepoint tells of a RST really
 * sent the callers are the same; here the early returns are asked again.
 */
static __always_inline int answer(void *ctx, struct sock *sk,
				  struct sk_buff *skb, __u32 path, __s32 reason)
{
	struct rw_evidence e = {};
	struct rw_subject s = {};
	struct rw_death *death;
	struct net *net;
	__u32 cause;

	skb = SEGMENT(skb);
	if (sk)
		sk = SOCK(sk);
	s.ktime_ns = bpf_ktime_get_ns();
	read_trigger(&e, skb);
	if (e.trigger & RW_TH_RST)
		return 0;
	s.family = read_packet_tuple(&s.tuple, skb);
	if (!s.family || (!sk && !is_for_us(skb, s.family)))
		return 0;
	e.kind = RW_KIND_RST_ANSWER;
	e.path = path;
	if (config.reason_arg_answer >= 0)
		set_reason(&e, reason);
	if (sk) {
		s.tuple.netns = PEEK(sk, __sk_common.skc_net.net, ns.inum);
		s.sk = sk_key(sk);
		s.home = home_of(sk);
		if (config.identity)
			s.cgroup = peek_cgroup_id(s.home);
		s.cookie = sk_cookie(sk);
		read_answering(&e, sk, skb);
	} else {
		net = PEEK(skb_dst(skb), dev, nd_net.net);
		s.tuple.netns = PEEK(net, ns.inum);
		s.net = (__u64)net;
	}
	forget(&e);
	cause = emit(ctx, &e, &s);
	if (!sk || e.state_now != RW_TCP_CLOSE)
		return 0;
	death = find_death(sk);
	if (death)
		retract(death, &s);
	if (!(e.flags & RW_F_DEAD))
		told(&s, sk_hash(sk), &e, cause,
		     death ? death->end : NOT_REMEMBERED, 0);
	else if (death)
		drop_death(death, s.sk);
	return 0;
}

/*
 * A RST arrived for a socket. What it had in flight is the data that is lost.
 * A RST for a socket that is CLOSE already changes nothing (tcp_reset()).
 * @skb: the segment, NULL where it is not known
 */
static __always_inline int received(void *ctx, struct sock *sk,
				    struct sk_buff *skb, __u32 extra_flags)
{
	struct rw_evidence e = {};
	struct tcp_sock *tp = TCP_SK(sk);
	__u32 cause, end = NOT_REMEMBERED;
	struct rw_subject s;
	__u8 state;

	if (!tp)
		return 0;
	state = sk_state(sk);
	if (state == RW_TCP_CLOSE)
		return 0;
	subject_of(&s, sk, tp);
	/* the state decides which it is, nothing else */
	look(&e, sk, tp, RW_PATH_RECEIVED, state,
	     LOAD(sk, __sk_common.skc_flags));
	e.kind = RW_KIND_RST_RECEIVED;
	e.flags |= extra_flags;
	if (skb) {
		read_rst(&e, skb);
		read_rst_expected(&e, tp);
		if (config.ttl)
			e.hops_established = established_hops(s.sk, s.hash);
	}
	forget(&e);
	cause = emit(ctx, &e, &s);
	if (!(e.flags & RW_F_DEAD)) /* else its close() was remembered */
		end = remember_end(&s, false);
	told(&s, s.hash, &e, cause, end, extra_flags & RW_F_HELD ? e.state : 0);
	return 0;
}

/*
 * Not a RST: tcp_rcv_state_process() resets the socket because data came for
 * which there is no reader any more, and answers in a moment.
 */
static __always_inline int reset_itself(struct sock *sk)
{
	struct rw_death *d = keep_death(sk_key(sk), sk_hash(sk));

	if (!d)
		return 0;
	d->held_ns = 0;
	d->end = NOT_REMEMBERED;
	d->told = d->await_owner = 0;
	d->reset_state = sk_state(sk);
	return 0;
}

/* Can this socket, in this state, have reset itself? */
static __always_inline bool may_reset_itself(const struct sock *sk)
{
	__u8 state = sk_state(sk);

	return (state == RW_TCP_FIN_WAIT1 || state == RW_TCP_FIN_WAIT2) &&
	       LOAD(sk, sk_shutdown) & RCV_SHUTDOWN;
}

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

#ifdef RW_FENTRY
#define ANSWER_HOOK(fn, path)                                       \
	SEC("fentry/" #fn)                                          \
	int BPF_PROG(on_##fn, struct sock *sk, struct sk_buff *skb) \
	{                                                           \
		__s32 reason = 0;                                   \
                                                                    \
		if (config.reason_arg_answer == 2)                  \
			reason = (__s32)ARGUMENT(ctx, 2);           \
		return answer(ctx, sk, skb, path, reason);          \
	}
#else
#define ANSWER_HOOK(fn, path)                                        \
	HOOK(fn, struct sock *sk, struct sk_buff *skb, __u64 reason) \
	{                                                            \
		return answer(ctx, sk, skb, path, reason);           \
	}
#endif

ANSWER_HOOK(tcp_v4_send_reset, RW_PATH_V4_RESET)
ANSWER_HOOK(tcp_v6_send_reset, RW_PATH_V6_RESET)

/* Before 5.11 (049fe386d353) tcp_reset() does not say which segment it was. */
static __always_inline int reset_by(void *ctx, struct sock *sk,
				    struct sk_buff *skb)
{
	sk = SOCK(sk);
	if (!skb)
		return received(ctx, sk, NULL,
				may_reset_itself(sk) ? RW_F_HELD : 0);
	skb = SEGMENT(skb);
	if (!(skb_tcp_flags(skb) & RW_TH_RST))
		return reset_itself(sk);
	return received(ctx, sk, skb, 0);
}

#ifdef RW_FENTRY
SEC("fentry/tcp_reset")
int BPF_PROG(on_tcp_reset, struct sock *sk)
{
	struct sk_buff *skb = NULL;

	if (config.reset_has_skb)
		skb = (struct sk_buff *)ARGUMENT(ctx, 1);
	return reset_by(ctx, sk, skb);
}
#else
HOOK(tcp_reset, struct sock *sk, struct sk_buff *skb)
{
	return reset_by(ctx, sk, config.reset_has_skb ? skb : NULL);
}
#endif

/* A RST within the window of a request ends it (RFC 793, page 69). */
static __always_inline bool in_window(struct request_sock *req,
				      struct sk_buff *skb)
{
	__u32 seq = PEEK(skb_cb(skb), seq);
	__u32 nxt = PEEK((struct tcp_request_sock *)req, rcv_nxt);

	return seq - nxt <= PEEK(req, __req_common.skc_rcv_wnd);
}

static __always_inline int request_reset(void *ctx, struct sock *sk,
					 struct sk_buff *skb,
					 struct request_sock *req)
{
	struct rw_evidence e = {};
	struct rw_subject s = {};

	if (!in_window(req, skb))
		return 0;
	s.ktime_ns = bpf_ktime_get_ns();
	s.family = read_packet_tuple(&s.tuple, skb);
	s.net = address(LOAD(sk, __sk_common.skc_net.net));
	s.tuple.netns = sk_netns(sk);
	s.home = address(sk);
	if (config.identity)
		s.cgroup = peek_cgroup_id(s.home);
	e.kind = RW_KIND_RST_RECEIVED;
	e.path = RW_PATH_CHECK_REQ;
	e.flags = RW_F_SK;
	e.state = e.state_now = RW_TCP_SYN_RECV;
	read_rst(&e, skb);
	if (PEEK_BITS((struct inet_request_sock *)req, tstamp_ok))
		e.rst_shape |= RW_RST_TIMESTAMPS_AGREED;
	forget(&e);
	emit(ctx, &e, &s);
	return 0;
}

/* @args: sk, skb, req; read where they are wanted */
static RARELY int request_reset_by(unsigned long long *args)
{
	return request_reset(args, SOCK((struct sock *)args[0]),
			     SEGMENT((struct sk_buff *)args[1]),
			     (struct request_sock *)args[2]);
}

#ifdef RW_FENTRY
SEC("fentry/tcp_check_req")
int on_tcp_check_req(unsigned long long *args)
{
	struct sk_buff *skb = (struct sk_buff *)args[1];

	if (config.reason_arg_answer < 0)
		keep_checked(skb);
	return skb_tcp_flags(skb) & RW_TH_RST ? request_reset_by(args) : 0;
}
#else
HOOK(tcp_check_req, struct sock *sk, struct sk_buff *skb,
     struct request_sock *req)
{
	skb = SEGMENT(skb);
	if (config.reason_arg_answer < 0)
		keep_checked(skb);
	return skb_tcp_flags(skb) & RW_TH_RST
		       ? request_reset(ctx, SOCK(sk), skb, req)
		       : 0;
}
#endif

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
