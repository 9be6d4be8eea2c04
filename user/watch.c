// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "netns.h"
#include "owner.h"
#include "pairs.h"
#include "peer.h"
#include "show.h"
#include "sleeper.h"
#include "stack.h"
#include "summary.h"
#include "suspect.h"
#include "watch.h"

/* The answer that takes a held record back comes within microseconds. */
#define HELD_NS (60 * 1000000ULL)

/* A close, or a search that was put off, says so late whose socket it is. */
#define ASKED_NS (100 * 1000000ULL)
#define SEARCH_NS (10 * 1000000000ULL)
/* An event whose owner can be found waits so long for a search put off. */
#define UNSEARCHED_NS (240 * 1000000ULL)

/* A FIN waits so long for that of the other end, if that is on this host. */
#define PEER_WAIT_NS (30 * 1000000ULL)

/* Events are looked at together, so that what follows can complete them. */
#define BATCH_MAX PAIRS_MAX
#define INDEX_SETS 1024 /* a power of two */
_Static_assert(BATCH_MAX < UINT16_MAX, "a place and one more in 16 bits");

/* So many connections are remembered as having been told with their owner. */
#define TOLD_MAX 1024

struct told {
	uint64_t cookie;
	uint32_t pid;
};

struct watch {
	const struct observer *observer;
	struct show show;
	struct run_totals *totals;
	const struct options *options;
	struct owner_finder *owners;
	struct peers peers;
	struct suspects suspects;
	struct pairs pairs;
	bool names_peers;  /* some sink wants to know who had the other end */
	bool awaits_peers; /* and no filter keeps one end from us */
	bool counts;	   /* --count or --stack: what is shown is counted */
	uint64_t doubted[RW_CAUSE_MAX]; /* held records that proved true */
	uint64_t others[RW_CAUSE_MAX]; /* counted, but not for this run to show */
	struct told told[TOLD_MAX];    /* ended by the kernel or the peer */
	size_t n_told;
	size_t n;
	bool has_special; /* any of these may be other than a FIN by its owner */
	size_t n_indexed; /* of these, can be found by what amends them */
	struct sleeper sleeper;
	struct rw_event batch[BATCH_MAX];
	bool is_told[BATCH_MAX];     /* amendments: by what they amended */
	uint16_t newest[INDEX_SETS]; /* place + 1 in batch, 0: none */
	uint16_t before[BATCH_MAX];  /* the same: the next older in a set */
	int error;
};

/* USR1 came: whoever sent it wants to know how things stand. */
static volatile sig_atomic_t asked;

void watch_ask(int signal)
{
	(void)signal;
	asked = 1;
}

uint64_t watch_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Records that add to an event; they are none themselves. */
static bool is_amendment(const struct rw_event *event)
{
	return event->evidence.kind >= RW_KIND_OWNER;
}

static bool is_full(const struct watch *w)
{
	return w->options->count && w->totals->events >= w->options->count;
}

/* As task_matches() of bpf/filter.h */
static bool matches(const struct watch *w, const struct rw_task *task)
{
	const struct options *o = w->options;

	return (!o->pids.n || observer_watches(w->observer, task->pid)) &&
	       (!o->comm || !strncmp(o->comm, task->comm, RW_COMM_LEN));
}

static bool is_wanted(const struct watch *w, const struct rw_event *event)
{
	if (is_amendment(event)) /* it asked for a known owner: none is late */
		return !w->options->pids.n && !w->options->comm;
	if (!(event->evidence.flags & RW_F_ASK_OWNER))
		return true;
	return event->evidence.flags & RW_F_OWNER && matches(w, &event->owner);
}

/*
 * To be shown only if its owner is asked for, who may yet be found: by a search
 * that begins after the event, or by the close. @young: what is older has had
 * its time.
 */
static bool is_undecided(const struct watch *w, const struct rw_event *event,
			 uint64_t young)
{
	uint32_t flags = event->evidence.flags;

	if ((flags & (RW_F_ASK_OWNER | RW_F_OWNER)) != RW_F_ASK_OWNER)
		return false;
	return event->ktime_ns + ASKED_NS > young ||
	       (event->ktime_ns + SEARCH_NS > young &&
		w->owners->searched_ns < event->ktime_ns);
}

