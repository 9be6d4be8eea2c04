/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records that may turn out not to be: where the kernel does not say which
 * segment reset a socket, a received RST is believed only when the socket has
 * not answered the segment a moment later (see the map held in bpf/maps.h).
 */
#ifndef RSTWATCH_HELD_H
#define RSTWATCH_HELD_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

#define HELD_MAX 256

struct held {
	int map; /* file descriptor of the map held */
	size_t n;
	struct rw_event events[HELD_MAX];
};

/* held_put() - keep a record; Return: 0, or -1 when there is no room */
int held_put(struct held *held, const struct rw_event *event);

/**
 * held_next() - take the next record that has proved true
 * @older_than: CLOCK_MONOTONIC ns; younger ones wait
 * @event: receives the record
 *
 * Return: 1 with a record, 0 when there is none for now.
 */
int held_next(struct held *held, uint64_t older_than, struct rw_event *event);

#endif
