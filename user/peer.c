// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static bool counts(const struct rw_event *e)
{
	return e->evidence.kind <= RW_KIND_OWNER;
}

static struct peer_end *find_end(struct peers *peers,
				 const struct rw_tuple *tuple)
{
	struct peer_end *ends = peers->ends[set_of(tuple)];

	for (size_t i = 0; i < PEER_WAYS; i++)
		if (!memcmp(&ends[i].tuple, tuple, sizeof(*tuple)))
			return &ends[i];
	return NULL;
}

static struct peer_end *place_for(struct peers *peers,
				  const struct rw_tuple *tuple)
{
	struct peer_end *end = find_end(peers, tuple);
	uint32_t set = set_of(tuple);

	return end ? end : &peers->ends[set][peers->next[set]++ % PEER_WAYS];
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
	end->is_fin = event->evidence.kind == RW_KIND_FIN;
	end->is_told = false;
}

/* Addresses and ports of this very end, but in another network namespace. */
static bool is_double(const struct rw_tuple *a, const struct rw_tuple *b)
{
	return a->netns != b->netns && a->lport == b->lport &&
	       a->rport == b->rport &&
	       !memcmp(a->laddr, b->laddr, RW_ADDR_LEN) &&
	       !memcmp(a->raddr, b->raddr, RW_ADDR_LEN);
}

static const struct peer_end *find_peer(const struct peers *peers,
					const struct rw_event *event)
{
	const struct peer_end *ends = peers->ends[set_of(&event->tuple)];
	const struct peer_end *found = NULL;
	bool own = is_loopback(event);

	for (size_t i = 0; i < PEER_WAYS; i++) {
		const struct rw_tuple *t = &ends[i].tuple;

		if (apart(ends[i].ktime_ns, event->ktime_ns) > PEER_NS ||
		    (own && t->netns != event->tuple.netns))
			continue;
		if (is_double(t, &event->tuple))
			return NULL;
		if (!peer_is_mirror(t, &event->tuple))
			continue;
		if (found)
			return NULL;
		found = &ends[i];
	}
	return found;
}

const struct rw_task *peer_owner(const struct peers *peers,
				 const struct rw_event *event)
{
	const struct peer_end *end;

	end = counts(event) ? find_peer(peers, event) : NULL;
	return end && end->owner.pid ? &end->owner : NULL;
}

void peer_told(struct peers *peers, const struct rw_event *event)
{
	struct peer_end *end = find_end(peers, &event->tuple), *other;
	const struct peer_end *peer = find_peer(peers, event);

	if (end)
		end->is_told = true;
	if (!end || !peer || !end->is_fin || !peer->is_fin || !peer->is_told)
		return;
	other = find_end(peers, &peer->tuple);
	*end = *other = (struct peer_end){ .ktime_ns = 0 };
}

const struct rw_task *peer_of_shown;

/* Mostly the same as for the last event. */
const char *peer_text(const struct rw_event *event)
{
	static char text[32 + RW_COMM_LEN];
	static struct rw_task of; /* pid 0: nothing yet */

	(void)event;
	if (!peer_of_shown)
		return NULL;
	if (memcmp(&of, peer_of_shown, sizeof(of))) {
		of = *peer_of_shown;
		snprintf(text, sizeof(text), "%u %u %.*s", of.pid, of.uid,
			 RW_COMM_LEN, of.comm);
	}
	return text;
}

void peer_set_text(const char *text)
{
	static struct rw_task owner;
	char *after;

	peer_of_shown = NULL;
	if (!text)
		return;
	memset(&owner, 0, sizeof(owner));
	owner.pid = (uint32_t)strtoul(text, &after, 10);
	owner.uid = (uint32_t)strtoul(after, &after, 10);
	after += *after == ' ';
	memcpy(owner.comm, after, strnlen(after, sizeof(owner.comm)));
	peer_of_shown = &owner;
}
