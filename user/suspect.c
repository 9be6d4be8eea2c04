// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "suspect.h"

bool suspect_is_known(const struct rw_evidence *e)
{
	return e->kind == RW_KIND_RST_RECEIVED && e->hops_established &&
	       e->hops_rst;
}

bool suspect_is_injected(const struct rw_evidence *e)
{
	return suspect_is_known(e) && e->hops_established != e->hops_rst;
}

static bool is_noted(const struct suspects *s, const struct rw_tuple *tuple)
{
	size_t n = s->n < SUSPECTS_MAX ? s->n : SUSPECTS_MAX;

	for (size_t i = 0; i < n; i++)
		if (!memcmp(&s->ended[i], tuple, sizeof(*tuple)))
			return true;
	return false;
}

void suspect_note(struct suspects *s, struct rw_event *event)
{
	struct rw_evidence *e = &event->evidence;

	if (suspect_is_injected(e)) {
		if (!is_noted(s, &event->tuple))
			s->ended[s->n++ % SUSPECTS_MAX] = event->tuple;
	} else if (e->kind == RW_KIND_RST_ANSWER && !(e->flags & RW_F_SK) &&
		   e->flags & RW_F_SINCE_CLOSE && is_noted(s, &event->tuple)) {
		e->rst_shape |= RW_RST_AFTER_SUSPECT;
	}
}
