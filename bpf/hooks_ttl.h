/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attached with --ttl alone: hooks that are hit once a connection, for what can
 * be known of a received RST beside the RST itself.
 */
#ifndef RSTWATCH_HOOKS_TTL_H
#define RSTWATCH_HOOKS_TTL_H

#include "bpf/received.h"

/*
 * A connection is established: by the peer's SYN-ACK, or by the ACK that ends
 * the handshake. @skb is NULL under TCP_REPAIR.
 */
HOOK(tcp_init_transfer, struct sock *sk, int bpf_op, struct sk_buff *skb)
{
	__u64 key = sk_key(sk);
	struct rw_hops h = {};

	if (!skb)
		return 0;
	h.hash = sk_hash(SOCK(sk));
	h.hops = read_hops(SEGMENT(skb));
	bpf_map_update_elem(&hops, &key, &h, BPF_ANY);
	return 0;
}

/*
 * Does a RST end this minisock? As tcp_timewait_state_process() decides, except
 * that a RST with a timestamp that is too old (PAWS) is not told apart.
 */
static __always_inline bool ends_minisock(struct inet_timewait_sock *tw,
					  struct sk_buff *skb, bool fin_wait2)
{
	__u32 ahead =
		PEEK(skb_cb(skb), seq) - PEEK(tw, __tw_common.skc_tw_rcv_nxt);
	struct net *net = PEEK(tw, __tw_common.skc_net.net);

	if (fin_wait2)
		return ahead <=
		       PEEK((struct tcp_timewait_sock *)tw, tw_rcv_wnd);
	return !ahead && !PEEK(net, ipv4.sysctl_tcp_rfc1337);
}

/* A segment for a connection of which only a minisock is left. */
HOOK(tcp_timewait_state_process, struct inet_timewait_sock *tw,
     struct sk_buff *skb)
{
	struct rw_evidence e = { .flags = RW_F_SK | RW_F_TW };
	struct rw_subject s = {};
	struct rw_ended *end = NULL;
	bool fin_wait2;
	__u64 *count;
	__u32 which;

	skb = SEGMENT(skb);
	if (!(skb_tcp_flags(skb) & RW_TH_RST))
		return 0;
	fin_wait2 = PEEK(tw, tw_substate) == RW_TCP_FIN_WAIT2;
	if (!ends_minisock(tw, skb, fin_wait2))
		return 0;
	s.ktime_ns = bpf_ktime_get_ns();
	s.family = read_packet_tuple(&s.tuple, skb);
	s.tuple.netns = PEEK(tw, __tw_common.skc_net.net, ns.inum);
	if (!s.family || !tuple_passes(&s.tuple, s.family))
		return 0;
	if (config.cgroup || filters_tasks())
		end = find_end(&e, &s.tuple, s.sk, s.ktime_ns);
	if (!cgroup_passes(&s, end) ||
	    (filters_tasks() && !who_passes(&e, &s, end)))
		return 0;
	which = fin_wait2 ? RW_MINISOCK_FIN_WAIT2 : RW_MINISOCK_TIME_WAIT;
	count = bpf_map_lookup_elem(&minisocks, &which);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

#endif
