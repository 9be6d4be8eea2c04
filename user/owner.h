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

struct owner_finder {
	struct bpf_object *object; /* NULL: this kernel has no such iterator */
	struct bpf_link *link;
	uint64_t not_before_ns; /* CLOCK_MONOTONIC: time for the next search */
	uint64_t searched_ns; /* the last one began; never, without iterator */
};

/**
 * owner_finder_open() - load the iterator
 *
 * Return: 0, or -1 where the kernel has none: owner_find() then finds nobody.
 */
int owner_finder_open(struct owner_finder *finder);

void owner_finder_close(struct owner_finder *finder);

/* owner_is_missing() - whether somebody may still hold the event's socket */
bool owner_is_missing(const struct rw_event *event);

/**
 * owner_find() - fill in the owners that are missing
 * @events: any; those with an owner, or whose socket nobody holds, stay
 *
 * One pass over all open files, whatever the number of events. It takes a few
 * hundredths of the time at the most: a search that was slow puts off the
 * next one.
 */
void owner_find(struct owner_finder *finder, struct rw_event *events, size_t n);

#endif
