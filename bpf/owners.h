/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose a socket is, from when it was connected or accepted, or from the look
 * at all open files when rstwatch started. A cache of fixed size beside the
 * sockets: an entry costs one write, a fraction of an update of a hash map, and
 * is neither looked for nor removed when the socket ends. The memory of a
 * struct sock is used again at once, so live sockets mostly keep their places.
 */
#ifndef RSTWATCH_OWNERS_H
#define RSTWATCH_OWNERS_H

#include "bpf/event.h"
#include "bpf/flavour.h"

#define OWNER_WAYS 4

struct rw_owner {
	__u64 sk;     /* address of the socket */
	__u32 hash;   /* skc_hash: which connection at that address */
	__u32 source; /* enum rw_owner_source */
	struct rw_task task;
};

struct rw_owner_set {
	__u64 next; /* the place that is given away next, modulo OWNER_WAYS */
	struct rw_owner way[OWNER_WAYS];
};

/* Resized before loading; the number of sets is a power of two. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_owner_set);
} owners SEC(".maps");

/* @sets: the size of the map */
static __always_inline struct rw_owner_set *owner_set(__u64 sk, __u32 sets)
{
	__u32 set = (sk * 0x9e3779b97f4a7c15ULL) >> 32 & (sets - 1);

	return bpf_map_lookup_elem(&owners, &set);
}

/* The place of this socket, or the one that is given away for it. */
static __always_inline struct rw_owner *owner_place(struct rw_owner_set *set,
						    __u64 sk)
{
#pragma unroll
	for (int i = 0; i < OWNER_WAYS; i++)
		if (set->way[i].sk == sk)
			return &set->way[i];
	return &set->way[set->next++ & (OWNER_WAYS - 1)];
}

/*
 * The place where this socket would be. Without a branch: the verifier would
 * follow each of them through all that comes after.
 */
static __always_inline __u32 owner_way(const struct rw_owner_set *set, __u64 sk)
{
	__u32 way = 0;

#pragma unroll
	for (__u32 i = 1; i < OWNER_WAYS; i++) {
		__u64 differ = set->way[i].sk ^ sk;

		way |= i & (__u32)(((differ | -differ) >> 63) - 1);
	}
	return way & (OWNER_WAYS - 1);
}

/* Who is known to own this connection, or NULL. */
static __always_inline struct rw_owner *find_owner_of(__u64 sk, __u32 hash,
						      __u32 sets)
{
	struct rw_owner_set *set = owner_set(sk, sets);
	struct rw_owner *owner;

	if (!set)
		return NULL;
	owner = &set->way[owner_way(set, sk)];
	SETTLE(owner);
	return owner->sk == sk && owner->hash == hash ? owner : NULL;
}

#endif
