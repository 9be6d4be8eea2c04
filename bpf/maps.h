/* SPDX-License-Identifier: GPL-2.0 */
/* All maps, their bounds, and what is lost when one is full. */
#ifndef RSTWATCH_MAPS_H
#define RSTWATCH_MAPS_H

#include "bpf/event.h"
#include "bpf/owners.h"

/* Set by user space before loading; a constant to the verifier. */
const volatile struct rw_config config = {};

/*
 * For every port, one bit in each of three sets: either end, local, remote.
 * Consulted only when config.port_filter says so.
 */
const volatile __u64 port_any[RW_PORT_WORDS] = {};
const volatile __u64 port_local[RW_PORT_WORDS] = {};
const volatile __u64 port_remote[RW_PORT_WORDS] = {};

/*
 * Which connection: as its socket says while it is one, for later, when the socket
 * may have forgotten.
 */
struct rw_connection {
	__u64 sk; /* address of the socket */
	__u64 cookie;
	__u64 cgroup;
	struct rw_tuple tuple;
	__u32 hash; /* skc_hash: tells sockets at the same address apart */
	__u8 family;
	__u8 pad[3];
};

/* What has been seen of a teardown that is still under way on a socket. */
struct rw_context {
	struct rw_evidence e; /* without a path: over */
	__u64 ktime_ns;	      /* 0: its place is the first to be given away */
	/* beside sk and hash, whose place this is, only of close or disconnect */
	struct rw_connection of;
	__u32 tid; /* the task whose call this is */
	__u32 pad;
};

/*
 * Found by the address of the socket, never by thread: timers and softirqs act
 * on other sockets in between. A cache of fixed size, some places for each hash:
 * to take one and to give it back are a few stores, where an update of a hash
 * map and a delete cost more than all else a close() does here. What nobody
 * fetches is no leak: the oldest goes first. But never a close() that waits for
 * SO_LINGER, which has yet to be told. So that all others find room, the last
 * place of a set is given to no such one; one that finds none is told at once.
 */
#define CONTEXT_WAYS RW_CONTEXT_WAYS
#define LAST_WAY (CONTEXT_WAYS - 1)

struct rw_context_set {
	struct rw_context way[CONTEXT_WAYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* resized before loading: context_sets */
	__type(key, __u32);
	__type(value, struct rw_context_set);
} contexts SEC(".maps");

#ifdef RW_KPROBE
/* Calls in contexts that are told when they return. */
static volatile __u32 waiting;
#endif

/* A connection whose end was told, or is about to be, while its socket lives. */
struct rw_death {
	struct rw_connection of; /* whose place this is */
	__u64 held_ns;	  /* of a record that an answer takes back; 0: none */
	__u32 end;	  /* where it is remembered: see remember_end() */
	__u8 cause;	  /* enum rw_cause of that event */
	__u8 told;	  /* its death is no second event */
	__u8 await_owner; /* the close that follows names the owner */
	__u8 reset_state; /* state when data reset the socket from within */
	__u8 kept;	  /* else the place is free */
	__u8 pad[7];
};

/* As contexts. Where all places of a set are taken, one goes in turn. */
#define DEATH_WAYS RW_CONTEXT_WAYS

struct rw_death_set {
	__u64 next; /* the place that goes next, modulo DEATH_WAYS */
	struct rw_death way[DEATH_WAYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* resized before loading: context_sets */
	__type(key, __u32);
	__type(value, struct rw_death_set);
} deaths SEC(".maps");

/* Never written, which the verifier does not know: see forgotten(). */
static volatile __u64 known_zero;

/* The same number, of which the verifier knows nothing any more. */
static __always_inline __u32 forgotten(__u32 number)
{
	__u32 zero = known_zero;

	asm volatile("%0 ^= %1" : "+r"(number) : "r"(zero));
	return number;
}

#ifdef RW_TRACEPOINT
/*
 * How many deaths are kept of sockets that share a place here; those that were
 * pushed out of the map stay counted. Every end of a socket asks, and this is
 * a fraction of what looking into the map costs.
 */
#define DEATH_PLACES 16384
static __u64 near_deaths[DEATH_PLACES];

static __always_inline __u64 *deaths_near(__u64 sk)
{
	/* 14 bits: DEATH_PLACES */
	return &near_deaths[(sk * 0x9e3779b97f4a7c15ULL) >> 50];
}
#endif

/* Which socket a task is closing, for the return probe. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);   /* pid_tgid */
	__type(value, __u64); /* sk */
} closing_now SEC(".maps");

/* A connection that ended here, and who ended it. */
struct rw_ended {
	struct rw_tuple tuple;
	__u64 ktime_ns; /* 0: nothing was written here yet */
	__u64 cgroup;	/* as in rw_event; 0 also: not one to show */
	__u64 sk;	/* address of its socket: */
	__u32 hash;	/* with skc_hash, whose it is known to be */
	__u32 before; /* the end before it in the same chain: its number, plus 1 */
	struct rw_task owner; /* who ended it; pid 0: not known */
};

/*
 * Answers "whose was it" for segments that come after the end. A log: one end
 * is written behind the other, where the processor expects it, and the oldest go
 * first. Written all over a table of this size, each would be some cache misses: a
 * quarter of the time that -r takes of a FIN.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* resized before loading */
	__type(key, __u32);	/* the number of an end */
	__type(value, struct rw_ended);
} ended SEC(".maps");

