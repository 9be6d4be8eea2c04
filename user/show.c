// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "show.h"

#define NS_PER_MS 1000000

int show_open(struct show *show, struct sink *sink,
	      const struct options *options, struct run_totals *totals,
	      uint64_t now_ns)
{
	*show = (struct show){ .sink = sink,
			       .totals = totals,
			       .options = options };
	if (options->limit)
		show->limiter = limiter_new(options->limit);
	if (options->summary)
		show->total = tally_new(now_ns);
	if (options->interval_ms)
		show->interval = tally_new(now_ns);
	show->is_slow = show->limiter || show->total || show->interval;
	show->next_ns = now_ns + options->interval_ms * NS_PER_MS;
	if (!show->limiter == !options->limit &&
	    !show->total == !options->summary &&
	    !show->interval == !options->interval_ms)
		return 0;
	show_close(show);
	return -ENOMEM;
}

void show_close(struct show *show)
{
	limiter_free(show->limiter);
	tally_free(show->total);
	tally_free(show->interval);
}

static bool is_held(struct show *show, const struct rw_event *event)
{
	if (!show->limiter || show->interval)
		return false;
	return limiter_holds(show->limiter, event);
}

static void count(struct show *show, const struct rw_event *event, bool held)
{
	if (event->evidence.kind >= RW_KIND_OWNER)
		return;
	run_count(show->totals, event);
	if (held) {
		show->totals->events--;
		show->totals->held++;
	}
	if (show->total)
		tally_add(show->total, event, held);
	if (show->interval)
		tally_add(show->interval, event, held);
}

int show_event_slowly(struct show *show, const struct rw_event *event)
{
	int err = show->limiter ? show_held(show, event->ktime_ns) : 0;
	bool held = is_held(show, event);

	count(show, event, held);
	if (err || held || show->interval)
		return err;
	return show->sink->event(show->sink, event);
}

int show_held(struct show *show, uint64_t now_ns)
{
	struct held held;
	int err = 0;

	if (!show->limiter)
		return 0;
	while (limiter_next(show->limiter, now_ns, &held))
		if (!err && show->sink->held)
			err = show->sink->held(show->sink, &held);
	return err;
}

static int print(struct show *show, const struct tally *tally, uint64_t now_ns,
		 const struct rw_count *lost)
{
	struct report report;

	if (!show->sink->summary)
		return 0;
	tally_report(tally, now_ns, lost, &report);
	return show->sink->summary(show->sink, &report);
}

int show_interval(struct show *show, uint64_t now_ns,
		  const struct rw_count *lost)
{
	uint64_t step = show->options->interval_ms * NS_PER_MS;
	int err;

	if (!show->interval)
		return 0;
	err = print(show, show->interval, now_ns, lost);
	tally_restart(show->interval, now_ns, lost);
	while (show->next_ns <= now_ns)
		show->next_ns += step;
	return err;
}

int show_total(struct show *show, uint64_t now_ns, const struct rw_count *lost)
{
	return show->total ? print(show, show->total, now_ns, lost) : 0;
}
