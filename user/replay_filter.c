// SPDX-License-Identifier: GPL-2.0
/*
 * bpf/filter.h compiled for the host, so that there is one filter and not two:
 * here stands what its names mean outside the kernel.
 */
#include <stdlib.h>
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
static const struct number_list *pids;
static const char *cgroup; /* as the user wrote them; NULL: all */
static const char *netns;

static bool is_watched(__u32 pid)
{
	for (size_t i = 0; i < pids->n; i++)
		if (pids->values[i] == pid)
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
	pids = &o->pids;
	cgroup = o->cgroup;
	netns = o->netns;
}

/* As the kernel asks; what it leaves to a search is not known here. */
static bool task_passes(const struct rw_event *event)
{
	const struct rw_evidence *e = &event->evidence;

	if (!filters_tasks())
		return true;
	if (e->flags & RW_F_ACTOR &&
	    task_matches(event->actor.pid, event->actor.comm))
		return true;
	return e->flags & RW_F_OWNER &&
	       task_matches(event->owner.pid, event->owner.comm);
}

/* Is it @dir or a path below it? */
static bool is_below(const char *path, const char *dir, size_t len)
{
	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

/* By the path as it was when recording: numbers are those of another host. */
static bool cgroup_passes(const struct rw_event *event)
{
	const char *path = lookup(LOOKUP_CGROUP, event), *wanted = cgroup;
	size_t len = strlen(CGROUP_MOUNT);

	if (is_below(wanted, CGROUP_MOUNT, len))
		wanted += len;
	len = strlen(wanted);
	while (len && wanted[len - 1] == '/')
		len--;
	return path && is_below(path, wanted, len);
}

/* A number, or the name it had. */
static bool netns_passes(const struct rw_event *event)
{
	const char *name = lookup(LOOKUP_NETNS, event);
	char *end;
	unsigned long inode = strtoul(netns, &end, 10);

	if (*netns >= '0' && *netns <= '9' && !*end)
		return inode == event->tuple.netns;
	return name && !strcmp(name, netns);
}

bool replay_filter_passes(const struct rw_event *event)
{
	return kind_passes(event->evidence.kind) &&
	       cause_passes(event->cause) &&
	       tuple_passes(&event->tuple, event->family) &&
	       task_passes(event) && (!cgroup || cgroup_passes(event)) &&
	       (!netns || netns_passes(event));
}
