/* SPDX-License-Identifier: GPL-2.0 */
/* What is remembered between one hook and the next, and for how long. */
#ifndef RSTWATCH_CONTEXT_H
#define RSTWATCH_CONTEXT_H

#include "bpf/evidence.h"

/*
 * The memory of a struct sock is used again at once (SLAB_TYPESAFE_BY_RCU).
 * The hash of its addresses is set when it is connected and stays when it is
 * closed, so that what was kept for another connection is not believed.
 */
static __always_inline __u32 sk_hash(const struct sock *sk)
{
	return LOAD(sk, __sk_common.skc_hash);
}

static __always_inline __u64 sk_key(const struct sock *sk)
{
	return (__u64)sk;
}

/*
 * Calls under way
 */

static __always_inline void keep_context(const struct sock *sk,
					 struct rw_context *c)
{
	__u64 key = sk_key(sk);

	c->hash = sk_hash(sk);
	bpf_map_update_elem(&contexts, &key, c, BPF_ANY);
}

/* Only the path is known of this call so far. */
static __always_inline void keep_path(const struct sock *sk, __u32 path)
{
	struct rw_context c = {};

	c.e.path = path;
	c.tid = bpf_get_current_pid_tgid();
	keep_context(sk, &c);
}

static __always_inline void drop_context(const struct sock *sk)
{
	__u64 key = sk_key(sk);

	bpf_map_delete_elem(&contexts, &key);
}

/* The context of a call on this socket that this task is inside of now. */
static __always_inline struct rw_context *own_context(const struct sock *sk,
						      __u32 path)
{
	__u64 key = sk_key(sk);
	struct rw_context *c = bpf_map_lookup_elem(&contexts, &key);

	if (!c || !(c->e.path & path) || c->hash != sk_hash(sk) ||
	    c->tid != (__u32)bpf_get_current_pid_tgid())
		return NULL;
	return c;
}

/*
 * Deaths that were told
 */

static __always_inline void keep_death(const struct sock *sk,
				       struct rw_death *d)
{
	__u64 key = sk_key(sk);

	d->hash = sk_hash(sk);
	bpf_map_update_elem(&deaths, &key, d, BPF_ANY);
}

static __always_inline void drop_death(const struct sock *sk)
{
	__u64 key = sk_key(sk);

	bpf_map_delete_elem(&deaths, &key);
}

static __always_inline struct rw_death *find_death(const struct sock *sk)
{
	__u64 key = sk_key(sk);
	struct rw_death *d = bpf_map_lookup_elem(&deaths, &key);

	return d && d->hash == sk_hash(sk) ? d : NULL;
}

/*
 * Tasks
 */

static __always_inline __u32 task_flags(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return PEEK(task, flags);
}

/* A worker of the kernel acts for somebody else: it is nobody's process. */
static __always_inline bool is_kernel_thread(void)
{
	return task_flags() & PF_KTHREAD;
}

static __always_inline void read_task(struct rw_task *t)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();

	t->pid = id >> 32;
	t->tid = id;
	t->uid = bpf_get_current_uid_gid();
	t->exit_code = PEEK(task, exit_code);
	bpf_get_current_comm(t->comm, sizeof(t->comm));
}

/*
 * Connections that ended
 */

/* Older ends are another connection's: ports are used again. */
#define ENDED_NS (300 * 1000000000ULL)

/*
 * Remember who ended this connection, for what the peer still sends. Without
 * @owner nobody is known; then an owner known from an earlier close() of this
 * same connection, by now an orphan, stays.
 */
static __always_inline void remember_end(const struct rw_tuple *t, bool owner,
					 bool orphan)
{
	struct rw_ended end = {};

	end.ktime_ns = bpf_ktime_get_ns();
	if (owner && !is_kernel_thread())
		read_task(&end.owner);
	bpf_map_update_elem(&ended, t, &end,
			    !owner && orphan ? BPF_NOEXIST : BPF_ANY);
}

/*
 * Did this event come after the end of its connection? A socket that somebody
 * holds has not ended, and a SYN begins a new one: for them an entry with the
 * same addresses belongs to an earlier connection.
 */
static __always_inline const struct rw_ended *
find_end(const struct rw_evidence *e, const struct rw_tuple *t)
{
	const struct rw_ended *end;
	bool opens = e->flags & RW_F_TRIGGER &&
		     (e->trigger & (RW_TH_SYN | RW_TH_ACK)) == RW_TH_SYN;
	bool gone = !(e->flags & RW_F_SK) ||
		    e->flags & (RW_F_DEAD | RW_F_TW);

	if (opens || !gone)
		return NULL;
	end = bpf_map_lookup_elem(&ended, t);
	if (!end || bpf_ktime_get_ns() - end->ktime_ns > ENDED_NS)
		return NULL;
	return end;
}

#endif
