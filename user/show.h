/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is done with an event that is wanted: counted, held back (--limit), added
 * up (--summary, --interval), printed.
 */
#ifndef RSTWATCH_SHOW_H
#define RSTWATCH_SHOW_H

#include <stdbool.h>

#include "limit.h"
#include "options.h"
#include "run.h"
#include "sink.h"
#include "tally.h"

struct show {
	struct sink *sink;	   /* not owned, nor are the next two */
	struct run_totals *totals; /* events, held, by_kind are kept up here */
	const struct options *options;
	struct limiter *limiter; /* NULL: no limit */
	struct tally *total;	 /* NULL: nothing is added up */
	struct tally *interval;	 /* NULL: events are printed */
	uint64_t next_ns;	 /* when the interval is over */
	bool is_slow;		 /* any of these three */
};

/**
 * show_open() - @now_ns: CLOCK_MONOTONIC, when the first interval begins
 *
 * Return: 0, or -ENOMEM with nothing to close.
 */
int show_open(struct show *show, struct sink *sink,
	      const struct options *options, struct run_totals *totals,
	      uint64_t now_ns);

void show_close(struct show *show);

/* show_event_slowly() - with a limit or sums */
int show_event_slowly(struct show *show, const struct rw_event *event);

/* show_event() - a teardown or an owner record. Return: as a sink's functions */
static inline int show_event(struct show *show, const struct rw_event *event)
{
	if (show->is_slow)
		return show_event_slowly(show, event);
	run_count(show->totals, event);
	return show->sink->event(show->sink, event);
}

/* show_held() - tell what was held back in the second that is over at @now_ns */
int show_held(struct show *show, uint64_t now_ns);

/* show_is_due() - whether the interval is over */
static inline bool show_is_due(const struct show *show, uint64_t now_ns)
{
	return show->interval && now_ns >= show->next_ns;
}

/* show_interval() - print it, begin the next; @lost: as tally_report() */
int show_interval(struct show *show, uint64_t now_ns,
		  const struct rw_count *lost);

/* show_total() - print all since the start; nothing without --summary */
int show_total(struct show *show, uint64_t now_ns, const struct rw_count *lost);

#endif
