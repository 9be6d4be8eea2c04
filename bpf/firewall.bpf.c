// SPDX-License-Identifier: GPL-2.0
/*
 * A firewall rule on this host rejects a segment with a RST. Netfilter builds
 * it outside TCP and sends it with ip_local_out() (nf_send_reset(),
 * net/ipv4/netfilter/nf_reject_ipv4.c) or on the wire itself (the netdev and
 * bridge families): no TCP counter moves, so Tcp:OutRsts does not count these,
 * and no TCP tracepoint fires. The sum of all events "rst sent" but for the
 * cause firewall is what equals OutRsts.
 *
 * The functions are in modules that may be loaded long after rstwatch: this is
 * an object of its own, loaded when they are there, which writes into the maps
 * of the first. Compiled twice, for trampolines (RW_FENTRY_ATTACH) and kprobes;
 * reads are probed in both, because nothing here runs for a connection that is
 * not rejected.
 */
#define RW_KPROBE
#include "bpf/packet.h"
#include "bpf/teardown.h"

#ifdef RW_FENTRY_ATTACH
#define NF_HOOK(fn, args...) SEC("fentry/" #fn) int BPF_PROG(on_##fn, ##args)
#else
#define NF_HOOK(fn, args...) SEC("kprobe/" #fn) int BPF_KPROBE(on_##fn, ##args)
#endif

/* enum nf_inet_hooks: the segment was on its way out of this host. */
#define NF_LOCAL_OUT 3
#define NF_POST_ROUTING 4
#define NF_NO_POINTER 4096 /* a number of a hook, not an address */

/*
 * The socket the segment came from or, where early demux found it, was meant
 * for. A pending request, a minisock or the kernel's own control socket is not
 * what the segment belongs to.
 */
static __always_inline struct sock *socket_of(struct sk_buff *skb,
					      const struct rw_packet *p)
{
	struct sock *sk = PEEK(skb, sk);
	__be16 local, remote;
	__u8 state;

	if (!sk)
		return NULL;
	state = sk_state(sk);
	if (state == RW_TCP_TIME_WAIT || state == RW_TCP_NEW_SYN_RECV ||
	    state == RW_TCP_LISTEN || PEEK(sk, sk_protocol) != IPPROTO_TCP)
		return NULL;
	local = PEEK((struct inet_sock *)sk, inet_sport);
	remote = PEEK(sk, __sk_common.skc_dport);
	if ((local == p->sport && remote == p->dport) ||
	    (local == p->dport && remote == p->sport))
		return sk;
	return NULL;
}

/*
 * @hook: enum nf_inet_hooks. The event is told from the socket's side where a
 * socket of this host is known, else from the side in whose name the RST is
 * sent. There is no actor: whoever is current sent the segment or was
 * interrupted by it, the rule answered.
 */
static __always_inline int rejected(void *ctx, struct net *net,
				    struct sk_buff *skb, __u32 hook, __u32 path)
{
	struct rw_evidence e = {};
	struct rw_packet p = {};
	struct rw_subject s = {};
	struct tcp_sock *tp;
	struct sock *sk;

	if (!read_packet(&p, skb))
		return 0;
	s.ktime_ns = bpf_ktime_get_ns();
	sk = socket_of(skb, &p);
	if (sk) {
		tp = (struct tcp_sock *)sk;
		subject_of(&s, sk, tp);
		begin(&e, sk, tp, path);
	} else {
		s.family = p.version;
		if (hook == NF_LOCAL_OUT || hook == NF_POST_ROUTING)
			packet_tuple_of_sender(&s.tuple, &p);
		else
			packet_tuple(&s.tuple, &p);
		s.tuple.netns = PEEK(net, ns.inum);
	}
	e.path = path;
	e.kind = RW_KIND_RST_ANSWER;
	e.flags |= RW_F_TRIGGER;
	e.trigger = p.flags;
	e.trigger_payload = p.payload;
	forget(&e);
	emit(ctx, &e, &s);
	return 0;
}

/*
 * (net, sk, skb, hook) since 5.11 (ee6f05dcd672) and in stable kernels before;
 * (net, skb, hook) otherwise: the third is a number then.
 */
static __always_inline int rejected_by_ip(void *ctx, struct net *net,
					  __u64 second, __u64 third,
					  __u64 fourth, __u32 path)
{
	if (third < NF_NO_POINTER)
		return rejected(ctx, net, (struct sk_buff *)second, third,
				path);
	return rejected(ctx, net, (struct sk_buff *)third, fourth, path);
}

NF_HOOK(nf_send_reset, struct net *net, __u64 second, __u64 third, __u64 fourth)
{
	return rejected_by_ip(ctx, net, second, third, fourth, RW_PATH_NF_V4);
}

NF_HOOK(nf_send_reset6, struct net *net, __u64 second, __u64 third,
	__u64 fourth)
{
	return rejected_by_ip(ctx, net, second, third, fourth, RW_PATH_NF_V6);
}

/* Tables of the families netdev and bridge. Returns the RST as a new skb. */
NF_HOOK(nf_reject_skb_v4_tcp_reset, struct net *net, struct sk_buff *skb)
{
	return rejected(ctx, net, skb, 0, RW_PATH_NF_SKB_V4);
}

NF_HOOK(nf_reject_skb_v6_tcp_reset, struct net *net, struct sk_buff *skb)
{
	return rejected(ctx, net, skb, 0, RW_PATH_NF_SKB_V6);
}

char LICENSE[] SEC("license") = "GPL";
