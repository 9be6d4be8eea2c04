/* SPDX-License-Identifier: GPL-2.0 */
/* What is remembered between one hook and the next, and for how long. */
#ifndef RSTWATCH_CONTEXT_H
#define RSTWATCH_CONTEXT_H

#include "bpf/evidence.h"
#include "bpf/filter.h"
#include "bpf/ns_pid.h"

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
	return address(sk);
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

static __always_inline struct rw_context *find_context(const struct sock *sk)
{
	__u64 key = sk_key(sk);
	struct rw_context *c = bpf_map_lookup_elem(&contexts, &key);

	return c && c->hash == sk_hash(sk) ? c : NULL;
}

/* The context of a call on this socket that this task is inside of now. */
static __always_inline struct rw_context *own_context(const struct sock *sk,
						      __u32 path)
{
	struct rw_context *c = find_context(sk);

	if (!c || !(c->e.path & path) ||
	    c->tid != (__u32)bpf_get_current_pid_tgid())
		return NULL;
	return c;
}

/*
 * Deaths that were told
 */

static __always_inline void count_death_near(__u64 key, __s64 more)
{
#ifdef RW_TRACEPOINT
	__sync_fetch_and_add(deaths_near(key), more);
#endif
}

/*
 * What was dropped keeps its place: the next socket in that memory, which is
 * used again at once, writes it over, a fraction of what an update costs.
 */
static __always_inline void keep_death(const struct sock *sk,
				       struct rw_death *d)
{
	__u64 key = sk_key(sk);
	struct rw_death *old = bpf_map_lookup_elem(&deaths, &key);

	d->hash = sk_hash(sk);
	if (!old || old->dropped)
		count_death_near(key, 1);
	if (old)
		*old = *d;
	else
		bpf_map_update_elem(&deaths, &key, d, BPF_ANY);
}

static __always_inline void drop_death(const struct sock *sk)
{
	__u64 key = sk_key(sk);
	struct rw_death *d = bpf_map_lookup_elem(&deaths, &key);

	if (!d || d->dropped)
		return;
	d->dropped = 1;
	count_death_near(key, -1);
}

#ifdef RW_TRACEPOINT
/* False for most sockets without a death, and for none that has one. */
static __always_inline bool death_is_near(const struct sock *sk)
{
	return *deaths_near(sk_key(sk));
}
#endif

static __always_inline struct rw_death *find_death(const struct sock *sk)
{
	__u64 key = sk_key(sk);
	struct rw_death *d = bpf_map_lookup_elem(&deaths, &key);

	return d && !d->dropped && d->hash == sk_hash(sk) ? d : NULL;
}

/*
 * Tasks
 */

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
	__u64 *to = (__u64 *)comm, *from;

	if (!HAS_TYPED_TASK) {
		bpf_get_current_comm(comm, RW_COMM_LEN);
		return;
	}
	from = (__u64 *)task->comm;
	to[0] = from[0];
	to[1] = from[1];
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
	__u64 id = bpf_get_current_pid_tgid();

	t->pid = id >> 32;
	t->tid = id;
	t->uid = current_uid(task);
	t->ns_pid = current_ns_pid(task, t->pid);
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

/* The task that acts now has made this connection. */
static __always_inline void keep_owner(const struct sock *sk, __u32 source)
{
	__u64 key = sk_key(sk);
	struct rw_owner_set *set = owner_set(key, config.owner_sets);
	struct rw_owner *owner;

	if (!set || is_deputy())
		return;
	owner = owner_place(set, key);
	owner->sk = key;
	owner->hash = sk_hash(sk);
	owner->source = source;
	read_task(&owner->task);
}

/*
 * Connections that ended
 */

/* Older ends are another connection's: ports are used again. */
#define ENDED_NS (300 * 1000000000ULL)
/* One that must make room earlier is counted. */
#define PROMISED_NS (120 * 1000000000ULL)

/* The last eight bytes tell most connections apart: ports and netns. */
static __always_inline __u64 tuple_tail(const struct rw_tuple *t)
{
	return *(const __u64 *)&t->lport;
}

