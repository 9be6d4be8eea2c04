// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "bpf/verdict.h"
#include "suspect.h"

/* The place of the suspect that ended a connection with these addresses, or -1. */
static int find(const struct suspects *s, const struct rw_tuple *tuple)
{
	size_t n = s->n < SUSPECTS_MAX ? s->n : SUSPECTS_MAX;

	for (size_t i = 0; i < n; i++)
		if (!memcmp(&s->ended[i].tuple, tuple, sizeof(*tuple)))
			return (int)i;
	return -1;
}

static void add(struct suspects *s, const struct rw_event *event)
{
	int at = find(s, &event->tuple);

	if (at < 0)
		at = (int)(s->n++ % SUSPECTS_MAX);
	s->ended[at].tuple = event->tuple;
	s->ended[at].ktime_ns = event->ktime_ns;
}

/*
 * No connection with these addresses has ended between the suspect and the answer,
 * which is no older: what waits to be shown is looked at once more.
 */
static bool ended_last(__u64 suspect_ns, const struct rw_event *answer)
{
	const __u64 ms = 1000000;

	/* since_close_ms is rounded down */
	return answer->ktime_ns >= suspect_ns &&
	       answer->ktime_ns <
		       suspect_ns + ((__u64)answer->since_close_ms + 1) * ms;
}

void suspect_compare(struct suspects *s, struct rw_event *event)
{
	struct rw_evidence *e = &event->evidence;
	int at;

	if (suspect_is_injected(e)) {
		add(s, event);
		return;
	}
	if (e->kind >= RW_KIND_OWNER)
		return;
	at = find(s, &event->tuple);
	if (at < 0)
		return;
	if (e->flags & RW_F_SK && e->state != RW_TCP_LISTEN) {
		/* a connection: which began afterwards, unless this is older */
		if (event->ktime_ns > s->ended[at].ktime_ns)
			s->ended[at].tuple = (struct rw_tuple){ 0 };
		return;
	}
	if (e->kind == RW_KIND_RST_ANSWER && e->flags & RW_F_SINCE_CLOSE &&
	    ended_last(s->ended[at].ktime_ns, event))
		e->rst_shape |= RW_RST_AFTER_SUSPECT;
}
