// SPDX-License-Identifier: GPL-2.0
/*
 * bpf/filter.h compiled for the host, so that there is one filter and not two:
 * here stands what its names mean outside the kernel.
 */
#include <string.h>
#include <sys/cdefs.h>

#include "replay_filter.h"
#include "rodata.h"

static struct rw_config config;
static __u64 port_any[RW_PORT_WORDS];
static __u64 port_local[RW_PORT_WORDS];
static __u64 port_remote[RW_PORT_WORDS];
static const struct number_list *pids;

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
}

/* What watch() asks once it has looked for an owner; here none is looked for. */
static bool task_passes(const struct rw_event *event)
{
	struct rw_evidence e = event->evidence;
	__u32 actor = e.flags & RW_F_ACTOR ? event->actor.pid : 0;
	__u32 owner = e.flags & RW_F_OWNER ? event->owner.pid : 0;

	e.flags &= ~RW_F_ASK_OWNER;
	return pid_passes(&e, actor, owner) && !(e.flags & RW_F_ASK_OWNER);
}

bool replay_filter_passes(const struct rw_event *event)
{
	return kind_passes(event->evidence.kind) &&
	       cause_passes(event->cause) &&
	       tuple_passes(&event->tuple, event->family) && task_passes(event);
}
