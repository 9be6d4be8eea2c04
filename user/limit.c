// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "limit.h"

#define SECOND_NS 1000000000ULL
#define SLOTS (2 * LIMIT_PAIRS) /* a power of two */
#define COOKIES 4096

/* One cause and one network, in this second. */
struct pair {
	uint64_t network; /* the first 3 or 8 bytes of the address */
	uint8_t cause;
	uint8_t family; /* 0: not in use */
	uint32_t shown;
	uint64_t held;
};

struct limiter {
	uint32_t per_second;
	uint64_t end_ns;	   /* of this second */
	size_t n_pairs;		   /* slots in use */
	size_t next_slot;	   /* of what has not been told yet */
	uint64_t cookies[COOKIES]; /* of held events, the last of each hash */
	struct pair slots[SLOTS];
	struct pair others[RW_CAUSE_MAX]; /* by cause */
};

struct limiter *limiter_new(uint32_t per_second)
{
	struct limiter *l = calloc(1, sizeof(*l));

	if (l)
		l->per_second = per_second;
	return l;
}

void limiter_free(struct limiter *l)
{
	free(l);
}

static uint64_t network_of(const struct rw_event *event)
{
	uint64_t network = 0;

	memcpy(&network, event->tuple.raddr, event->family == 6 ? 8 : 3);
	return network;
}

/* The pair of an event, or what stands for it when there is no more room. */
static struct pair *find_pair(struct limiter *l, const struct rw_event *event)
{
	uint64_t network = network_of(event);
	uint64_t hash = (network ^ event->cause ^ event->family << 8) *
			0x9e3779b97f4a7c15ULL;

	for (size_t at = hash >> 48;; at++) {
		struct pair *pair = &l->slots[at % SLOTS];

		if (!pair->family) {
			if (l->n_pairs == LIMIT_PAIRS)
				return &l->others[event->cause];
			l->n_pairs++;
			pair->network = network;
			pair->cause = event->cause;
			pair->family = event->family;
			return pair;
		}
		if (pair->network == network && pair->cause == event->cause &&
		    pair->family == event->family)
			return pair;
	}
}

static void tell(const struct pair *pair, uint8_t cause, struct held *held)
{
	*held = (struct held){ .cause = cause,
			       .family = pair->family,
			       .events = pair->held };
	memcpy(held->network, &pair->network, sizeof(pair->network));
}

bool limiter_next(struct limiter *l, uint64_t now_ns, struct held *held)
{
	if (now_ns < l->end_ns)
		return false;
	while (l->next_slot < SLOTS + RW_CAUSE_MAX) {
		size_t at = l->next_slot++;
		const struct pair *pair = at < SLOTS ? &l->slots[at]
						     : &l->others[at - SLOTS];

		if (!pair->held)
			continue;
		tell(pair, at < SLOTS ? pair->cause : (uint8_t)(at - SLOTS),
		     held);
		return true;
	}
	memset(l->slots, 0, sizeof(l->slots));
	memset(l->others, 0, sizeof(l->others));
	l->n_pairs = 0;
	l->next_slot = 0;
	l->end_ns = (now_ns / SECOND_NS + 1) * SECOND_NS;
	return false;
}

bool limiter_holds(struct limiter *l, const struct rw_event *event)
{
	uint64_t *cookie = &l->cookies[event->cookie % COOKIES];
	struct pair *pair;

	if (event->evidence.kind >= RW_KIND_OWNER)
		return event->cookie && *cookie == event->cookie;
	pair = find_pair(l, event);
	if (pair->shown < l->per_second) {
		pair->shown++;
		return false;
	}
	pair->held++;
	*cookie = event->cookie;
	return true;
}
