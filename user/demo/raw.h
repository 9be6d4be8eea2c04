/* SPDX-License-Identifier: GPL-2.0 */
/* Segments made by hand, and a view of those on the way. */
#ifndef RSTDEMO_RAW_H
#define RSTDEMO_RAW_H

#include "demo.h"

#include <stdint.h>

struct segment {
	union addr from;
	union addr to;
	uint8_t flags; /* TH_SYN, TH_ACK, ... */
	uint32_t seq;
	uint32_t ack;
	const void *options; /* TCP options, a multiple of four bytes */
	size_t options_len;
	size_t payload; /* bytes of it, all zero */
};

/** raw_open - raw TCP socket; it sees a copy of every segment received. */
int raw_open(struct demo *d);

/** raw_send - send one segment, delivered when this returns. */
void raw_send(struct demo *d, int raw, const struct segment *s);

/**
 * raw_await - wait for a segment with exactly @flags from one address to
 * another. Returns its sequence number.
 */
uint32_t raw_await(struct demo *d, int raw, const union addr *from,
		   const union addr *to, uint8_t flags);

/**
 * raw_unreachable - an ICMP message that says @s was administratively
 * prohibited, which ends a connection attempt at once.
 */
void raw_unreachable(struct demo *d, const struct segment *s);

#endif
