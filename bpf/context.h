/* SPDX-License-Identifier: GPL-2.0 */
/* What is remembered between one hook and the next, and for how long. */
#ifndef RSTWATCH_CONTEXT_H
#define RSTWATCH_CONTEXT_H

#include "bpf/evidence.h"
#include "bpf/filter.h"
#include "bpf/task.h"

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

#endif
