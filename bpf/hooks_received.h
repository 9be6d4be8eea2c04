/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSTs that arrive, for a connection or for a request. Here the kernel
 * acts by itself: there is no actor, whoever is current.
 */
#ifndef RSTWATCH_HOOKS_RECEIVED_H
#define RSTWATCH_HOOKS_RECEIVED_H

#include "bpf/hooks_answer.h"
#include "bpf/received.h"

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

#ifndef RW_TRACEPOINT

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
/* Without a reason (before 6.10) each has to be kept. */
static RARELY int keep_request(unsigned long long *args)
{
	struct sk_buff *skb = (struct sk_buff *)args[1];

	keep_checked(skb);
	return skb_tcp_flags(skb) & RW_TH_RST ? request_reset_by(args) : 0;
}

SEC("fentry/tcp_check_req")
int on_tcp_check_req(unsigned long long *args)
{
	struct sk_buff *skb = (struct sk_buff *)args[1];

	if (config.reason_arg_answer < 0)
		return keep_request(args);
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

#endif

#endif
