/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who holds a socket that the kernel ended by itself: found among the open
 * files of all processes, when it is needed and not before.
 */
#ifndef RSTWATCH_OWNER_H
#define RSTWATCH_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

struct bpf_object;
struct bpf_link;
struct observer;

struct owner_finder {
	struct bpf_object *object; /* NULL: this kernel has no such iterator */
	struct bpf_link *link;
	uint64_t not_before_ns; /* CLOCK_MONOTONIC: time for the next search */
	uint64_t searched_ns; /* the last one began; never, without iterator */
};

/**
 * owner_sets() - how large the map of owners should be
 * @kept: owners of connections to come will be kept in it, too
 *
 * Return: a power of two, with room for twice the TCP sockets there are now.
 */
uint32_t owner_sets(bool kept);

/**
 * owner_finder_open() - load the iterator, record the owners of all sockets
 * @observer: attached, so that no connection falls in between
 *
 * Return: 0, or -1 where the kernel has no such iterator: owner_find() then
 * finds nobody.
 */
int owner_finder_open(struct owner_finder *finder,
		      const struct observer *observer);

void owner_finder_close(struct owner_finder *finder);

/*
 * owner_may_change() - whether somebody may still hold the event's socket, so
 * that who connected or accepted it, if known, need not be the owner any more
 */
static inline bool owner_may_change(const struct rw_event *event)
{
	const uint32_t doing = RW_F_ACTOR | RW_F_OWNER | RW_F_OUTSIDER;
	uint32_t flags = event->evidence.flags;

	if (event->owner_source == RW_OWNER_CLOSE ||
	    event->evidence.kind >= RW_KIND_OWNER)
		return false;
	return (flags & (RW_F_SK | RW_F_DEAD | RW_F_TW)) == RW_F_SK &&
	       (flags & doing) != (RW_F_ACTOR | RW_F_OWNER) && event->sk &&
	       event->evidence.state;
}

/**
 * owner_find() - fill in or correct the owners of sockets that are still held
 * @events: any; those with an owner, or whose socket nobody holds, stay
 *
 * One pass over all open files, whatever the number of events. It takes a few
 * hundredths of the time at the most: a search that was slow puts off the
 * next one.
 */
void owner_find(struct owner_finder *finder, struct rw_event *events, size_t n);

#endif
