// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "peer.h"

#define PEER_NS 60000000000ULL

/* The same for both ends: they lie in one set. */
static uint32_t set_of(const struct rw_tuple *t)
{
	uint32_t a[4], b[4], sum;

	memcpy(a, t->laddr, sizeof(a));
	memcpy(b, t->raddr, sizeof(b));
	sum = a[0] ^ a[1] ^ a[2] ^ a[3] ^ b[0] ^ b[1] ^ b[2] ^ b[3];
	sum += (uint32_t)t->lport * t->rport + t->lport + t->rport;
	return sum * 0x9e3779b1U >> 16 & (PEER_SETS - 1);
}

static bool is_loopback(const struct rw_event *e)
{
	static const uint8_t one[RW_ADDR_LEN] = { [RW_ADDR_LEN - 1] = 1 };
	const struct rw_tuple *t = &e->tuple;

	if (!memcmp(t->laddr, t->raddr, RW_ADDR_LEN))
		return true;
	return e->family == 4 ? t->laddr[0] == 127
			      : !memcmp(t->laddr, one, RW_ADDR_LEN);
}

static bool is_mirror(const struct rw_tuple *a, const struct rw_tuple *b)
{
	return a->lport == b->rport && a->rport == b->lport &&
	       !memcmp(a->laddr, b->raddr, RW_ADDR_LEN) &&
	       !memcmp(a->raddr, b->laddr, RW_ADDR_LEN);
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Ordinary closes are left out. */
static bool counts(const struct rw_event *e)
{
	return e->evidence.kind != RW_KIND_FIN &&
	       e->evidence.kind <= RW_KIND_OWNER;
}

static struct peer_end *place_for(struct peers *peers,
				  const struct rw_tuple *tuple)
{
	uint32_t set = set_of(tuple);

	for (size_t i = 0; i < PEER_WAYS; i++)
		if (!memcmp(&peers->ends[set][i].tuple, tuple, sizeof(*tuple)))
			return &peers->ends[set][i];
	return &peers->ends[set][peers->next[set]++ % PEER_WAYS];
}

void peer_note(struct peers *peers, const struct rw_event *event)
{
	bool known = event->evidence.flags & RW_F_OWNER;
	struct peer_end *end;

	if (!counts(event))
		return;
	end = place_for(peers, &event->tuple);
	end->tuple = event->tuple;
	end->ktime_ns = event->ktime_ns;
	end->owner = known ? event->owner : (struct rw_task){ .pid = 0 };
}

const struct rw_task *peer_owner(const struct peers *peers,
				 const struct rw_event *event)
{
	const struct peer_end *ends = peers->ends[set_of(&event->tuple)];

	if (!counts(event))
		return NULL;
	for (size_t i = 0; i < PEER_WAYS; i++) {
		if (!ends[i].owner.pid ||
		    !is_mirror(&ends[i].tuple, &event->tuple) ||
		    apart(ends[i].ktime_ns, event->ktime_ns) > PEER_NS)
			continue;
		if (is_loopback(event) &&
		    ends[i].tuple.netns != event->tuple.netns)
			continue;
		return &ends[i].owner;
	}
	return NULL;
}

static const struct peers *used;

void peers_use(const struct peers *peers)
{
	used = peers;
}

const char *peer_text(const struct rw_event *event)
{
	static char text[32 + RW_COMM_LEN];
	const struct rw_task *peer;

	if (!used || event->evidence.kind == RW_KIND_FIN)
		return NULL;
	peer = peer_owner(used, event);
	if (!peer)
		return NULL;
	snprintf(text, sizeof(text), "%u %u %.*s", peer->pid, peer->uid,
		 RW_COMM_LEN, peer->comm);
	return text;
}
