/* SPDX-License-Identifier: GPL-2.0 */
/* The RST segment itself: how it looks tells how a Linux peer made it. */
#ifndef RSTWATCH_RECEIVED_H
#define RSTWATCH_RECEIVED_H

#include "bpf/context.h"

#define TCP_HEADER 20
#define TCPOPT_EOL 0 /* include/net/tcp.h */
#define TCPOPT_NOP 1
#define TCPOPT_TIMESTAMP 8
#define RST_OPTIONS 8 /* so many are looked at; a RST has three */

/* Has the header an option with timestamps? @end: offset behind the options */
static __always_inline bool has_timestamps(const unsigned char *th, __u32 end)
{
	__u32 at = TCP_HEADER;
	__u8 option[2] = {};

	for (int i = 0; i < RST_OPTIONS; i++) {
		if (at >= end ||
		    bpf_probe_read_kernel(option, sizeof(option), th + at))
			return false;
		if (option[0] == TCPOPT_TIMESTAMP)
			return true;
		if (option[0] == TCPOPT_EOL || !option[1])
			return false;
		at += option[0] == TCPOPT_NOP ? 1 : option[1];
	}
	return false;
}

/* Hop limit (IPv4: TTL) the segment arrived with; 0: not known. */
static __always_inline __u8 read_hops(struct sk_buff *skb)
{
	unsigned char *ip = PEEK(skb, head) + PEEK(skb, network_header);
	__u8 header[9];

	if (bpf_probe_read_kernel(header, sizeof(header), ip))
		return 0;
	return header[0] >> 4 == 6 ? header[7] : header[8];
}

/*
 * That of the segment that established this connection; 0: not known. Global,
 * like look_at_rst().
 */
__noinline int established_hops(__u64 sk, __u32 hash)
{
	struct rw_hops *h = bpf_map_lookup_elem(&hops, &sk);

	return h && h->hash == hash ? h->hops : 0;
}

/* What look_at_rst() finds, in one number. */
#define RST_HOPS_SHIFT 8
#define RST_WINDOW_SHIFT 16

/* The header's words, and that behind it, as they are in memory. */
struct rst_words {
	__u32 seq, flags, options;
};

/*
 * A call is dear: where the verifier can be told what there is, the words are
 * loaded, each through a structure that begins with as many.
 */
static __always_inline bool read_words(struct rst_words *w, unsigned char *th)
{
	__u32 header[TCP_HEADER / 4 + 1];

#ifdef RW_TYPED
	if (config.can_cast) {
		w->seq = CAST(struct in6_addr, th)->in6_u.u6_addr32[1];
		w->flags = CAST(struct in6_addr, th)->in6_u.u6_addr32[3];
		w->options = CAST(struct in6_addr, th + 16)->in6_u.u6_addr32[1];
		return true;
	}
#endif
	if (bpf_probe_read_kernel(header, sizeof(header), th))
		return false;
	w->seq = header[1];
	w->flags = header[3];
	w->options = header[5];
	return true;
}

/* As Linux writes them (tcp_options_write()): most need not be searched. */
#define LINUX_TIMESTAMPS \
	bpf_htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_TIMESTAMP << 8)
#define LINUX_TIMESTAMPS_MASK bpf_htonl(0xffffff00)

/*
 * Both tcp_reset() and tcp_check_req() run with the headers in place, also when
 * the segment comes from the backlog. Global, so that the verifier looks at it
 * once, not through all that comes after each of its ends.
 * @segment: struct sk_buff *; @tcp: its TCP header
 */
__noinline __u64 look_at_rst(__u64 segment, __u64 tcp)
{
	unsigned char *th = (void *)tcp;
	__u64 found = RW_RST_SEEN;
	struct rst_words w;
	__u32 flags, end;

	if (!read_words(&w, th))
		return 0;
	flags = bpf_ntohl(w.flags); /* length, flags, window */
	if (flags >> 16 & RW_TH_ACK)
		found |= RW_RST_ACK;
	if (!w.seq)
		found |= RW_RST_SEQ_ZERO;
	end = (flags >> 28) * 4;
	if ((end > TCP_HEADER &&
	     (w.options & LINUX_TIMESTAMPS_MASK) == LINUX_TIMESTAMPS) ||
	    has_timestamps(th, end))
		found |= RW_RST_TIMESTAMPS;
	if (config.ttl)
		found |= read_hops((void *)segment) << RST_HOPS_SHIFT;
	return found | (__u64)(flags & 0xffff) << RST_WINDOW_SHIFT;
}

static __always_inline void read_rst(struct rw_evidence *e, struct sk_buff *skb)
{
	unsigned char *th = LOAD(skb, head) + LOAD(skb, transport_header);
	__u64 found = look_at_rst(address(skb), address(th));

	e->rst_shape = found;
	e->hops_rst = found >> RST_HOPS_SHIFT;
	e->rst_window = found >> RST_WINDOW_SHIFT;
}

/* Whether the peer's own TCP would have put timestamps into an active abort. */
static __always_inline void read_rst_expected(struct rw_evidence *e,
					      const struct tcp_sock *tp)
{
	if (LOAD_BITS(tp, rx_opt.tstamp_ok))
		e->rst_shape |= RW_RST_TIMESTAMPS_AGREED;
}

#endif
