/* SPDX-License-Identifier: GPL-2.0 */
/* What is remembered between one hook and the next, and for how long. */
#ifndef RSTWATCH_CONTEXT_H
#define RSTWATCH_CONTEXT_H

#include "bpf/evidence.h"
#include "bpf/filter.h"
#include "bpf/ns_pid.h"

/* Whom this is about: what is known beside the evidence. */
struct rw_subject {
	struct rw_tuple tuple;
	__u64 ktime_ns; /* of the event, CLOCK_MONOTONIC */
	__u64 sk;
	__u64 cookie;
	__u64 cgroup; /* as in struct rw_event */
	__u64 home;   /* the full socket it is in that cgroup with; 0: none */
	__u64 net;    /* struct net *, where there is no socket to ask */
#ifdef RW_TYPED
	const struct net *typed_net; /* of a full socket: loads are direct */
#endif
	__u32 hash; /* skc_hash of a full socket */
	__u8 family;
	__u8 owner_source; /* RW_OWNER_NONE: look among the ended */
};

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

/* Beside sk and hash, which say whose place it is */
static __always_inline void keep_connection(struct rw_connection *of,
					    const struct rw_subject *s)
{
	of->cookie = s->cookie;
	of->cgroup = s->cgroup;
	of->tuple = s->tuple;
	of->family = s->family;
}

/*
 * Calls under way
 */

/* In contexts and in deaths */
static __always_inline __u32 set_number(__u64 sk)
{
	return (sk * 0x9e3779b97f4a7c15ULL) >> config.context_shift;
}

/*
 * The place of the socket with this key, if it has one in @set. The verifier need
 * not follow each place by itself.
 */
#define PLACE_OF(set, key)                                                    \
	({                                                                    \
		const __u32 last_ = RW_CONTEXT_WAYS - 1;                      \
		__u32 place_ = last_;                                         \
                                                                              \
		_Pragma("unroll") for (__u32 i = 0; i < last_;                \
				       i++) if ((set)->way[i].of.sk == (key)) \
			place_ = i;                                           \
		&(set)->way[forgotten(place_) & last_];                       \
	})

static __always_inline struct rw_context_set *context_set(__u64 sk)
{
	__u32 set = set_number(sk);

	return bpf_map_lookup_elem(&contexts, &set);
}

/* No close() waits longer than SO_LINGER says: that of this one was not seen. */
static __always_inline bool is_overdue(const struct rw_context *c)
{
	__u64 longest_s = c->e.linger / config.hz + 2;

	return bpf_ktime_get_ns() - c->ktime_ns > longest_s * 1000000000;
}

/* Closes that wait for SO_LINGER leave a place to those that do not. */
static __always_inline bool is_open_to(const struct rw_context *c, int way,
				       bool waits)
{
	if (waits && way == LAST_WAY)
		return false;
	return !(c->e.flags & RW_F_WILL_WAIT) || is_overdue(c);
}

/*
 * Is this call not over yet? What nobody fetched looks the same and is no loss,
 * but until its call returns a task holds the lock of that socket. A close() that
 * waits for SO_LINGER lets go of the lock: if it is yet to be told, await_no_more()
 * looks after it; if not, a reset that follows is told from the socket.
 */
static __always_inline bool is_under_way(const struct rw_context *c)
{
	const struct sock *sk = (void *)c->of.sk;

	return c->e.path && PEEK(sk, sk_lock.owned) &&
	       PEEK(sk, __sk_common.skc_hash) == c->of.hash;
}

/*
 * The place of this socket in its set, or else the oldest whose call does not
 * wait. CONTEXT_WAYS: there is none for a call that @waits. Counted: that, and a
 * place taken from a call under way. Global, so that the verifier looks at it
 * once, not through all that comes after each of its ends.
 */
__noinline int context_place(__u64 sk, int waits)
{
	const struct rw_context_set *set = context_set(sk);
	int place = CONTEXT_WAYS;
	__u64 oldest = ~0ULL;

	if (!set)
		return place;
#pragma unroll
	for (int i = 0; i < CONTEXT_WAYS; i++)
		if (set->way[i].of.sk == sk && !(waits && i == LAST_WAY))
			return i;
#pragma unroll
	for (int i = 0; i < CONTEXT_WAYS; i++) {
		if (!is_open_to(&set->way[i], i, waits) ||
		    set->way[i].ktime_ns >= oldest)
			continue;
		oldest = set->way[i].ktime_ns;
		place = i;
	}
	if (place == CONTEXT_WAYS || is_under_way(&set->way[place]))
		count_full(RW_FULL_CONTEXTS, 1);
	return place;
}

