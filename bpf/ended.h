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

/* Where the chain of a connection with these addresses begins */
static __always_inline __u32 ended_chain(const struct rw_tuple *t)
{
	const __u64 *word = (const __u64 *)t;
	__u64 h = (word[2] ^ word[3] ^ word[4]) * 0x9e3779b97f4a7c15ULL;

	return h >> config.ended_shift; /* the best mixed bits */
}

#define NOT_REMEMBERED (~0u)

static __always_inline struct rw_ended *end_at(__u32 number)
{
	return bpf_map_lookup_elem(&ended, &number);
}

static __always_inline struct rw_cursor *ended_cursor(__u32 cpu)
{
	return &ended_cursors[cpu & (ENDED_CURSORS - 1)];
}

/* How many of the block that begins with @first are not old enough to go? */
static __always_inline __u32 gone_too_early(__u32 first, __u64 now)
{
	struct rw_ended *end;

	for (__u32 i = 0; i < ENDED_BLOCK; i++) {
		end = end_at(first + i);
		if (!end || !end->ktime_ns)
			break;
		if (end->ktime_ns + PROMISED_NS > now)
			return ENDED_BLOCK - i;
	}
	return 0;
}

/*
 * The block that was written to first goes to this @cpu, whose own is full. Of what
 * wants one at the same time, interrupting or preempting the other, at most one gets
 * it; the rest is counted. (Before 5.12 an atomic addition tells no result.) Global,
 * so that the verifier looks at it once. Return: its first number, for this end
 */
__noinline __u32 open_block(__u32 cpu, __u64 now)
{
	struct rw_cursor *cursor = ended_cursor(cpu);
	__u32 number = NOT_REMEMBERED, early = 1, block = 0, full;

	__sync_fetch_and_add(&cursor->opening, 1);
	if (*(volatile __u32 *)&cursor->opening == 1 &&
	    !bpf_map_pop_elem(&ended_blocks, &block)) {
		full = cursor->end;
		number = block * ENDED_BLOCK;
		cursor->end = number + ENDED_BLOCK;
		cursor->left = ENDED_BLOCK - 1;
		if (full) {
			block = full / ENDED_BLOCK - 1;
			bpf_map_push_elem(&ended_blocks, &block, BPF_ANY);
		}
		early = gone_too_early(number, now);
	}
	__sync_fetch_and_add(&cursor->opening, -1);
	count_full(RW_FULL_ENDED, early);
	return number;
}

/*
 * Where to write down the next end. @now: CLOCK_MONOTONIC; @where: its number, also
 * for remembered(). Return: NULL: nowhere
 */
static __always_inline struct rw_ended *take_end(__u64 now, __u32 *where)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct rw_cursor *cursor = ended_cursor(cpu);
	__u32 left = cursor->left;
	struct rw_ended *end;

	if (left) {
		cursor->left = left - 1;
		*where = cursor->end - left;
	} else {
		*where = open_block(cpu, now);
	}
	end = end_at(*where);
	SETTLE(end);
	if (end)
		end->ktime_ns = now;
	return end;
}

/* Its addresses are written: from now on it can be found by them. */
static __always_inline void show_end(struct rw_ended *end, __u32 number)
{
	__u32 chain = ended_chain(&end->tuple);
	__u32 *latest = bpf_map_lookup_elem(&ended_latest, &chain);

	if (!latest)
		return;
	end->before = *latest;
	*latest = number + 1;
}

/* With --cgroup only the one asked for is kept. @sk, @hash: its socket */
static __always_inline void end_of(struct rw_ended *end, __u64 sk, __u32 hash,
				   __u64 cgroup)
{
	end->sk = sk;
	end->hash = hash;
	/* not before these, which who names the last one's owner looks at */
	end->owner.pid = 0;
	end->cgroup = cgroup;
	if (config.cgroup && !in_cgroup(address((void *)sk)))
		end->cgroup = 0;
}

/* The @owner, if anybody, is the task that is acting. Return: where it is */
static __always_inline __u32 remember_end(const struct rw_subject *s,
					  bool owner)
{
	__u32 where;
	struct rw_ended *end = take_end(s->ktime_ns, &where);

	if (!end)
		return NOT_REMEMBERED;
	end->tuple = s->tuple;
	end_of(end, s->sk, s->hash, s->cgroup);
	if (owner)
		read_actor(&end->owner);
	show_end(end, where);
	return where;
}

/* The end that was remembered @where, unless the place has been given away. */
static __always_inline struct rw_ended *remembered(__u32 where, __u64 sk,
						   __u32 hash)
{
	struct rw_ended *end = end_at(where);

	return end && end->sk == sk && end->hash == hash ? end : NULL;
}

/* Hardly ever is a chain longer: one in a million. */
#define CHAIN_MAX (4 * RW_ENDED_CHAIN)

/*
 * The number of the last end in this chain with these ports. What has been written
 * over leads into another chain, where no end has them. Global: see above
 */
__noinline __u32 end_in_chain(__u32 chain, __u64 tail)
{
	__u32 *latest = bpf_map_lookup_elem(&ended_latest, &chain);
	__u32 number = latest ? *latest - 1 : NOT_REMEMBERED;
	struct rw_ended *end;

	for (int i = 0; i < CHAIN_MAX; i++) {
		end = end_at(number);
		if (!end)
			break;
		if (end->tuple.tail == tail)
			return number;
		number = end->before - 1;
	}
	return NOT_REMEMBERED;
}

/* The last end of a connection with these addresses, if there is one. */
static __always_inline struct rw_ended *last_end(const struct rw_tuple *t)
{
	struct rw_ended *end = end_at(end_in_chain(ended_chain(t), t->tail));

	return end && same_tuple(&end->tuple, t) ? end : NULL;
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
	struct rw_ended *end;
	bool opens = e->flags & RW_F_TRIGGER &&
		     (e->trigger & (RW_TH_SYN | RW_TH_ACK)) == RW_TH_SYN;
	bool astray = !(e->flags & RW_F_SK) || e->state == RW_TCP_LISTEN;

	if (opens || !(astray || e->flags & (RW_F_DEAD | RW_F_TW)))
		return NULL;
	end = last_end(t);
	barrier_var(end); /* or older verifiers lose sight of what is NULL */
	if (!end || now - end->ktime_ns >= ENDED_NS)
		return NULL;
	if (!astray && e->flags & RW_F_DEAD && end->sk != sk)
		return NULL;
	return end;
}

#endif
