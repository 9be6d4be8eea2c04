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

/* What the connection itself decides: asked before any evidence is read. */
static __always_inline bool tuple_passes(const struct rw_tuple *t, __u8 family)
{
	if (config.family && config.family != family)
		return false;
	return !config.port_filter || port_passes(t);
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

/*
 * Where neither is known and somebody still holds the socket, user space finds
 * out who it is and decides.
 */
static __always_inline bool pid_passes(struct rw_evidence *e, __u32 actor,
				       __u32 owner)
{
	if (!config.filter_pid)
		return true;
	if (actor && is_watched(actor))
		return true;
	if (owner)
		return is_watched(owner);
	if (!(e->flags & RW_F_SK) || e->flags & (RW_F_DEAD | RW_F_TW))
		return false;
	e->flags |= RW_F_ASK_OWNER;
	return true;
}

#endif