static __always_inline bool same_tuple(const struct rw_tuple *a,
				       const struct rw_tuple *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) |
		 (x[4] ^ y[4]));
}

static __always_inline struct rw_ended_set *ended_set(const struct rw_tuple *t)
{
	const __u64 *word = (const __u64 *)t;
	__u64 h = (word[2] ^ word[3] ^ word[4]) * 0x9e3779b97f4a7c15ULL;
	__u32 set = h >> config.ended_shift; /* the best mixed bits */

	return bpf_map_lookup_elem(&ended, &set);
}

/* With --cgroup only of sockets in it: their late segments are to be shown. */
static __always_inline __u64 cgroup_to_keep(const struct sock *sk)
{
	if (config.cgroup && !in_cgroup(address(sk)))
		return 0;
	return sk_cgroup_id(sk);
}

/* Remember this connection, for what the peer still sends: by nobody so far. */
static __always_inline struct rw_ended *
remember(const struct sock *sk, const struct rw_tuple *t, __u64 now)
{
	struct rw_ended_set *set = ended_set(t);
	struct rw_ended *end;

	if (!set)
		return NULL;
	end = &set->way[set->next++ & (ENDED_WAYS - 1)];
	if (end->ktime_ns + PROMISED_NS > now && end->ktime_ns)
		count_full(RW_FULL_ENDED);
	end->tuple = *t;
	end->ktime_ns = now;
	end->cgroup = cgroup_to_keep(sk);
	end->sk = sk_key(sk);
	end->hash = sk_hash(sk);
	end->owner.pid = 0;
	return end;
}

/* The same; the owner, if anybody, is the task that is acting. */
static __always_inline void remember_end(const struct sock *sk,
					 const struct rw_tuple *t, __u64 now,
					 bool owner)
{
	struct rw_ended *end = remember(sk, t, now);

	if (end && owner)
		read_actor(&end->owner);
}

/* The verifier need not follow each place by itself. */
static __always_inline __u32 any_of(__u32 place)
{
	return forgotten(place) & (ENDED_WAYS - 1);
}

/* The last end of a connection with these addresses, if there is one. */
static __always_inline struct rw_ended *last_end(struct rw_ended_set *set,
						 const struct rw_tuple *t)
{
	struct rw_ended *end;
	__u64 newest = 0;
	__u32 place = 0;

#pragma unroll
	for (int i = 0; i < ENDED_WAYS; i++) {
		end = &set->way[i];
		if (tuple_tail(&end->tuple) != tuple_tail(t) ||
		    end->ktime_ns < newest)
			continue;
		newest = end->ktime_ns;
		place = i;
	}
	end = &set->way[any_of(place)];
	return same_tuple(&end->tuple, t) ? end : NULL;
}

/*
 * Did this event come after the end of its connection? A socket that somebody
 * holds has not ended, and a SYN begins a new one: for them an entry with the
 * same addresses belongs to an earlier connection. Where nothing is left of a
 * connection, the listener gets what comes for it.
 */
static __always_inline struct rw_ended *find_end(const struct rw_evidence *e,
						 const struct rw_tuple *t,
						 __u64 sk, __u64 now)
{
	struct rw_ended_set *set;
	struct rw_ended *end;
	bool opens = e->flags & RW_F_TRIGGER &&
		     (e->trigger & (RW_TH_SYN | RW_TH_ACK)) == RW_TH_SYN;
	bool astray = !(e->flags & RW_F_SK) || e->state == RW_TCP_LISTEN;

	if (opens || !(astray || e->flags & (RW_F_DEAD | RW_F_TW)))
		return NULL;
	set = ended_set(t);
	if (!set)
		return NULL;
	end = last_end(set, t);
	barrier_var(end); /* or older verifiers lose sight of what is NULL */
	if (!end || now - end->ktime_ns >= ENDED_NS)
		return NULL;
	if (!astray && e->flags & RW_F_DEAD && end->sk != sk)
		return NULL;
	return end;
}

#endif