/*
 * A kretprobe follows only so many calls to their return, and who waits is in the
 * way of all others. Will the return of one more be seen? If not, it is told at once.
 * (Below zero: two CPUs gave the same place away.)
 */
static __always_inline bool return_is_seen(void)
{
#ifdef RW_KPROBE
	return config.has_exit_hook && (__s32)waiting < (__s32)config.returns;
#else
	return config.has_exit_hook;
#endif
}

/* Counted as not followed to its end until it is. */
static __always_inline void await_return(struct rw_context *c)
{
	c->e.flags = RW_F_WILL_WAIT;
	count_full(RW_FULL_CONTEXTS, 1);
#ifdef RW_KPROBE
	__sync_fetch_and_add(&waiting, 1);
#endif
}

/*
 * Before its place is cleared. A FIN that is not told by then never is: close() went
 * on to reset its orphan, somebody else reset it, or the return was not seen.
 */
static __always_inline void await_no_more(const struct rw_context *c)
{
	if (!(c->e.flags & RW_F_WILL_WAIT))
		return;
	if (!(c->e.path & RW_PATH_SEND_FIN))
		count_full(RW_FULL_CONTEXTS, -1);
#ifdef RW_KPROBE
	__sync_fetch_and_add(&waiting, -1);
#endif
}

/*
 * Where to write down what is seen of a call on this socket. @hash: sk_hash()
 * Return: NULL if there is no room, which only one that @waits can meet
 */
static __always_inline struct rw_context *take_place(__u64 sk, __u32 hash,
						     __u64 now, bool waits)
{
	__u32 place = context_place(sk, waits);
	struct rw_context_set *set = context_set(sk);
	struct rw_context *c;

	if (!set || place >= CONTEXT_WAYS)
		return NULL;
	c = &set->way[place];
	SETTLE(c);
	await_no_more(c);
	c->e = (struct rw_evidence){};
	c->ktime_ns = now;
	c->of.sk = sk;
	c->of.hash = hash;
	c->tid = current_tid();
	return c;
}

/* The same, for the act to be told without another look at the socket. */
static __always_inline struct rw_context *
take_context(const struct rw_subject *s, bool waits)
{
	struct rw_context *c = take_place(s->sk, s->hash, s->ktime_ns, waits);

	if (c)
		keep_connection(&c->of, s);
	return c;
}

/* Only the path is known of this call so far. */
static __always_inline void keep_path(const struct sock *sk, __u32 path)
{
	struct rw_context *c =
		take_place(sk_key(sk), sk_hash(sk), bpf_ktime_get_ns(), false);

	if (c)
		c->e.path = path;
}

static __always_inline void drop_context(struct rw_context *c)
{
	await_no_more(c);
	c->e.path = 0;
	c->e.flags = 0;
	c->ktime_ns = 0;
}

static __always_inline struct rw_context *find_context(const struct sock *sk)
{
	__u64 key = sk_key(sk);
	struct rw_context_set *set = context_set(key);
	struct rw_context *c;

	if (!set)
		return NULL;
	c = PLACE_OF(set, key);
	SETTLE(c);
	return c->of.sk == key && c->of.hash == sk_hash(sk) ? c : NULL;
}

/* The context of a call on this socket that this task is inside of now. */
static __always_inline struct rw_context *own_context(const struct sock *sk,
						      __u32 path)
{
	struct rw_context *c = find_context(sk);

	if (!c || !(c->e.path & path) || c->tid != current_tid())
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

static __always_inline struct rw_death_set *death_set(__u64 sk)
{
	__u32 set = set_number(sk);

	return bpf_map_lookup_elem(&deaths, &set);
}

/*
 * Is an owner to be named yet? By the close of a socket that somebody holds; one
 * that is closed, or connected anew, never comes back to this death. Nor is it for
 * an end that was not shown.
 */
static __always_inline bool is_awaited(const struct rw_death *d)
{
	const struct sock *sk = (void *)d->of.sk;

	if (!cause_passes(d->cause) ||
	    (config.filters && !tuple_passes(&d->of.tuple, d->of.family)))
		return false;
	return d->await_owner && PEEK(sk, __sk_common.skc_hash) == d->of.hash &&
	       !SK_FLAG(PEEK(sk, __sk_common.skc_flags), SOCK_DEAD);
}

/*
 * The place of this socket, or the one that is given to it; counted, where that
 * was still awaited. Global: see above
 */
__noinline int death_place(__u64 sk)
{
	struct rw_death_set *set = death_set(sk);
	__u32 place;

	if (!set)
		return DEATH_WAYS;
#pragma unroll
	for (int i = 0; i < DEATH_WAYS; i++)
		if (set->way[i].of.sk == sk)
			return i;
#pragma unroll
	for (int i = 0; i < DEATH_WAYS; i++)
		if (!set->way[i].kept)
			return i;
	place = set->next++ & (DEATH_WAYS - 1);
	if (is_awaited(&set->way[place]))
		count_full(RW_FULL_DEATHS, 1);
	return place;
}

/* A place for this one, of which the rest is to be set; NULL: none */
static __always_inline struct rw_death *keep_death(__u64 sk, __u32 hash)
{
	__u32 place = death_place(sk);
	struct rw_death_set *set = death_set(sk);
	struct rw_death *d;

	if (!set || place >= DEATH_WAYS)
		return NULL;
	d = &set->way[place];
	SETTLE(d);
	if (!d->kept || d->of.sk != sk)
		count_death_near(sk, 1);
	d->of.sk = sk;
	d->of.hash = hash;
	d->kept = 1;
	return d;
}

static __always_inline void drop_death(struct rw_death *d, __u64 key)
{
	d->kept = 0;
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
	struct rw_death_set *set = death_set(key);
	struct rw_death *d;

	if (!set)
		return NULL;
	d = PLACE_OF(set, key);
	SETTLE(d);
	return d->kept && d->of.sk == key && d->of.hash == sk_hash(sk) ? d
								       : NULL;
}

/*
 * Tasks
 */

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

static __always_inline bool same_tuple(const struct rw_tuple *a,
				       const struct rw_tuple *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) |
		 (x[4] ^ y[4]));
}

