/* SPDX-License-Identifier: GPL-2.0 */
/* A process as its own pid namespace numbers it, as in a container. */
#ifndef RSTWATCH_NS_PID_H
#define RSTWATCH_NS_PID_H

#include "bpf/flavour.h"

/*
 * A struct pid has one number for each namespace it is seen in; the innermost
 * is its own. The array has one element or is flexible, so its place is
 * computed.
 */
static __always_inline __u32 innermost_nr(struct pid *pid)
{
	__u32 level = PEEK(pid, level), nr = 0;

	bpf_probe_read_kernel(
		&nr, sizeof(nr),
		(char *)pid + bpf_core_field_offset(struct pid, numbers) +
			level * bpf_core_type_size(struct upid));
	return nr;
}

static __always_inline __u32 task_ns_pid(struct task_struct *task)
{
	return innermost_nr(PEEK(task, signal, pids[PIDTYPE_TGID]));
}

#endif
