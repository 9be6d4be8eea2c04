// SPDX-License-Identifier: GPL-2.0
/* Names from the system or from a recording: see lookup.h. */
#include <stddef.h>

#include "cgroup.h"
#include "lookup.h"
#include "peer.h"
#include "netns.h"
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

static const struct cgroup_name *find_cgroup(const struct rw_event *event)
{
	static const struct cgroup_name none;

	return event->cgroup ? cgroup_name(event->cgroup) : &none;
}

static const char *find_cgroup_path(const struct rw_event *event)
{
	return find_cgroup(event)->path;
}

static const char *find_container(const struct rw_event *event)
{
	return find_cgroup(event)->container_id;
}

static const char *find_unit(const struct rw_event *event)
{
	return find_cgroup(event)->unit;
}

static const char *find_netns(const struct rw_event *event)
{
	return event->tuple.netns ? netns_name(event->tuple.netns) : NULL;
}

/* How a live run finds each. */
static const char *(*const finders[])(const struct rw_event *event) = {
	[LOOKUP_REASON] = find_reason,
	[LOOKUP_KERNEL_STACK] = find_kernel_stack,
	[LOOKUP_USER_STACK] = find_user_stack,
	[LOOKUP_PEER] = peer_text,
	[LOOKUP_CGROUP] = find_cgroup_path,
	[LOOKUP_CONTAINER] = find_container,
	[LOOKUP_UNIT] = find_unit,
	[LOOKUP_NETNS] = find_netns,
};
_Static_assert(sizeof(finders) / sizeof(*finders) == LOOKUP_MAX,
	       "nobody finds this kind of name");

static const char *const *replayed; /* NULL: this is no replay */

const char *lookup(enum lookup_kind kind, const struct rw_event *event)
{
	return replayed ? replayed[kind] : finders[kind](event);
}

/* What a recording has to say may be another thing for each event. */
uint32_t lookup_version(void)
{
	static uint32_t version;

	return replayed ? ++version : netns_version();
}

void lookup_replay(const char *const *texts)
{
	replayed = texts;
}
