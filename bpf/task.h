/* SPDX-License-Identifier: GPL-2.0 */
/* Who acts: the task that a hook runs in, and what is read of it. */
#ifndef RSTWATCH_TASK_H
#define RSTWATCH_TASK_H

#include "bpf/evidence.h"
#include "bpf/ns_pid.h"

/* Typed, so that loads are direct, where the helper exists (5.11). */
#define HAS_TYPED_TASK                                      \
	bpf_core_enum_value_exists(enum bpf_func_id___task, \
				   BPF_FUNC_get_current_task_btf___task)

/* Whoever is current. The helper is a call: asked once for all that is read. */
static __always_inline struct task_struct *current_task(void)
{
	return HAS_TYPED_TASK ? bpf_get_current_task_btf()
			      : (struct task_struct *)bpf_get_current_task();
}

/* @task: from current_task() */
#define TASK_LOAD(task, field) \
	(HAS_TYPED_TASK ? (task)->field : PEEK(task, field))

static __always_inline __u32 current_tid(void)
{
	return HAS_TYPED_TASK ? (__u32)bpf_get_current_task_btf()->pid
			      : (__u32)bpf_get_current_pid_tgid();
}

/* Acts for somebody else: a worker of the kernel. */
static __always_inline bool works_for_kernel(struct task_struct *task)
{
	return TASK_LOAD(task, flags) & PF_KTHREAD;
}

static __always_inline bool is_deputy(void)
{
	return works_for_kernel(current_task());
}

/* As seen from the initial user namespace; the helper maps uid and gid. */
static __always_inline __u32 current_uid(struct task_struct *task)
{
	if (HAS_TYPED_TASK)
		return task->cred->uid.val;
	return bpf_get_current_uid_gid();
}

static __always_inline void read_comm(struct task_struct *task, char *comm)
{
	__u64 *to = (__u64 *)comm;

	if (!HAS_TYPED_TASK) {
		bpf_get_current_comm(comm, RW_COMM_LEN);
		return;
	}
	to[0] = *(__u64 *)&task->comm[0];
	to[1] = *(__u64 *)&task->comm[8];
}

/* Global, so that its reads are not on the stack of whoever wants to know. */
__noinline int contained_pid(void)
{
	return task_ns_pid((void *)bpf_get_current_task());
}

/* @tgid: its number in the initial namespace, which most processes are in */
static __always_inline __u32 current_ns_pid(struct task_struct *task,
					    __u32 tgid)
{
	__u32 level = HAS_TYPED_TASK ? task->thread_pid->level
				     : PEEK(task, thread_pid, level);

	return level ? contained_pid() : tgid;
}

/* How the process that current is leaving was ended: RW_EXIT_* */
static __always_inline __u8 current_exit(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u8 signal = PEEK(task, exit_code) & RW_EXIT_SIGNAL;

	/* tsk_is_oom_victim(); one that was leaving by itself can be marked */
	if (signal == SIGKILL && PEEK(task, signal, oom_mm))
		signal |= RW_EXIT_OOM;
	return signal;
}

/* @task: from current_task() */
static __always_inline void read_task_of(struct rw_task *t,
					 struct task_struct *task)
{
	__u64 id;

	if (HAS_TYPED_TASK) {
		t->pid = task->tgid;
		t->tid = task->pid;
	} else {
		id = bpf_get_current_pid_tgid();
		t->pid = id >> 32;
		t->tid = id;
	}
	t->uid = t->ns_pid = 0;
	if (config.identity) {
		t->uid = current_uid(task);
		t->ns_pid = current_ns_pid(task, t->pid);
	}
	read_comm(task, t->comm);
}

static __always_inline void read_task(struct rw_task *t)
{
	read_task_of(t, current_task());
}

/* Return: false if there is nobody to name: a worker of the kernel. */
static __always_inline bool read_actor(struct rw_task *t)
{
	struct task_struct *task = current_task();

	if (works_for_kernel(task))
		return false;
	read_task_of(t, task);
	return true;
}

#endif
