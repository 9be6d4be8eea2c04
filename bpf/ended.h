/* SPDX-License-Identifier: GPL-2.0 */
/* Connections that ended, for what the peer still sends. */
#ifndef RSTWATCH_ENDED_H
#define RSTWATCH_ENDED_H

#include "bpf/context.h"

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
	/* not before these, which who names the last one's owner looks at */
	end->owner.pid = 0;
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
