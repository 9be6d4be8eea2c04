/* SPDX-License-Identifier: GPL-2.0 */
/*
 * --limit: a storm must not hide the rest. Of one cause and one remote network
 * (/24, /64) so many events a second are shown, the others are counted.
 */
#ifndef RSTWATCH_LIMIT_H
#define RSTWATCH_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/event.h"

/*
 * So many pairs of cause and network are told apart in one second; what comes
 * from still others shares one allowance for each cause.
 */
#define LIMIT_PAIRS 1024

struct limiter;

/* What was held back of one pair in a second that is over. */
struct held {
	uint8_t cause;	/* enum rw_cause */
	uint8_t family; /* 4, 6; 0: networks that are not told apart */
	uint8_t network[RW_ADDR_LEN];
	uint64_t events;
};

/* limiter_new() - @per_second: events, not 0. Return: NULL without memory */
struct limiter *limiter_new(uint32_t per_second);

void limiter_free(struct limiter *limiter);

/**
 * limiter_next() - what was held back in the second before
 * @now_ns: CLOCK_MONOTONIC, of the next event or of the moment
 * @held: filled in
 *
 * Call it until it says no, before limiter_holds() for an event of that time.
 *
 * Return: whether there was one; never before the second is over.
 */
bool limiter_next(struct limiter *limiter, uint64_t now_ns, struct held *held);

/**
 * limiter_holds() - whether an event is not to be shown
 * @event: in the order in which they are shown; an owner record is held if its
 *	   event was, as far as is remembered
 */
bool limiter_holds(struct limiter *limiter, const struct rw_event *event);

#endif
