// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <string.h>

#include <bpf/bpf.h>

#include "held.h"

int held_put(struct held *held, const struct rw_event *event)
{
	if (held->n == HELD_MAX)
		return -1;
	held->events[held->n++] = *event;
	return 0;
}

/* It still stands in the map: nobody has taken it back. */
static bool is_true(const struct held *held, const struct rw_event *event)
{
	struct rw_held last;

	if (bpf_map_lookup_elem(held->map, &event->sk, &last))
		return false;
	/* or the one before it, of an earlier socket at the same address */
	return last.ktime_ns == event->ktime_ns ||
	       last.previous_ns == event->ktime_ns;
}

int held_next(struct held *held, uint64_t older_than, struct rw_event *event)
{
	while (held->n && held->events[0].ktime_ns < older_than) {
		*event = held->events[0];
		held->n--;
		memmove(held->events, held->events + 1,
			held->n * sizeof(*held->events));
		event->evidence.flags &= ~RW_F_HELD;
		if (is_true(held, event))
			return 1;
	}
	return 0;
}