/* How one is found: by the hash of its addresses, its chain begins here. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* resized before loading */
	__type(key, __u32);
	__type(value, __u32); /* number of the latest end, plus 1; 0: none */
} ended_latest SEC(".maps");

/*
 * Each CPU writes to a block of its own, so that none waits for another. (Beyond
 * 4096 they share, and lose one of two ends at once.)
 */
#define ENDED_BLOCK RW_ENDED_BLOCK
#define ENDED_CURSORS 4096

static struct rw_cursor {
	__u32 left;    /* so many ends have still room in the block */
	__u32 end;     /* number behind the last of them; 0: no block */
	__u32 opening; /* tasks and interrupts that want the next one */
	__u32 pad[13]; /* a cache line for each CPU */
} ended_cursors[ENDED_CURSORS];

/* Blocks that no CPU writes to, the oldest in front. Filled by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1); /* resized before loading: all blocks */
	__type(value, __u32);
} ended_blocks SEC(".maps");

/* What found no room, or took that of something still of use. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_FULL_MAX);
	__type(key, __u32);
	__type(value, __u64);
} map_full SEC(".maps");

/* A hook can be hit inside another on the same CPU: adding must not be torn. */
static __always_inline void count_one(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* @more: 1, or -1 where there was room after all */
static __always_inline void count_full(__u32 which, __s64 more)
{
	__u64 *full = bpf_map_lookup_elem(&map_full, &which);

	if (full)
		__sync_fetch_and_add(full, more);
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_CAUSE_MAX);
	__type(key, __u32);
	__type(value, struct rw_count);
} counts SEC(".maps");

/* Hop limit of the peer's segment that established a connection. */
struct rw_hops {
	__u32 hash; /* as in struct rw_connection */
	__u32 hops;
};

/* Larger with --ttl. What was established longest ago goes first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64); /* sk */
	__type(value, struct rw_hops);
} hops SEC(".maps");

/* RSTs that ended a minisock, by enum rw_minisock; exact. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_MINISOCK_MAX);
	__type(key, __u32);
	__type(value, __u64);
} minisocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u8);
} pids SEC(".maps");

/*
 * Processes of the command that have ended: what comes late for a connection of
 * theirs is still the command's. Larger where a command is followed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
} gone_pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

/* Set by the reader where nothing came for a while: the next record wakes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} reader_sleeps SEC(".maps");

#endif
