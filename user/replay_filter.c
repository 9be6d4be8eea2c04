// SPDX-License-Identifier: GPL-2.0
/*
 * bpf/filter.h compiled for the host, so that there is one filter and not two:
 * here stands what its names mean outside the kernel.
 */
#include <string.h>
#include <sys/cdefs.h>

#include "lookup.h"
#include "replay_filter.h"
#include "rodata.h"

#define CGROUP_MOUNT "/sys/fs/cgroup" /* what live paths may begin with */

static struct rw_config config;
static __u64 port_any[RW_PORT_WORDS];
static __u64 port_local[RW_PORT_WORDS];
static __u64 port_remote[RW_PORT_WORDS];
static const struct options *options;

static bool is_watched(__u32 pid)
{
	for (size_t i = 0; i < options->pids.n; i++)
		if (options->pids.values[i] == pid)
			return true;
	return false;
}

#include "bpf/filter.h"

void replay_filter_set(const struct options *o)
{
	config = (struct rw_config){ 0 };
	rodata_filters(&config, o);
	memset(port_any, 0, sizeof(port_any));
	memset(port_local, 0, sizeof(port_local));
	memset(port_remote, 0, sizeof(port_remote));
	rodata_ports(port_any, &o->ports);
	rodata_ports(port_local, &o->lports);
	rodata_ports(port_remote, &o->rports);
	options = o;
}

/* What watch() asks once it has looked for an owner; here none is looked for. */
static bool who_passes(const struct rw_event *event)
{
	uint32_t flags = event->evidence.flags;

	if (!filters_tasks())
		return true;
	if (flags & RW_F_ACTOR &&
	    task_matches(event->actor.pid, event->actor.comm))
		return true;
	return flags & RW_F_OWNER &&
	       task_matches(event->owner.pid, event->owner.comm);
}

/* A name is compared with the one the recording has. */
static bool netns_passes(const struct rw_event *event)
{
	const char *name;

	if (!options->netns || options->netns_inode)
		return true; /* tuple_passes() has compared numbers */
	name = lookup(LOOKUP_NETNS, event);
	return name && !strcmp(name, options->netns);
}

/* That cgroup, or one below it, by its path: the numbers are of another host. */
static bool cgroup_passes(const struct rw_event *event)
{
	const char *path, *wanted = options->cgroup;
	size_t len;

	if (!wanted)
		return true;
	if (!strncmp(wanted, CGROUP_MOUNT, strlen(CGROUP_MOUNT)))
		wanted += strlen(CGROUP_MOUNT);
	for (len = strlen(wanted); len && wanted[len - 1] == '/'; len--)
		;
	path = lookup(LOOKUP_CGROUP, event);
	return path && !strncmp(path, wanted, len) &&
	       (path[len] == '/' || !path[len]);
}

bool replay_filter_passes(const struct rw_event *event)
{
	return kind_passes(event->evidence.kind) &&
	       cause_passes(event->cause) &&
	       tuple_passes(&event->tuple, event->family) &&
	       netns_passes(event) && cgroup_passes(event) && who_passes(event);
}
