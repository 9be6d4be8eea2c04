/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A segment as netfilter sees it: TCP has not looked at it yet, so nothing but
 * its own headers can be believed.
 */
#ifndef RSTWATCH_PACKET_H
#define RSTWATCH_PACKET_H

#include "bpf/evidence.h"

#define IPV6_HEADER 40
/* Extension headers that nf_send_reset6() steps over (ipv6_skip_exthdr()). */
#define IPV6_HOPOPTS 0
#define IPV6_ROUTING 43
#define IPV6_FRAGMENT 44
#define IPV6_DSTOPTS 60
#define IPV6_EXTENSIONS 4 /* so many of them at most */

struct rw_packet {
	__u8 version; /* 4 or 6 */
	__u8 flags;   /* of the TCP header */
	__be16 sport;
	__be16 dport;
	__u32 payload; /* bytes */
	unsigned char *ip;
};

/* Where TCP begins, as an offset from the IPv6 header; 0: it is no TCP. */
static __always_inline __u32 skip_extensions(const unsigned char *ip)
{
	__u32 at = IPV6_HEADER;
	__u8 next = 0, two[2];

	bpf_probe_read_kernel(&next, 1, ip + 6);
#pragma unroll
	for (int i = 0; i < IPV6_EXTENSIONS; i++) {
		if (next != IPV6_HOPOPTS && next != IPV6_ROUTING &&
		    next != IPV6_FRAGMENT && next != IPV6_DSTOPTS)
			break;
		if (bpf_probe_read_kernel(two, sizeof(two), ip + at))
			return 0;
		at += next == IPV6_FRAGMENT ? 8 : (two[1] + 1) * 8;
		next = two[0];
	}
	return next == IPPROTO_TCP ? at : 0;
}

/*
 * Read what nf_reject_ip_tcphdr_get() and its IPv6 twin look at.
 *
 * Return: whether it is a segment that netfilter answers: TCP, not a later
 * fragment, not itself a RST. The kernel also gives up when the checksum is
 * wrong; that is not computed again here.
 */
static __always_inline bool read_packet(struct rw_packet *p,
					struct sk_buff *skb)
{
	unsigned char *ip = PEEK(skb, head) + PEEK(skb, network_header);
	__u32 at, total, header;
	__u8 tcp[14] = {}, first = 0, protocol = 0;
	__be16 word = 0;

	bpf_probe_read_kernel(&first, 1, ip);
	p->ip = ip;
	p->version = first >> 4;
	if (p->version == 4) {
		bpf_probe_read_kernel(&protocol, 1, ip + 9);
		bpf_probe_read_kernel(&word, 2, ip + 6);
		if (protocol != IPPROTO_TCP || bpf_ntohs(word) & 0x1fff)
			return false;
		at = (first & 0xf) * 4;
		bpf_probe_read_kernel(&word, 2, ip + 2);
		total = bpf_ntohs(word);
	} else if (p->version == 6) {
		at = skip_extensions(ip);
		if (!at)
			return false;
		bpf_probe_read_kernel(&word, 2, ip + 4);
		total = IPV6_HEADER + bpf_ntohs(word);
	} else {
		return false;
	}
	if (bpf_probe_read_kernel(tcp, sizeof(tcp), ip + at))
		return false;
	p->sport = *(__be16 *)&tcp[0];
	p->dport = *(__be16 *)&tcp[2];
	p->flags = tcp[13];
	header = at + (tcp[12] >> 4) * 4;
	p->payload = total > header ? total - header : 0;
	return !(p->flags & RW_TH_RST);
}

/* The connection from the side the segment was meant for. */
static __always_inline void packet_tuple(struct rw_tuple *t,
					 const struct rw_packet *p)
{
	__builtin_memset(t, 0, sizeof(*t));
	t->lport = bpf_ntohs(p->dport);
	t->rport = bpf_ntohs(p->sport);
	if (p->version == 4) {
		bpf_probe_read_kernel(t->raddr, 4, p->ip + 12);
		bpf_probe_read_kernel(t->laddr, 4, p->ip + 16);
	} else {
		bpf_probe_read_kernel(t->raddr, 16, p->ip + 8);
		bpf_probe_read_kernel(t->laddr, 16, p->ip + 24);
	}
}

/* The same from the side that sent it. */
static __always_inline void packet_tuple_of_sender(struct rw_tuple *t,
						   const struct rw_packet *p)
{
	struct rw_tuple other;

	packet_tuple(&other, p);
	__builtin_memcpy(t->laddr, other.raddr, RW_ADDR_LEN);
	__builtin_memcpy(t->raddr, other.laddr, RW_ADDR_LEN);
	t->lport = other.rport;
	t->rport = other.lport;
}

#endif
