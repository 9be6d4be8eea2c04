/* SPDX-License-Identifier: GPL-2.0 */
/* From kernel structures to struct rw_evidence. Reads only, decides nothing. */
#ifndef RSTWATCH_EVIDENCE_H
#define RSTWATCH_EVIDENCE_H

#include "bpf/flavour.h"
#include "bpf/maps.h"
#include "bpf/verdict.h"

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define RCV_SHUTDOWN 1 /* include/net/sock.h */
#define SEND_SHUTDOWN 2
#define PF_EXITING 0x00000004 /* include/linux/sched.h */
#define PF_KTHREAD 0x00200000
#define SIGKILL 9
#define RTN_LOCAL 2	     /* include/uapi/linux/rtnetlink.h */
#define RTF_LOCAL 0x80000000 /* include/uapi/linux/ipv6_route.h */

static __always_inline __u8 sk_state(const struct sock *sk)
{
	return LOAD(sk, __sk_common.skc_state);
}

/* @bit: as wide as the relocated number comes, or each use would cut it short */
static __always_inline bool sk_flag(unsigned long flags, __u64 bit)
{
	return flags & (1ULL << bit);
}

#define SK_FLAG(flags, name) \
	sk_flag(flags, bpf_core_enum_value(enum sock_flags, name))

static __always_inline __u32 sk_netns(const struct sock *sk)
{
	struct net *net = LOAD(sk, __sk_common.skc_net.net);

	return LOAD(net, ns.inum);
}

/*
 * The cgroup (v2) a full socket was made in; an accepted one has its
 * listener's. NULL: the root, which is also what sock_cgroup_ptr() says where
 * net_cls or net_prio took the place of the pointer (before 5.15).
 */
static __always_inline struct cgroup *peek_cgroup(const struct sock *sk)
{
	const struct sock___val *old = (const void *)sk;
	__u64 val;

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return PEEK(sk, sk_cgrp_data.cgroup);
	val = PEEK(old, sk_cgrp_data.val);
	return val & 3 ? NULL : (struct cgroup *)val;
}

/* Without CONFIG_SOCK_CGROUP_DATA a socket has none. */
static __always_inline bool has_cgroup(const struct sock *sk)
{
	const struct sock___val *old = (const void *)sk;

	return sk && (bpf_core_field_exists(sk->sk_cgrp_data.cgroup) ||
		      bpf_core_field_exists(old->sk_cgrp_data.val));
}

#define ROOT_CGROUP 1 /* the first number kernfs gives (kernfs_create_root()) */

/*
 * 0: not known. Global, so that its reads are not on the stack of who calls.
 * @socket: const struct sock *, a full one, or 0
 */
__noinline __u64 peek_cgroup_id(__u64 socket)
{
	const struct sock *sk = (const void *)socket;
	struct cgroup *cgroup;

	if (!has_cgroup(sk))
		return 0;
	cgroup = peek_cgroup(sk);
	return cgroup ? PEEK(cgroup, kn, id) : ROOT_CGROUP;
}

/* The same; @sk: typed where the flavour has types. */
static __always_inline __u64 sk_cgroup_id(const struct sock *sk)
{
#ifdef RW_TYPED
	if (sk && bpf_core_field_exists(sk->sk_cgrp_data.cgroup)) {
		struct cgroup *cgroup = sk->sk_cgrp_data.cgroup;

		return cgroup ? cgroup->kn->id : ROOT_CGROUP;
	}
#endif
	return peek_cgroup_id(address(sk));
}

/*
 * What lies first in a word, and the rest. Arithmetic, not a union: from that the
 * compiler makes halves of everything that is copied with it.
 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FIRST_OF(word, bits) ((word) & ((1ULL << (bits)) - 1))
#define REST_OF(word, bits) ((word) >> (bits))
#define FOLLOWED_BY(first, bits, rest) ((first) | (__u64)(rest) << (bits))
#else
#error "how the halves of a word lie in memory is known of little-endian alone"
#endif

/* Half of an IPv6 address: its words @i and @i + 1 */
#define COMMON_IN6(c, field, i) (*(__u64 *)&COMMON(c, field.in6_u.u6_addr32[i]))

/* @a: the halves of an IPv6 address, as they are in memory */
static __always_inline bool is_mapped(const __u64 *a)
{
	return !a[0] && FIRST_OF(a[1], 32) == bpf_htonl(0xffff);
}

