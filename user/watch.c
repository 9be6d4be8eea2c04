// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "held.h"
#include "watch.h"

/* The ring is looked at this often; the kernel wakes us only when it fills. */
#define POLL_MS 50
/* The answer that takes a held record back comes within microseconds. */
#define HELD_NS (20 * 1000000ULL)

struct watch {
	struct sink *sink;
	struct run_totals *totals;
	const struct options *options;
	struct held held;
	uint64_t doubted[RW_CAUSE_MAX]; /* held records that proved true */
	int error;
};

uint64_t watch_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static bool is_full(const struct watch *w)
{
	return w->options->count && w->totals->events >= w->options->count;
}

static int print(struct watch *w, const struct rw_event *event)
{
	if (is_full(w)) {
		w->totals->held_back += event->evidence.kind != RW_KIND_OWNER;
		return 0;
	}
	run_count(w->totals, event);
	if (!w->error)
		w->error = w->sink->event(w->sink, event);
	return w->error;
}

static int believe(struct watch *w, struct rw_event *event)
{
	event->evidence.flags &= ~RW_F_HELD;
	w->doubted[event->cause]++;
	return print(w, event);
}

static int on_record(void *context, void *data, size_t size)
{
	struct watch *w = context;
	struct rw_event *event = data, copy;

	if (size < sizeof(*event))
		return 0;
	if (!(event->evidence.flags & RW_F_HELD))
		return print(w, event);
	if (!held_put(&w->held, event))
		return 0;
	copy = *event;
	return believe(w, &copy);
}

static void print_held(struct watch *w, uint64_t older_than)
{
	struct rw_event event;

	while (held_next(&w->held, older_than, &event))
		believe(w, &event);
}

/* Read what there is, then let the reader see it. */
static void drain(struct watch *w, struct ring_buffer *ring)
{
	int err;

	ring_buffer__consume(ring);
	print_held(w, watch_now() - HELD_NS);
	err = w->sink->flush(w->sink);
	if (!w->error)
		w->error = err;
}

/* Milliseconds until the duration is over, POLL_MS at the most. */
static int wait_ms(uint64_t end_ns)
{
	uint64_t now = watch_now(), ms;

	if (!end_ns)
		return POLL_MS;
	if (now >= end_ns)
		return 0;
	ms = (end_ns - now + 999999) / 1000000;
	return ms < POLL_MS ? (int)ms : POLL_MS;
}

static int finish(struct watch *w, struct observer *observer,
		  struct ring_buffer *ring)
{
	struct run_totals *t = w->totals;
	int err;

	observer_detach(observer);
	ring_buffer__consume(ring);
	print_held(w, UINT64_MAX);
	err = observer_counts(observer, t->by_cause);
	for (int i = 0; i < RW_CAUSE_MAX; i++) {
		t->by_cause[i].seen += w->doubted[i];
		t->lost += t->by_cause[i].lost;
	}
	t->end_ktime_ns = watch_now();
	return w->error ? w->error : err;
}

int watch(struct observer *observer, struct sink *sink,
	  const struct options *options, volatile sig_atomic_t *stop,
	  struct run_totals *totals)
{
	struct watch w = {
		.sink = sink,
		.totals = totals,
		.options = options,
		.held.map = observer_map(observer, "held"),
	};
	struct ring_buffer *ring;
	uint64_t end_ns = 0;
	int err;

	ring = ring_buffer__new(observer_map(observer, "events"), on_record, &w,
				NULL);
	if (!ring)
		return -errno;
	if (options->duration_ms)
		end_ns = watch_now() + options->duration_ms * 1000000;
	while (!*stop && !w.error && !is_full(&w) &&
	       (!end_ns || watch_now() < end_ns)) {
		ring_buffer__poll(ring, wait_ms(end_ns));
		drain(&w, ring);
	}
	err = finish(&w, observer, ring);
	ring_buffer__free(ring);
	return err;
}
