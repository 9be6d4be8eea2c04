/* SPDX-License-Identifier: GPL-2.0 */
/* The RST segment itself: how it looks tells how a Linux peer made it. */
#ifndef RSTWATCH_RECEIVED_H
#define RSTWATCH_RECEIVED_H

#include "bpf/evidence.h"

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

/*
 * Both tcp_reset() and tcp_check_req() run with the headers in place, also when
 * the segment comes from the backlog.
 */
static __always_inline void read_rst(struct rw_evidence *e, struct sk_buff *skb)
{
	unsigned char *th = PEEK(skb, head) + PEEK(skb, transport_header);
	__u8 header[TCP_HEADER];

	if (bpf_probe_read_kernel(header, sizeof(header), th))
		return;
	e->rst_shape = RW_RST_SEEN;
	if (header[13] & RW_TH_ACK)
		e->rst_shape |= RW_RST_ACK;
	if (!(header[4] | header[5] | header[6] | header[7]))
		e->rst_shape |= RW_RST_SEQ_ZERO;
	if (has_timestamps(th, (header[12] >> 4) * 4))
		e->rst_shape |= RW_RST_TIMESTAMPS;
	e->rst_window = header[14] << 8 | header[15];
}

/* Whether the peer's own TCP would have put timestamps into an active abort. */
static __always_inline void read_rst_expected(struct rw_evidence *e,
					      const struct tcp_sock *tp)
{
	if (LOAD_BITS(tp, rx_opt.tstamp_ok))
		e->rst_shape |= RW_RST_TIMESTAMPS_AGREED;
}

#endif