/* Addresses as the socket names them. Return: 4 or 6, the family. */
static __always_inline __u8 read_addresses(struct rw_tuple *t,
					   const struct rw_common *c)
{
	__u64 *laddr = (__u64 *)t->laddr, *raddr = (__u64 *)t->raddr;
	__u64 pair;

	if (COMMON(c, skc_family) == AF_INET6) {
		laddr[0] = COMMON_IN6(c, skc_v6_rcv_saddr, 0);
		laddr[1] = COMMON_IN6(c, skc_v6_rcv_saddr, 2);
		raddr[0] = COMMON_IN6(c, skc_v6_daddr, 0);
		raddr[1] = COMMON_IN6(c, skc_v6_daddr, 2);
		if (!is_mapped(raddr))
			return 6;
	}
	pair = COMMON(c, skc_addrpair);
	raddr[0] = FIRST_OF(pair, 32);
	laddr[0] = REST_OF(pair, 32);
	raddr[1] = laddr[1] = 0;
	return 4;
}

/*
 * The connection as a socket names it that is bound, as every one is until it
 * is closed. @net: its netns. Return: 4 or 6, the family
 */
static __always_inline __u8 read_open_tuple(struct rw_tuple *t,
					    const struct rw_common *c,
					    const struct net *net)
{
	__u32 pair = COMMON(c, skc_portpair);
	__u32 ports = FOLLOWED_BY(REST_OF(pair, 16), 16,
				  bpf_ntohs(FIRST_OF(pair, 16)));

	t->tail = FOLLOWED_BY((__u64)ports, 32, LOAD(net, ns.inum));
	return read_addresses(t, c);
}

/*
 * The same of any socket: closing clears inet_num (inet_put_port()) before the
 * RST goes out, inet_sport stays.
 */
static __always_inline __u8 read_tuple(struct rw_tuple *t,
				       const struct rw_common *c,
				       const struct net *net,
				       const struct tcp_sock *tp)
{
	__u8 family = read_open_tuple(t, c, net);

	if (!FIRST_OF(t->tail, 16))
		t->tail |= bpf_ntohs(LOAD(tp, inet_conn.icsk_inet.inet_sport));
	return family;
}

static __always_inline struct tcp_skb_cb *skb_cb(struct sk_buff *skb)
{
	return (struct tcp_skb_cb *)&skb->cb[0];
}

static __always_inline struct sk_buff *queue_tail(const struct sock *sk)
{
	struct sk_buff *tail = LOAD(sk, sk_receive_queue.prev);

	if ((void *)tail == (void *)&sk->sk_receive_queue)
		return NULL;
	return tail;
}

/*
 * Nothing is queued, or nothing but the peer's FIN: neither rule for unread
 * data can hold then. What has no payload is the FIN, and nothing is queued behind
 * that.
 */
static __always_inline bool queue_is_empty(const struct sock *sk)
{
	struct sk_buff *first;

	if (!LOAD(sk, sk_receive_queue.qlen))
		return true;
	first = LOAD(sk, sk_receive_queue.next);
	return !LOAD(first, len);
}

/*
 * Payload that was never read, FIN excluded. The queue is in order, so its
 * last segment ends where the received stream ends; what lies beyond
 * copied_seq is unread. This is what __tcp_close() compares since 6.18
 * (5f9238530970). Older rules count a consumed segment that is still queued as
 * well; there the kernel's act says so, and the bytes are still 0.
 */
static __always_inline __u32 unread_bytes(const struct sock *sk,
					  const struct tcp_sock *tp)
{
	struct sk_buff *tail = queue_tail(sk);
	__u32 end;

	if (queue_is_empty(sk))
		return 0;
	end = PEEK(skb_cb(tail), end_seq);
	if (PEEK(skb_cb(tail), tcp_flags) & RW_TH_FIN)
		end--;
	end -= LOAD(tp, copied_seq);
	return (__s32)end > 0 ? end : 0;
}

/*
 * The same from sequence numbers alone, for places where the queue has been
 * purged already: rcv_nxt has moved over the FIN once SOCK_DONE is set.
 */