static __always_inline __u32 ended_number(const struct rw_tuple *t)
{
	const __u64 *word = (const __u64 *)t;
	__u64 h = (word[2] ^ word[3] ^ word[4]) * 0x9e3779b97f4a7c15ULL;

	return h >> config.ended_shift; /* the best mixed bits */
}

#define NOT_REMEMBERED (~0u)

/*
 * Remember a connection with these addresses, for what the peer still sends.
 * @where: for remembered(). Return: what else there is to say of it, NULL: nowhere
 */
static __always_inline struct rw_ended *take_end(const struct rw_tuple *t,
						 __u64 now, __u32 *where)
{
	__u32 number = ended_number(t), way;
	struct rw_ended_set *set = bpf_map_lookup_elem(&ended, &number);
	struct rw_ended *end;

	if (!set)
		return NULL;
	way = set->next++ & (ENDED_WAYS - 1);
	end = &set->way[way];
	SETTLE(end);
	if (end->ktime_ns + PROMISED_NS > now && end->ktime_ns)
		count_full(RW_FULL_ENDED, 1);
	end->tuple = *t;
	end->ktime_ns = now;
	*where = number * ENDED_WAYS + way;
	return end;
}

/* With --cgroup only the one asked for is kept. @sk, @hash: its socket */
static __always_inline void end_of(struct rw_ended *end, __u64 sk, __u32 hash,
				   __u64 cgroup)
{
	end->sk = sk;
	end->hash = hash;
	end->owner.pid =
		0; /* whoever names the last one's owner looks at these */
	end->cgroup = config.cgroup && !in_cgroup(sk) ? 0 : cgroup;
}

/* The @owner, if anybody, is the task that is acting. Return: where it is */
static __always_inline __u32 remember_end(const struct rw_subject *s,
					  bool owner)
{
	__u32 where = NOT_REMEMBERED;
	struct rw_ended *end = take_end(&s->tuple, s->ktime_ns, &where);

	if (!end)
		return NOT_REMEMBERED;
	end_of(end, s->sk, s->hash, s->cgroup);
	if (owner)
		read_actor(&end->owner);
	return where;
}

/* The end that was remembered @where, unless the place has been given away. */
static __always_inline struct rw_ended *remembered(__u32 where, __u64 sk,
						   __u32 hash)
{
	__u32 number = where / ENDED_WAYS;
	struct rw_ended_set *set = bpf_map_lookup_elem(&ended, &number);
	struct rw_ended *end;

	if (!set)
		return NULL;
	end = &set->way[where % ENDED_WAYS];
	return end->sk == sk && end->hash == hash ? end : NULL;
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
		if (end->tuple.tail != t->tail || end->ktime_ns < newest)
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
	__u32 number;
	bool opens = e->flags & RW_F_TRIGGER &&
		     (e->trigger & (RW_TH_SYN | RW_TH_ACK)) == RW_TH_SYN;
	bool astray = !(e->flags & RW_F_SK) || e->state == RW_TCP_LISTEN;

	if (opens || !(astray || e->flags & (RW_F_DEAD | RW_F_TW)))
		return NULL;
	number = ended_number(t);
	set = bpf_map_lookup_elem(&ended, &number);
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
