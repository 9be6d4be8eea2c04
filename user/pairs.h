/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which FINs of a batch are the two of one connection: over loopback they mostly
 * follow each other at once. An ordinary close is what nearly every event is, so
 * that this is a few comparisons each; the rest is peer.h's.
 */
#ifndef RSTWATCH_PAIRS_H
#define RSTWATCH_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

#define PAIRS_MAX 2048	  /* events */
#define PAIRS_SLOTS 8192  /* a power of two */
#define PAIRS_PLACES 4096 /* the same */

/* Where the other end is, as far as an event's own batch tells. */
#define PAIR_ELSEWHERE 0     /* no event had that address on this side */
#define PAIR_HERE UINT16_MAX /* on this host, by its address */
/* anything else: 1 plus the place of the other end's event */

/* Begin with all zero. */
struct pairs {
	uint16_t of[PAIRS_MAX];	    /* PAIR_*, by the place of the event */
	uint16_t last[PAIRS_SLOTS]; /* place of a FIN, if it still is that */
	uint8_t here[PAIRS_PLACES]; /* a local address was seen: by hash */
};

/**
 * pairs_find() - fill in pairs->of
 * @n: PAIRS_MAX at the most
 *
 * Both ends have to be in one network namespace: elsewhere the same addresses
 * may be other hosts', and it takes a look at more than two to tell.
 *
 * Return: whether any FIN is not beside that of its other end.
 */
bool pairs_find(struct pairs *pairs, const struct rw_event *events, size_t n);

#endif