static __always_inline __u32 unread_by_sequence(const struct sock *sk,
						const struct tcp_sock *tp)
{
	__u32 n = LOAD(tp, rcv_nxt) - LOAD(tp, copied_seq);

	if (n && SK_FLAG(LOAD(sk, __sk_common.skc_flags), SOCK_DONE))
		n--;
	return (__s32)n > 0 ? n : 0;
}

/* States in which our own FIN takes a sequence number in the send queue. */
#define FIN_QUEUED                                           \
	(RW_BIT(RW_TCP_FIN_WAIT1) | RW_BIT(RW_TCP_CLOSING) | \
	 RW_BIT(RW_TCP_LAST_ACK))

/*
 * What this end still had to deliver. SYN and FIN occupy a sequence number
 * each and are no bytes of anybody's: taken off again.
 */
static __always_inline void read_send_queue(struct rw_evidence *e,
					    const struct tcp_sock *tp,
					    __u8 state, bool fin_queued)
{
	__u32 write_seq = LOAD(tp, write_seq);
	__u32 snd_nxt = LOAD(tp, snd_nxt);
	__u32 snd_una = LOAD(tp, snd_una);

	e->unsent = write_seq - snd_nxt;
	e->unacked = snd_nxt - snd_una;
	if (snd_una == write_seq)
		e->flags |= RW_F_FIN_ACKED;
	if (fin_queued && e->unsent)
		e->unsent--;
	else if ((fin_queued || state == RW_TCP_SYN_SENT) && e->unacked)
		e->unacked--;
}

static __always_inline void read_timers(struct rw_evidence *e,
					const struct tcp_sock *tp)
{
	__u32 now = bpf_jiffies64();
	__u32 rx = LOAD(tp, inet_conn.icsk_ack.lrcvtime);
	__u32 tx = LOAD(tp, lsndtime);

	if (rx) {
		e->idle_rx = now - rx;
		e->flags |= RW_F_IDLE_RX;
	}
	if (tx) {
		e->idle_tx = now - tx;
		e->flags |= RW_F_IDLE_TX;
	}
	e->retransmits = LOAD(tp, total_retrans);
}

static __always_inline bool is_mptcp(const struct tcp_sock *tp)
{
	const struct tcp_sock___mptcp *m = (const void *)tp;

	if (!bpf_core_field_exists(m->is_mptcp))
		return false;
	return LOAD_BITS(m, is_mptcp);
}

/* @tp: a subflow, see is_mptcp() */
static __always_inline struct mptcp_subflow_context *
subflow_context(const struct tcp_sock *tp)
{
	return (void *)LOAD(tp, inet_conn.icsk_ulp_data);
}

/*
 * A client whose peer did not answer MP_CAPABLE goes on in plain TCP, its
 * socket stays a subflow. (A server's then is one no more.)
 */
static __always_inline bool agreed_on_mptcp(const struct tcp_sock *tp)
{
	struct mptcp_subflow_context *subflow = subflow_context(tp);

	return PEEK_BITS(subflow, mp_capable) || PEEK_BITS(subflow, mp_join);
}

/* An MPTCP socket lets go of its subflows before it closes them. */
static __always_inline bool subflow_connected(const struct tcp_sock *tp)
{
	struct mptcp_subflow_context *subflow = subflow_context(tp);

	return PEEK_BITS(subflow, request_mptcp) ||
	       PEEK_BITS(subflow, request_join) || !agreed_on_mptcp(tp);
}

/*
 * Does the RST of a subflow that is being closed carry MP_FASTCLOSE? Without
 * it, close() ends that subflow as it would end any connection: after a
 * fallback in mid-connection for one.
 */
static __always_inline bool sends_fastclose(const struct tcp_sock *tp)
{
	struct mptcp_subflow_context *subflow;

	if (!is_mptcp(tp))
		return false;
	subflow = subflow_context(tp);
	if (!bpf_core_field_exists(subflow->send_fastclose))
		return true;
	return PEEK_BITS(subflow, send_fastclose);
}

/*
 * TCP_USER_TIMEOUT governs once it is set, except that a connection attempt
 * may also run out of SYN retries before (tcp_write_timeout()).
 */
static __always_inline bool
user_timeout_rules(const struct sock *sk, const struct tcp_sock *tp, __u8 state)
{
	struct net *net;
	__u32 retries;

	if (!LOAD(tp, inet_conn.icsk_user_timeout))
		return false;
	if (state != RW_TCP_SYN_SENT)
		return true;
	retries = LOAD(tp, inet_conn.icsk_syn_retries);
	if (!retries) {
		net = LOAD(sk, __sk_common.skc_net.net);
		retries = LOAD(net, ipv4.sysctl_tcp_syn_retries);
	}
	return LOAD(tp, inet_conn.icsk_retransmits) < retries;
}

