// SPDX-License-Identifier: GPL-2.0
/*
 * Two sinks as one. The first is always asked before the second, and each is
 * told everything, even when the other has failed.
 */
#include <stdlib.h>

#include "sink.h"

struct sink_tee {
	struct sink sink; /* first: the address is that of the sink */
	struct sink *first, *second;
};

/* Return: what went wrong first */
static int either(int first, int second)
{
	return first ? first : second;
}

static int tee_start(struct sink *sink, const struct run_info *info)
{
	struct sink_tee *t = (struct sink_tee *)sink;
	int err = t->first->start(t->first, info);

	return either(err, t->second->start(t->second, info));
}

static int tee_event(struct sink *sink, const struct rw_event *event)
{
	struct sink_tee *t = (struct sink_tee *)sink;
	int err = t->first->event(t->first, event);

	return either(err, t->second->event(t->second, event));
}

static int tee_end(struct sink *sink, const struct run_totals *totals)
{
	struct sink_tee *t = (struct sink_tee *)sink;
	int err = t->first->end(t->first, totals);

	return either(err, t->second->end(t->second, totals));
}

static int tee_flush(struct sink *sink)
{
	struct sink_tee *t = (struct sink_tee *)sink;
	int err = t->first->flush(t->first);

	return either(err, t->second->flush(t->second));
}

static int tee_held(struct sink *sink, const struct held *held)
{
	struct sink_tee *t = (struct sink_tee *)sink;
	int err = t->first->held ? t->first->held(t->first, held) : 0;

	return either(err,
		      t->second->held ? t->second->held(t->second, held) : 0);
}

static int tee_summary(struct sink *sink, const struct report *report)
{
	struct sink_tee *t = (struct sink_tee *)sink;
	int err = t->first->summary ? t->first->summary(t->first, report) : 0;

	return either(err, t->second->summary
				   ? t->second->summary(t->second, report)
				   : 0);
}

static void tee_free(struct sink *sink)
{
	struct sink_tee *t = (struct sink_tee *)sink;

	t->first->free(t->first);
	t->second->free(t->second);
	free(t);
}

struct sink *sink_tee_new(struct sink *first, struct sink *second)
{
	struct sink_tee *t = first && second ? malloc(sizeof(*t)) : NULL;

	if (!t) {
		if (first)
			first->free(first);
		if (second)
			second->free(second);
		return NULL;
	}
	*t = (struct sink_tee){
		.sink = { .start = tee_start,
			  .event = tee_event,
			  .end = tee_end,
			  .flush = tee_flush,
			  .held = tee_held,
			  .summary = tee_summary,
			  .free = tee_free },
		.first = first,
		.second = second,
	};
	return &t->sink;
}
