/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who descends from the command that rstwatch was given to run. Attached only
 * then, the same in every flavour: what a watched process forks is watched
 * before it runs, whoever its parent is later.
 */
#ifndef RSTWATCH_FOLLOW_H
#define RSTWATCH_FOLLOW_H

#include "bpf/filter.h"

/*
 * Called by the parent, before the child can run (kernel_clone(),
 * kernel/fork.c). A number that is used again is no longer the one that ended.
 */
SEC("raw_tp/sched_process_fork")
int BPF_PROG(on_sched_process_fork, struct task_struct *parent,
	     struct task_struct *child)
{
	__u32 from = bpf_get_current_pid_tgid() >> 32;
	__u32 pid = PEEK(child, tgid);
	__u8 one = 1;

	if (pid == from) /* a thread */
		return 0;
	bpf_map_delete_elem(&gone_pids, &pid);
	if (!is_watched(from)) {
		bpf_map_delete_elem(&pids, &pid);
		return 0;
	}
	if (bpf_map_update_elem(&pids, &pid, &one, BPF_ANY))
		count_full(RW_FULL_PIDS, 1);
	return 0;
}

/* Nobody waits for this process any more, all its files are closed. */
SEC("raw_tp/sched_process_free")
int BPF_PROG(on_sched_process_free, struct task_struct *task)
{
	int pid = PEEK(task, tgid);
	__u8 one = 1;

	if (PEEK(task, pid) != pid || bpf_map_delete_elem(&pids, &pid))
		return 0;
	bpf_map_update_elem(&gone_pids, &pid, &one, BPF_ANY);
	return 0;
}

#endif