/* @flags: skc_flags, as just read */
static __always_inline void note_now(struct rw_evidence *e,
				     const struct sock *sk, __u8 state,
				     unsigned long flags)
{
	e->state_now = state;
	if (SK_FLAG(flags, SOCK_DEAD))
		e->flags |= RW_F_DEAD;
	if (LOAD(sk, sk_lock.owned))
		e->flags |= RW_F_LOCK_OWNED;
}

/* Facts that change while the kernel works: read again when it acts. */
static __always_inline void read_now(struct rw_evidence *e,
				     const struct sock *sk)
{
	note_now(e, sk, sk_state(sk), LOAD(sk, __sk_common.skc_flags));
}

/*
 * What is shown of a full socket. @state is the state before the teardown
 * began; the caller knows it, the socket may have moved on. @flags: skc_flags
 */
static __always_inline void read_shown(struct rw_evidence *e,
				       const struct sock *sk,
				       const struct tcp_sock *tp, __u8 state,
				       unsigned long flags)
{
	e->state = state;
	e->flags |= RW_F_SK | RW_F_QUEUES;
	if (SK_FLAG(flags, SOCK_LINGER)) {
		e->flags |= RW_F_LINGER;
		e->linger = LOAD(sk, sk_lingertime);
	}
	if (SK_FLAG(flags, SOCK_DONE))
		e->flags |= RW_F_PEER_FIN;
	e->unread = unread_bytes(sk, tp);
	read_timers(e, tp);
}

/* What timers look at. */
static __always_inline void read_retries(struct rw_evidence *e,
					 const struct sock *sk,
					 const struct tcp_sock *tp,
					 unsigned long flags)
{
	if (SK_FLAG(flags, SOCK_KEEPOPEN))
		e->flags |= RW_F_KEEPOPEN;
	if (LOAD(tp, inet_conn.icsk_probes_out))
		e->flags |= RW_F_PROBES_OUT;
	if (user_timeout_rules(sk, tp, e->state))
		e->flags |= RW_F_USER_TIMEOUT;
}

/* What calls look at, and why else one may reset or end silently. */
static __always_inline void read_deciding(struct rw_evidence *e,
					  const struct sock *sk,
					  const struct tcp_sock *tp,
					  unsigned long flags)
{
	if (!LOAD(sk, sk_socket) && !SK_FLAG(flags, SOCK_DEAD))
		e->flags |= RW_F_NEVER_ACCEPTED;
	if ((int)LOAD(tp, linger2) < 0)
		e->flags |= RW_F_LINGER2_NEG;
	if (LOAD_BITS(tp, repair))
		e->flags |= RW_F_REPAIR;
	if (!is_mptcp(tp))
		return;
	if (agreed_on_mptcp(tp))
		e->flags |= RW_F_MPTCP;
	if (subflow_connected(tp))
		e->flags &= ~RW_F_NEVER_ACCEPTED;
}

/* A socket of the kernel's own has none. */
static __always_inline bool has_file(const struct sock *sk)
{
	struct socket *sock = LOAD(sk, sk_socket);

	return sock && LOAD(sock, file);
}

/*
 * Has the last reference to the socket's file gone? Then this is close() or
 * exit. Otherwise the application still holds the socket, or it is a socket of
 * the kernel's own and has no file.
 */
static __always_inline bool file_gone(const struct sock *sk)
{
	struct socket *sock = LOAD(sk, sk_socket);
	struct file *file = sock ? LOAD(sock, file) : NULL;
	struct file___count *by_count = (void *)file;
	struct file___ref *by_ref = (void *)file;

	if (!file)
		return false;
	if (bpf_core_field_exists(by_ref->f_ref))
		return (__s64)LOAD(by_ref, f_ref.refcnt.counter) < 0;
	return (__s64)LOAD(by_count, f_count.counter) <= 0;
}

/* A closed MPTCP socket lets go of its subflows before it ends them. */
static __always_inline bool is_let_go(const struct sock *sk,
				      const struct tcp_sock *tp)
{
	return !LOAD(sk, sk_socket) && is_mptcp(tp);
}

