// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <string.h>

#include "pairs.h"
#include "peer.h"

static uint32_t sum_of(const uint8_t address[RW_ADDR_LEN])
{
	uint32_t a[4];

	memcpy(a, address, sizeof(a));
	return a[0] ^ a[1] ^ a[2] ^ a[3];
}

static uint32_t place_of(uint32_t sum)
{
	return sum * 0x9e3779b1U >> 16 & (PAIRS_PLACES - 1);
}

/* The same for both ends. */
static uint32_t slot_of(const struct rw_tuple *t, uint32_t both)
{
	uint32_t sum =
		both + (uint32_t)t->lport * t->rport + t->lport + t->rport;

	return sum * 0x9e3779b1U >> 16 & (PAIRS_SLOTS - 1);
}

static bool are_pair(const struct rw_event *a, const struct rw_event *b)
{
	return a->tuple.netns == b->tuple.netns &&
	       peer_is_mirror(&a->tuple, &b->tuple) &&
	       b->evidence.kind == RW_KIND_FIN;
}

static void join(struct pairs *pairs, size_t i, size_t k)
{
	pairs->of[i] = (uint16_t)(k + 1);
	pairs->of[k] = (uint16_t)(i + 1);
}

/* What follows at once. Return: how many FINs are left. */
static size_t join_neighbours(struct pairs *pairs,
			      const struct rw_event *events, size_t n)
{
	const struct rw_event *e = events;
	size_t left = 0;

	for (size_t i = 0; i < n; i++, e++) {
		bool is_fin = e->evidence.kind == RW_KIND_FIN;

		if (is_fin && i + 1 < n && are_pair(e, e + 1)) {
			join(pairs, i, i + 1);
			i++;
			e++;
		} else {
			pairs->of[i] = PAIR_ELSEWHERE;
			left += is_fin;
		}
	}
	return left;
}

static void find(struct pairs *pairs, const struct rw_event *events, size_t i)
{
	const struct rw_tuple *t = &events[i].tuple;
	uint32_t local = sum_of(t->laddr), remote = sum_of(t->raddr);
	uint16_t *last;
	size_t other;

	if (events[i].evidence.kind != RW_KIND_FIN ||
	    pairs->of[i] != PAIR_ELSEWHERE || !pairs->here[place_of(remote)])
		return;
	last = &pairs->last[slot_of(t, local ^ remote)];
	other = *last;
	/* what is left of an earlier batch need not be right */
	if (other < i && pairs->of[other] == PAIR_HERE &&
	    are_pair(&events[i], &events[other])) {
		join(pairs, i, other);
		return;
	}
	pairs->of[i] = PAIR_HERE;
	*last = (uint16_t)i;
}

bool pairs_find(struct pairs *pairs, const struct rw_event *events, size_t n)
{
	if (!join_neighbours(pairs, events, n))
		return false;
	for (size_t i = 0; i < n; i++)
		pairs->here[place_of(sum_of(events[i].tuple.laddr))] = 1;
	for (size_t i = 0; i < n; i++)
		find(pairs, events, i);
	return true;
}
