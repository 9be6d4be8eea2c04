/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Segments that are answered by a RST, with a socket or without. Here the kernel
 * acts by itself: there is no actor, whoever is current.
 */
#ifndef RSTWATCH_HOOKS_ANSWER_H
#define RSTWATCH_HOOKS_ANSWER_H

#include "bpf/told.h"

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

#endif

#endif
