// SPDX-License-Identifier: GPL-2.0
/* Names from the system or from a recording: see lookup.h. */
#include <stddef.h>

#include "lookup.h"
#include "peer.h"
#include "reason.h"
#include "stack.h"

static const char *find_reason(const struct rw_event *event)
{
	if (!(event->evidence.flags & RW_F_REASON))
		return NULL;
	return reason_name(event->evidence.kernel_reason);
}

static const char *find_kernel_stack(const struct rw_event *event)
{
	return stacks_text(RW_STACK_KERNEL, event);
}

static const char *find_user_stack(const struct rw_event *event)
{
	return stacks_text(RW_STACK_USER, event);
}

/* How a live run finds each. */
static const char *(*const finders[])(const struct rw_event *event) = {
	[LOOKUP_REASON] = find_reason,
	[LOOKUP_KERNEL_STACK] = find_kernel_stack,
	[LOOKUP_USER_STACK] = find_user_stack,
	[LOOKUP_PEER] = peer_text,
};
_Static_assert(sizeof(finders) / sizeof(*finders) == LOOKUP_MAX,
	       "nobody finds this kind of name");

static const char *const *replayed; /* NULL: this is no replay */

const char *lookup(enum lookup_kind kind, const struct rw_event *event)
{
	return replayed ? replayed[kind] : finders[kind](event);
}

void lookup_replay(const char *const *texts)
{
	replayed = texts;
}