/* On a busy host the search for its owner has been put off. */
static bool is_unsearched(const struct watch *w, const struct rw_event *event,
			  uint64_t young)
{
	return !(event->evidence.flags & RW_F_OWNER) &&
	       event->ktime_ns + UNSEARCHED_NS > young &&
	       w->owners->searched_ns < event->ktime_ns &&
	       owner_may_change(event);
}

/* Whether what is still to come may decide about an event, or complete it. */
static bool is_early(const struct watch *w, const struct rw_event *event,
		     uint64_t young)
{
	uint32_t flags = event->evidence.flags;

	if ((flags & (RW_F_OWNER | RW_F_HELD)) == RW_F_OWNER)
		return false;
	return is_undecided(w, event, young) ||
	       is_unsearched(w, event, young) ||
	       (flags & RW_F_HELD && event->ktime_ns > young);
}

/* Unless who closes is the owner, and nothing is left to find out. */
static bool is_open(const struct rw_event *event)
{
	return event->owner_source != RW_OWNER_CLOSE ||
	       event->evidence.flags & (RW_F_ASK_OWNER | RW_F_HELD);
}

static bool is_special(const struct rw_event *event)
{
	return event->evidence.kind != RW_KIND_FIN || is_open(event);
}

/* An owner that the event was told with is not told again by the close. */
static bool is_known(struct watch *w, const struct rw_event *event)
{
	size_t n = w->n_told < TOLD_MAX ? w->n_told : TOLD_MAX;

	if (event->evidence.kind != RW_KIND_OWNER) {
		if (event->owner_source != RW_OWNER_CLOSE &&
		    event->evidence.flags & RW_F_OWNER &&
		    owner_may_change(event))
			w->told[w->n_told++ % TOLD_MAX] =
				(struct told){ event->cookie,
					       event->owner.pid };
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if (w->told[i].cookie == event->cookie &&
		    w->told[i].pid == event->owner.pid)
			return true;
	return false;
}

static void keep_error(struct watch *w, int error)
{
	if (error && !w->error)
		w->error = error;
}

/* With --count or --stack. Return: whether the event is shown. */
static bool __attribute__((noinline))
count_in(struct watch *w, const struct rw_event *event)
{
	if (is_full(w))
		return false;
	if (w->options->stacks && !event->stacks && !is_amendment(event))
		w->totals->stackless++;
	return true;
}

static inline void print(struct watch *w, const struct rw_event *event,
			 bool is_wanted)
{
	if (!is_wanted || (w->counts && !count_in(w, event)))
		w->others[event->cause] += !is_amendment(event);
	else
		keep_error(w, show_event(&w->show, event));
}

static void print_open(struct watch *w, struct rw_event *event)
{
	if (event->evidence.flags & RW_F_HELD) {
		event->evidence.flags &= ~RW_F_HELD;
		w->doubted[event->cause]++;
	}
	if (!is_known(w, event))
		print(w, event, is_wanted(w, event));
}

/* The set of the index in which the events of a socket are. */
static uint16_t *set_of(struct watch *w, const struct rw_event *event)
{
	uint64_t hash = (event->sk ^ event->cookie) * 0x9e3779b97f4a7c15ULL;

	return &w->newest[hash >> 32 & (INDEX_SETS - 1)];
}

/*
 * What an amendment adds mostly follows its event at once: then the event
 * itself can say it. Return: whether it does.
 */
static bool apply(struct watch *w, const struct rw_event *record)
{
	bool named = false; /* a rejected connection has two events */

	for (uint16_t at = *set_of(w, record); at; at = w->before[at - 1]) {
		struct rw_event *event = &w->batch[at - 1];

		if (event->sk != record->sk || event->cookie != record->cookie)
			continue;
		if (record->evidence.kind == RW_KIND_RETRACT &&
		    event->evidence.flags & RW_F_HELD &&
		    event->ktime_ns == record->ktime_ns) {
			event->evidence.kind = RW_KIND_RETRACT;
			return true;
		}
		if (record->evidence.kind == RW_KIND_ORDER &&
		    event->evidence.kind == RW_KIND_FIN) {
			event->evidence.order = record->evidence.order;
			return true;
		}
		if (record->evidence.kind == RW_KIND_OWNER &&
		    owner_may_change(event)) {
			event->owner = record->owner;
			event->owner_source = record->owner_source;
			event->evidence.flags |= RW_F_OWNER;
			named = true;
		}
	}
	return named;
}

/* What came since the last amendment is put into the index for the next. */
static void index_rest(struct watch *w)
{
	if (!w->n_indexed)
		memset(w->newest, 0, sizeof(w->newest));
	for (; w->n_indexed < w->n; w->n_indexed++) {
		const struct rw_event *event = &w->batch[w->n_indexed];
		uint16_t *newest = set_of(w, event);

		if (is_amendment(event))
			continue;
		w->before[w->n_indexed] = *newest;
		*newest = (uint16_t)(w->n_indexed + 1);
	}
}

/* An amendment is applied to what came before it. Return: as apply() */
static bool amend(struct watch *w, const struct rw_event *record)
{
	index_rest(w);
	if (!apply(w, record))
		return false;
	w->has_special = true; /* what was amended may have become so */
	return true;
}

/* Who had the other end of an event in the batch. */
static const struct rw_task *peer_of(const struct watch *w, size_t i)
{
	const struct rw_event *event = &w->batch[i];
	size_t other = (uint16_t)(w->pairs.of[i] - 1);

	if (other < w->n) {
		event = &w->batch[other];
		return event->evidence.flags & RW_F_OWNER ? &event->owner
							  : NULL;
	}
	if (event->evidence.kind == RW_KIND_FIN &&
	    w->pairs.of[i] == PAIR_ELSEWHERE)
		return NULL;
	return peer_owner(&w->peers, event);
}

/* What the sinks may ask while an event is shown. Return: false: not yet. */
static bool name_peer(struct watch *w, size_t i, uint64_t young)
{
	const struct rw_event *event = &w->batch[i];
	const struct rw_task *peer = peer_of(w, i);

	peer_set(peer);
	if (w->pairs.of[i] != PAIR_HERE)
		return true;
	return peer || !w->awaits_peers || event->ktime_ns <= young;
}

/*
 * Both ends first: within a batch each knows the other. A pair of FINs needs no
 * note, unless only one of them is shown now.
 */
static void note_ends(struct watch *w)
{
	if (!pairs_find(&w->pairs, w->batch, w->n) && !w->has_special)
		return;
	for (size_t i = 0; i < w->n; i++)
		if (w->pairs.of[i] == PAIR_HERE ||
		    w->batch[i].evidence.kind != RW_KIND_FIN)
			peer_note(&w->peers, &w->batch[i]);
}

/* Taken back, or too late to be of use, or told by what it amended. */
static bool is_over(const struct watch *w, size_t i)
{
	return w->batch[i].evidence.kind > RW_KIND_OWNER || w->is_told[i];
}

/* The others of the batch wait, too, so that the order stays. */
static void keep_rest(struct watch *w, size_t i, bool *stays)
{
	for (size_t k = i; k < w->n; k++) {
		uint16_t pair = w->pairs.of[k];

		if (is_over(w, k))
			continue;
		stays[k] = true;
		if (pair != PAIR_HERE && pair && pair <= i &&
		    !stays[pair - 1]) {
			peer_note(&w->peers, &w->batch[pair - 1]);
			peer_told(&w->peers, &w->batch[pair - 1]);
		}
	}
}

/* What was not shown moves to the front. */
static void close_up(struct watch *w, const bool *stays)
{
	const bool *first = memchr(stays, true, w->n);
	size_t i = first ? (size_t)(first - stays) : w->n;
	size_t n = 0;

	w->has_special = false;
	w->n_indexed = 0;
	for (; i < w->n; i++) {
		if (!stays[i])
			continue;
		w->has_special |= is_special(&w->batch[i]);
		w->is_told[n] = false;
		w->batch[n++] = w->batch[i];
	}
	w->n = n;
}

/*
 * Complete the events read so far, then print them. What is younger than @young
 * may stay for the next time: what completes it, or takes it back, may be on
 * its way.
 */
static void settle(struct watch *w, uint64_t young)
{
	uint64_t peers_young =
		young == UINT64_MAX ? young : young + HELD_NS - PEER_WAIT_NS;
	bool stays[BATCH_MAX] = {};
	bool has_special = w->has_special;
	size_t n = w->n;

	if (has_special)
		owner_find(w->owners, w->batch, n);
	if (w->names_peers)
		note_ends(w);
	for (size_t i = 0; i < n; i++) {
		struct rw_event *event = &w->batch[i];
		bool open = has_special &&
			    (is_amendment(event) || is_open(event));

		if (has_special && event->evidence.kind != RW_KIND_FIN)
			suspect_note(&w->suspects, event);
		if (open && is_over(w, i))
			continue;
		if (open && is_early(w, event, young)) {
			stays[i] = true;
			continue;
		}
		if (w->names_peers && !name_peer(w, i, peers_young)) {
			keep_rest(w, i, stays);
			break;
		}
		if (open)
			print_open(w, event);
		else
			print(w, event, true);
		if (w->pairs.of[i] == PAIR_HERE) /* never, unless named */
			peer_told(&w->peers, event);
	}
	close_up(w, stays);
}

/* @is_told: of an amendment, by what it amended */
static inline void put(struct watch *w, const struct rw_event *event,
		       bool is_told)
{
	w->has_special |= is_special(event);
	w->is_told[w->n] = is_told;
	w->batch[w->n++] = *event;
}

static void make_room(struct watch *w)
{
	if (w->n == BATCH_MAX)
		settle(w, watch_now() - HELD_NS);
	if (w->n == BATCH_MAX)
		settle(w, UINT64_MAX);
}

/* What is rare: kept apart, so that it does not slow down what is not. */
static int __attribute__((noinline))
add(struct watch *w, const struct rw_event *event)
{
	bool is_told = is_amendment(event) && amend(w, event);

	if (is_told && !w->names_peers)
		return 0; /* else the record tells who had the other end, too */
	make_room(w);
	put(w, event, is_told);
	return 0;
}

static int on_record(void *context, void *data, size_t size)
{
	struct watch *w = context;
	const struct rw_event *event = data;

	if (size != sizeof(*event)) {
		if (size == sizeof(struct rw_stack))
			stacks_keep(data);
		return 0;
	}
	if (w->n == BATCH_MAX || is_amendment(event))
		return add(w, event);
	put(w, event, false);
	return 0; /* also after an error: what is in the ring is counted */
}

/* The kernel's counters, put right by what user space knows better. */
static int count(const struct watch *w, struct run_totals *t)
{
	int err = observer_counts(w->observer, t->by_cause);

	t->missed = observer_missed(w->observer);
	for (int i = 0; i < RW_FULL_MAX; i++)
		t->full[i] = observer_full(w->observer, i);
	t->has_minisocks = observer_minisocks(w->observer, t->minisocks);
	for (int i = 0; i < RW_CAUSE_MAX; i++) {
		t->by_cause[i].seen += w->doubted[i] - w->others[i];
		t->lost += t->by_cause[i].lost;
	}
	t->end_ktime_ns = watch_now();
	return err;
}

/* An interval is over, or somebody has sent USR1. */
static void report(struct watch *w)
{
	struct run_totals now = *w->totals;
	bool due = show_is_due(&w->show, watch_now());

	if (!asked && !due)
		return;
	keep_error(w, count(w, &now));
	if (due)
		keep_error(w, show_interval(&w->show, now.end_ktime_ns,
					    now.by_cause));
	if (!asked)
		return;
	asked = 0;
	if (w->options->summary)
		keep_error(w, show_total(&w->show, now.end_ktime_ns,
					 now.by_cause));
	else
		summary_print(stderr, &now);
}

/* Read what there is, then let the reader see it. @found: records before that */
static void drain(struct watch *w, struct ring_buffer *ring, bool found)
{
	netns_expire();
	found = ring_buffer__consume(ring) || found;
	sleeper_looked(&w->sleeper, found || w->n);
	settle(w, watch_now() - HELD_NS);
	keep_error(w, show_held(&w->show, watch_now()));
	report(w);
	keep_error(w, w->show.sink->flush(w->show.sink));
}

/* Milliseconds until the end, the next report, or the next look at the ring. */
static int wait_ms(const struct watch *w, uint64_t end_ns)
{
	const int poll_ms = sleeper_ms(&w->sleeper);
	uint64_t now = watch_now(), ms;

	if (w->show.interval && (!end_ns || w->show.next_ns < end_ns))
		end_ns = w->show.next_ns;
	if (!end_ns)
		return poll_ms;
	if (now >= end_ns)
		return 0;
	ms = (end_ns - now + 999999) / 1000000;
	return ms < (uint64_t)poll_ms ? (int)ms : poll_ms;
}

/*
 * Wait until it is time to look. The record that ends a sleep seldom comes alone:
 * what completes it is waited for as at other times. Return: did anything come?
 */
static bool await(const struct watch *w, struct ring_buffer *ring,
		  uint64_t end_ns)
{
	bool slept = sleeper_sleeps(&w->sleeper);
	uint64_t until, now;
	int left, ms;

	if (ring_buffer__poll(ring, wait_ms(w, end_ns)) <= 0)
		return false;
	now = watch_now();
	until = now + SLEEPER_LOOK_MS * 1000000ULL;
	for (; slept && now < until; now = watch_now()) {
		left = (int)((until - now) / 1000000) + 1;
		ms = wait_ms(w, end_ns);
		if (!ms || ring_buffer__poll(ring, ms < left ? ms : left) < 0)
			break; /* the end, or a signal */
	}
	return true;
}

static int finish(struct watch *w, struct observer *observer,
		  struct ring_buffer *ring)
{
	struct run_totals *t = w->totals;
	int err;

	if (w->options->command) { /* what answers its last acts, from this host */
		sleeper_looked(&w->sleeper, true);
		ring_buffer__poll(ring, SLEEPER_LOOK_MS);
	}
	if (t->audit)
		audit_end(t->audit, observer);
	observer_detach(observer);
	ring_buffer__consume(ring);
	settle(w, UINT64_MAX);
	keep_error(w, show_held(&w->show, UINT64_MAX));
	err = count(w, t);
	keep_error(w, show_interval(&w->show, t->end_ktime_ns, t->by_cause));
	keep_error(w, show_total(&w->show, t->end_ktime_ns, t->by_cause));
	return w->error ? w->error : err;
}

int watch(struct observer *observer, struct sink *sink,
	  const struct options *options, volatile sig_atomic_t *stop,
	  struct run_totals *totals)
{
	struct watch *w = calloc(1, sizeof(*w));
	struct ring_buffer *ring;
	uint64_t end_ns = 0;
	int err;

	if (!w)
		return -ENOMEM;
	w->observer = observer;
	w->totals = totals;
	w->options = options;
	w->names_peers = options->json || options->write;
	w->awaits_peers = !options->pids.n && !options->comm;
	w->counts = options->count || options->stacks;
	w->owners = &observer->owners;
	err = show_open(&w->show, sink, options, totals, watch_now());
	if (err) {
		free(w);
		return err;
	}
	ring = ring_buffer__new(observer_map(observer, "events"), on_record, w,
				NULL);
	if (!ring) {
		err = -errno;
		show_close(&w->show);
		free(w);
		return err;
	}
	sleeper_open(&w->sleeper, observer_map(observer, "reader_sleeps"));
	if (options->duration_ms)
		end_ns = watch_now() + options->duration_ms * 1000000;
	while (!*stop && !w->error && !is_full(w) &&
	       (!end_ns || watch_now() < end_ns)) {
		drain(w, ring, await(w, ring, end_ns));
		observer_tend(observer);
	}
	err = finish(w, observer, ring);
	sleeper_close(&w->sleeper);
	ring_buffer__free(ring);
	show_close(&w->show);
	free(w);
	return err;
}
