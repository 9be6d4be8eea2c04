/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names for the numbers in an event that only the machine it happened on can
 * tell. Sinks ask here and nowhere else: a live run asks the system, a replay
 * has the answers from the recording and never asks the machine it runs on.
 */
#ifndef RSTWATCH_LOOKUP_H
#define RSTWATCH_LOOKUP_H

#include <stdint.h>

#include "bpf/event.h"

/* One for each text that belongs to an event; a new one is a row in lookup.c */
enum lookup_kind {
	LOOKUP_REASON,	     /* kernel_reason as the kernel calls it */
	LOOKUP_KERNEL_STACK, /* one frame a line, see stack.h */
	LOOKUP_USER_STACK,
	LOOKUP_PEER,	  /* owner of the other end, see peer_text() */
	LOOKUP_CGROUP,	  /* path of the cgroup */
	LOOKUP_CONTAINER, /* id or name of the container */
	LOOKUP_UNIT,	  /* of systemd */
	LOOKUP_NETNS,	  /* name of the network namespace */
	LOOKUP_MAX
};

/**
 * lookup() - the text of that kind which belongs to an event
 *
 * A live answer has to be the same for every sink that asks about one event:
 * whoever looks a thing up keeps what was found until the next event.
 *
 * Return: valid until the next event is shown; NULL when it is not known.
 */
const char *lookup(enum lookup_kind kind, const struct rw_event *event);

/*
 * lookup_version() - for who keeps answers: while it stays the same, so do the
 * answers for one cgroup and one network namespace
 */
uint32_t lookup_version(void);

/**
 * lookup_replay() - answer from a recording from now on
 * @texts: LOOKUP_MAX of them, NULL where unknown; those of the event that is
 *	   being shown. Stays the caller's, read at every lookup(). NULL: ask
 *	   the system again.
 */
void lookup_replay(const char *const *texts);

#endif
