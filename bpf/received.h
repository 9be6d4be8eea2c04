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

/* As Linux writes them (tcp_options_write()): most need not be searched. */
static __always_inline bool starts_with_timestamps(const __u8 *options)
{
	return options[0] == TCPOPT_NOP && options[1] == TCPOPT_NOP &&
	       options[2] == TCPOPT_TIMESTAMP;
}

/*
 * Both tcp_reset() and tcp_check_req() run with the headers in place, also when
 * the segment comes from the backlog. Global, so that the verifier looks at it
 * once, not through all that comes after each of its ends.
 * @segment: struct sk_buff *; @tcp: its TCP header
 */
__noinline __u64 look_at_rst(__u64 segment, __u64 tcp)
{
	unsigned char *th = (void *)tcp;
	__u8 header[TCP_HEADER + 4];
	__u64 found = RW_RST_SEEN;
	__u32 end;

	if (bpf_probe_read_kernel(header, sizeof(header), th))
		return 0;
	if (header[13] & RW_TH_ACK)
		found |= RW_RST_ACK;
	if (!(header[4] | header[5] | header[6] | header[7]))
		found |= RW_RST_SEQ_ZERO;
	end = (header[12] >> 4) * 4;
	if ((end > TCP_HEADER && starts_with_timestamps(header + TCP_HEADER)) ||
	    has_timestamps(th, end))
		found |= RW_RST_TIMESTAMPS;
	if (config.ttl)
		found |= read_hops((void *)segment) << RST_HOPS_SHIFT;
	return found | (__u64)(header[14] << 8 | header[15])
			       << RST_WINDOW_SHIFT;
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