static __always_inline void read_errors(struct rw_evidence *e,
					const struct sock *sk)
{
	e->sk_err = LOAD(sk, sk_err);
	e->sk_err_soft = LOAD(sk, sk_err_soft);
}

/* The few of the kernel's own words that decide. @raw: enum sk_rst_reason */
static __always_inline __u8 reason_of(__u32 raw)
{
	if (raw >= RW_RAW_REASONS)
		return RW_REASON_OTHER;
	barrier_var(raw); /* some verifiers only see what a mask does */
	return config.reason_of[raw & (RW_RAW_REASONS - 1)];
}

/* The kernel's own word for it. */
static __always_inline void set_reason(struct rw_evidence *e, __s32 raw)
{
	e->flags |= RW_F_REASON;
	e->kernel_reason = raw;
	e->reason = reason_of(raw);
}

/* The flag byte of a segment's TCP header, as tcp_v4_fill_cb() copied it. */
static __always_inline __u8 skb_tcp_flags(struct sk_buff *skb)
{
	return LOAD(skb_cb(skb), tcp_flags);
}

/* The segment that provoked an answer. FIN and SYN are no payload. */
static __always_inline void read_trigger(struct rw_evidence *e,
					 struct sk_buff *skb)
{
	__u32 len = PEEK(skb_cb(skb), end_seq) - PEEK(skb_cb(skb), seq);

	e->flags |= RW_F_TRIGGER;
	e->trigger = skb_tcp_flags(skb);
	if (e->trigger & RW_TH_SYN)
		len--;
	if (e->trigger & RW_TH_FIN)
		len--;
	e->trigger_payload = (__s32)len > 0 ? len : 0;
}

/*
 * The connection as a received segment names it, from this host's side.
 * Return: 4 or 6, the version of its IP header; 0 if it is neither.
 */
static __always_inline __u8 read_packet_tuple(struct rw_tuple *t,
					      struct sk_buff *skb)
{
	unsigned char *head = PEEK(skb, head);
	unsigned char *ip = head + PEEK(skb, network_header);
	__be16 ports[2] = {};
	__u8 version = 0;

	__builtin_memset(t, 0, sizeof(*t));
	bpf_probe_read_kernel(ports, sizeof(ports),
			      head + PEEK(skb, transport_header));
	t->rport = bpf_ntohs(ports[0]);
	t->lport = bpf_ntohs(ports[1]);
	bpf_probe_read_kernel(&version, 1, ip);
	version >>= 4;
	if (version == 4) {
		bpf_probe_read_kernel(t->raddr, 4, ip + 12);
		bpf_probe_read_kernel(t->laddr, 4, ip + 16);
	} else if (version == 6) {
		bpf_probe_read_kernel(t->raddr, 16, ip + 8);
		bpf_probe_read_kernel(t->laddr, 16, ip + 24);
	} else {
		return 0;
	}
	return version;
}

static __always_inline struct dst_entry *skb_dst(struct sk_buff *skb)
{
	return (struct dst_entry *)(PEEK(skb, _skb_refdst) & ~1UL);
}

/*
 * A segment without a socket is answered only when it was for this host
 * itself: tcp_v4_send_reset() asks the route for RTN_LOCAL, the IPv6 one for
 * RTF_LOCAL (ipv6_unicast_destination()).
 */
static __always_inline bool is_for_us(struct sk_buff *skb, __u8 version)
{
	struct dst_entry *dst = skb_dst(skb);

	if (version == 6)
		return PEEK((struct rt6_info *)dst, rt6i_flags) & RTF_LOCAL;
	return PEEK((struct rtable *)dst, rt_type) == RTN_LOCAL;
}

/*
 * Make the verifier forget what it has concluded about the evidence, by adding
 * what only we know to be zero. Otherwise it follows every combination of facts
 * through the verdict, and there are more than it is willing to.
 */
static __always_inline void forget(struct rw_evidence *e)
{
	__u64 zero = known_zero, *word = (__u64 *)e;

	asm volatile("" : "+r"(word) : : "memory");
#pragma unroll
	for (__u32 i = 0; i < sizeof(*e) / sizeof(*word); i++)
		word[i] ^= zero;
	asm volatile("" : : "r"(word) : "memory");
}

#endif
