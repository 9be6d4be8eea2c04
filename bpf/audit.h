/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's own counters are compared with when a run ends: every RST,
 * and every end that moves one of those counters, whatever the filters say.
 * Called with the evidence before it is filtered; never for a FIN.
 */
#ifndef RSTWATCH_AUDIT_H
#define RSTWATCH_AUDIT_H

#include "bpf/maps.h"
#include "bpf/mechanism.h"

/* So many netns are told apart; the rest is counted in map_full. */
#define AUDIT_NETNS 512

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, AUDIT_NETNS);
	__type(key, struct rw_audit_key);
	__type(value, struct rw_audit);
} audits SEC(".maps");

/* Most hosts have few netns: found without a hash, a tenth of the cost. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_NEAR_AUDITS);
	__type(key, __u32);
	__type(value, struct rw_near_audit);
} near_audits SEC(".maps");

static const struct rw_audit no_audit = {};

static __always_inline __u64 netns_cookie(const struct net *net)
{
	const struct net___cookie *n = (const void *)net;

	if (!config.netns_cookies || !bpf_core_field_exists(n->net_cookie))
		return 0;
	return PEEK(n, net_cookie);
}

/*
 * The place is this CPU's alone, but a program may be interrupted by another
 * between any two steps: who has not been the only one to claim it leaves it.
 */
static __always_inline void claim(volatile struct rw_near_audit *near,
				  const struct rw_audit_key *key)
{
	__sync_fetch_and_add(&near->claims, 1);
	if (near->claims != 1)
		return;
	near->key.cookie = key->cookie;
	near->key.netns = key->netns;
}

static __always_inline struct rw_audit *audit_of(const struct rw_audit_key *key)
{
	__u32 place = rw_near_audit_of(key);
	struct rw_near_audit *near = bpf_map_lookup_elem(&near_audits, &place);
	struct rw_audit *a;

	if (near && !near->claims)
		claim(near, key);
	if (near && near->key.cookie == key->cookie &&
	    near->key.netns == key->netns)
		return &near->audit;
	a = bpf_map_lookup_elem(&audits, key);
	if (a)
		return a;
	bpf_map_update_elem(&audits, key, &no_audit, BPF_NOEXIST);
	return bpf_map_lookup_elem(&audits, key);
}

/* The verifier need not follow each row of the table through what comes next */
static __always_inline __u32 mechanism_of(const struct rw_evidence *e)
{
	return forgotten(rw_mechanism(e));
}

/*
 * Not inlined: its key has no room on the stack of who calls.
 * @net: const struct net *, or 0 where @sk is given: struct sock *
 * @cookie: of the netns, if it has been read already, or 0
 */
static __noinline void audit(const struct rw_evidence *e, __u32 netns,
			     __u64 net, __u64 sk, __u64 cookie)
{
	struct rw_audit_key key = { .cookie = cookie, .netns = netns };
	__u32 row = mechanism_of(e);
	struct rw_audit *a;

	if (!row || row >= RW_MECHANISM_MAX)
		return;
	if (!cookie && !net && sk)
		net = (__u64)PEEK((struct sock *)sk, __sk_common.skc_net.net);
	if (!cookie)
		key.cookie = netns_cookie((const struct net *)net);
	a = audit_of(&key);
	if (a)
		count_one(&a->seen[row]);
	else
		count_full(RW_FULL_AUDITS, 1);
}

#endif
