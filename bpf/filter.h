/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the user asked not to see leaves the kernel's side here. Compiled for
 * the host too, to filter a recording (user/replay_filter.c): so nothing here
 * may look at anything but the event, config, the port sets and pids.
 */
#ifndef RSTWATCH_FILTER_H
#define RSTWATCH_FILTER_H

#ifdef __bpf__
#include "bpf/evidence.h"

/* One of those asked for, alive or, with a command, gone. */
static __always_inline bool is_watched(__u32 pid)
{
	if (bpf_map_lookup_elem(&pids, &pid))
		return true;
	return config.follow && bpf_map_lookup_elem(&gone_pids, &pid);
}

/*
 * Is it the cgroup asked for, or one of its descendants? A cgroup knows its
 * ancestors by depth, itself included: by number until 6.0, since then as
 * pointers. Global, so that its reads are not on the stack of who calls.
 * @socket: const struct sock *, a full one, or 0
 */
__noinline int in_cgroup(__u64 socket)
{
	const __u32 level = config.cgroup_level;
	const struct sock *sk = (const void *)socket;
	const struct cgroup *cgroup;
	const void *at;

	if (!has_cgroup(sk))
		return false;
	cgroup = peek_cgroup(sk);
	if (!level)
		return true; /* all are below the root */
	if (!cgroup || PEEK(cgroup, level) < (int)level)
		return false;
	at = (const char *)cgroup + level * sizeof(__u64);
	if (bpf_core_field_exists(struct cgroup___ids, ancestor_ids)) {
		__u64 id = 0;

		at += bpf_core_field_offset(struct cgroup___ids, ancestor_ids);
		bpf_probe_read_kernel(&id, sizeof(id), at);
		return id == config.cgroup;
	} else {
		struct cgroup *ancestor = NULL;

		at += bpf_core_field_offset(struct cgroup___ancestors,
					    ancestors);
		bpf_probe_read_kernel(&ancestor, sizeof(ancestor), at);
		return PEEK(ancestor, kn, id) == config.cgroup;
	}
}
#endif

static __always_inline bool in_set(const volatile __u64 *set, __u16 port)
{
	return set[(port >> 6) & 1023] & (1ULL << (port & 63));
}

static __always_inline bool port_passes(const struct rw_tuple *t)
{
	if (config.port_filter & RW_PORT_ANY && !in_set(port_any, t->lport) &&
	    !in_set(port_any, t->rport))
		return false;
	if (config.port_filter & RW_PORT_LOCAL && !in_set(port_local, t->lport))
		return false;
	if (config.port_filter & RW_PORT_REMOTE &&
	    !in_set(port_remote, t->rport))
		return false;
	return true;
}

static __always_inline bool in_net(const __u8 *address)
{
	const __u32 *a = (const __u32 *)address;

	return !((a[0] & config.net_mask[0]) ^ config.net[0] ||
		 (a[1] & config.net_mask[1]) ^ config.net[1] ||
		 (a[2] & config.net_mask[2]) ^ config.net[2] ||
		 (a[3] & config.net_mask[3]) ^ config.net[3]);
}

/* What the connection itself decides: asked before any evidence is read. */
static __always_inline bool tuple_passes(const struct rw_tuple *t, __u8 family)
{
	if (config.family && config.family != family)
		return false;
	if (config.port_filter && !port_passes(t))
		return false;
	if (config.netns && config.netns != t->netns)
		return false;
	return !config.net_family || (config.net_family == family &&
				      (in_net(t->laddr) || in_net(t->raddr)));
}

static __always_inline bool is_reset(__u8 kind)
{
	return kind == RW_KIND_RST_ACTIVE || kind == RW_KIND_RST_ANSWER ||
	       kind == RW_KIND_RST_RECEIVED;
}

static __always_inline bool kind_passes(__u8 kind)
{
	return !config.rst_only || is_reset(kind);
}

static __always_inline bool cause_passes(__u32 cause)
{
	return config.cause_mask & (1ULL << cause);
}

static __always_inline bool filters_tasks(void)
{
	return config.filter_pid || config.filter_comm;
}

/* The name and its NUL are compared; what follows may be an older name's. */
static __always_inline bool comm_matches(const char *comm)
{
	const __u32 *c = (const __u32 *)comm;

	return !((c[0] & config.comm_mask[0]) ^ config.comm[0] ||
		 (c[1] & config.comm_mask[1]) ^ config.comm[1] ||
		 (c[2] & config.comm_mask[2]) ^ config.comm[2] ||
		 (c[3] & config.comm_mask[3]) ^ config.comm[3]);
}

/* One and the same task has to be all that was asked for. */
static __always_inline bool task_matches(__u32 pid, const char *comm)
{
	if (config.filter_pid && !is_watched(pid))
		return false;
	return !config.filter_comm || comm_matches(comm);
}

/*
 * The owner is not known. Where somebody still holds the socket, user space
 * finds out who it is and decides.
 */
static __always_inline bool ask_owner(struct rw_evidence *e)
{
	if (!(e->flags & RW_F_SK) || e->flags & (RW_F_DEAD | RW_F_TW))
		return false;
	e->flags |= RW_F_ASK_OWNER;
	return true;
}

#endif
