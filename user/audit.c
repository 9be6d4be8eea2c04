// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "audit.h"
#include "netns_counters.h"
#include "observer.h"

/* So often both sides are read until nothing happened in between. */
#define TRIES 200

/* Bits of the column "counters" of the table. */
enum {
	OUT_RSTS = 1 << RW_COUNTER_OUT_RSTS,
	ON_CLOSE = 1 << RW_COUNTER_ON_CLOSE,
	ON_DATA = 1 << RW_COUNTER_ON_DATA,
	ON_LINGER = 1 << RW_COUNTER_ON_LINGER,
	ON_MEMORY = 1 << RW_COUNTER_ON_MEMORY,
	ON_TIMEOUT = 1 << RW_COUNTER_ON_TIMEOUT,
	EMBRYONIC_RSTS = 1 << RW_COUNTER_EMBRYONIC_RSTS,
	ATTEMPT_FAILS = 1 << RW_COUNTER_ATTEMPT_FAILS,
};

static const uint8_t counters_of[RW_MECHANISM_MAX] = {
#define MECHANISM(id, condition, counters) [RW_MECHANISM_##id] = (counters),
#include "bpf/mechanisms.def"
#undef MECHANISM
};

/* Both sides of one netns at one moment. */
struct audit_base {
	uint64_t cookie;
	uint32_t netns;
	bool readable;
	uint64_t kernel[NETNS_COUNTERS];
	uint64_t seen[RW_COUNTER_MAX];
	uint64_t slack[RW_COUNTER_MAX]; /* that came while it was read */
};

/* All netns at one moment. */
struct snapshot {
	const struct observer *observer;
	struct rw_audit *per_cpu;   /* as many as there are CPUs */
	struct rw_near_audit *near; /* the same */
	int map, near_map, cpus;
	struct audit_base *all; /* n, then one that is all zero */
	size_t n;
	bool failed;
};

static void add_seen(const struct rw_audit *audit, uint64_t *seen)
{
	for (int row = 0; row < RW_MECHANISM_MAX; row++)
		for (int i = 0; i < RW_COUNTER_MAX; i++)
			if (counters_of[row] & (1 << i))
				seen[i] += audit->seen[row];
}

static bool read_near(const struct snapshot *s, uint32_t place)
{
	return !bpf_map_lookup_elem(s->near_map, &place, s->near);
}

/* What the programs have counted, by counter of the kernel. */
static void read_seen(const struct snapshot *s, const struct audit_base *at,
		      uint64_t *seen)
{
	const struct rw_audit_key key = { .cookie = at->cookie,
					  .netns = at->netns };

	memset(seen, 0, RW_COUNTER_MAX * sizeof(*seen));
	if (!bpf_map_lookup_elem(s->map, &key, s->per_cpu))
		for (int cpu = 0; cpu < s->cpus; cpu++)
			add_seen(&s->per_cpu[cpu], seen);
	if (!read_near(s, rw_near_audit_of(&key)))
		return;
	for (int cpu = 0; cpu < s->cpus; cpu++)
		if (!memcmp(&s->near[cpu].key, &key, sizeof(key)))
			add_seen(&s->near[cpu].audit, seen);
}

/*
 * The two sides are not counted in one step and not read in one either. They
 * are read in turn until both stand still for one round, which takes longer
 * than the kernel does from our hook to its counter. On a host that never
 * stands still what came during the last round is the slack: by that much they
 * may differ for no other reason.
 */
static void read_both(const struct snapshot *s, struct audit_base *at)
{
	uint64_t kernel[NETNS_COUNTERS], seen[RW_COUNTER_MAX];
	bool still = false;

	at->readable = !netns_counters(at->kernel);
	read_seen(s, at, at->seen);
	for (int i = 0; i < TRIES && at->readable && !still; i++) {
		at->readable = !netns_counters(kernel);
		read_seen(s, at, seen);
		still = !memcmp(kernel, at->kernel, sizeof(kernel)) &&
			!memcmp(seen, at->seen, sizeof(seen));
		for (int c = 0; c < RW_COUNTER_MAX; c++)
			at->slack[c] = seen[c] - at->seen[c];
		memcpy(at->kernel, kernel, sizeof(kernel));
		memcpy(at->seen, seen, sizeof(seen));
	}
}

/* Room for one more, all zero, at the end. */
static bool grow(struct snapshot *s)
{
	struct audit_base *all = realloc(s->all, (s->n + 2) * sizeof(*all));

	if (!all) {
		s->failed = true;
		return false;
	}
	s->all = all;
	memset(&all[s->n], 0, 2 * sizeof(*all));
	return true;
}

static void take_one(void *context, const struct netns *netns)
{
	struct snapshot *s = context;
	struct audit_base *at;

	if (!grow(s))
		return;
	at = &s->all[s->n++];
	at->netns = netns->inode;
	if (s->observer->config.netns_cookies)
		at->cookie = netns->cookie;
	if (netns->entered)
		read_both(s, at);
	else
		read_seen(s, at, at->seen);
}

static struct audit_base *find(const struct snapshot *s, uint32_t netns,
			       uint64_t cookie)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->all[i].netns == netns && s->all[i].cookie == cookie)
			return &s->all[i];
	return NULL;
}

/* A netns that was seen; what is known of it already is left. */
static void take_seen(struct snapshot *s, const struct rw_audit_key *key)
{
	if (!key->netns || find(s, key->netns, key->cookie) || !grow(s))
		return;
	s->all[s->n].netns = key->netns;
	s->all[s->n].cookie = key->cookie;
	read_seen(s, &s->all[s->n], s->all[s->n].seen);
	s->n++;
}

/* Netns that were seen but are there no more, or cannot be entered. */
static void take_gone(struct snapshot *s)
{
	struct rw_audit_key key, *last = NULL;

	while (!bpf_map_get_next_key(s->map, last, &key)) {
		last = &key;
		take_seen(s, &key);
	}
	for (uint32_t place = 0; place < RW_NEAR_AUDITS; place++)
		for (int cpu = 0; cpu < s->cpus && read_near(s, place); cpu++)
			take_seen(s, &(struct rw_audit_key){
					     s->near[cpu].key.cookie,
					     s->near[cpu].key.netns, 0 });
}

static bool take(struct snapshot *s, const struct observer *observer)
{
	s->observer = observer;
	s->map = observer_map(observer, "audits");
	s->near_map = observer_map(observer, "near_audits");
	s->cpus = libbpf_num_possible_cpus();
	if (s->cpus <= 0)
		return false;
	s->per_cpu = calloc(s->cpus, sizeof(*s->per_cpu));
	s->near = calloc(s->cpus, sizeof(*s->near));
	if (!s->per_cpu || !s->near || !grow(s) || netns_visit(take_one, s))
		s->failed = true;
	return !s->failed;
}

void audit_start(struct audit *audit, const struct observer *observer)
{
	struct snapshot s = {};

	*audit = (struct audit){};
	audit->failed = !take(&s, observer);
	free(s.per_cpu);
	free(s.near);
	audit->base = s.all;
	audit->n_base = s.n;
}

/* What speaks for a difference, the same for all netns. */
struct excuses {
	const struct observer *observer;
	uint64_t missed;  /* hooks that did not run */
	uint64_t dropped; /* events of a netns the map has no room for */
};

/*
 * Why the kernel counted more than was seen. What has a number explains no
 * more than that number.
 */
static const char *why_unseen(const struct excuses *x, int counter,
			      uint64_t unseen, uint64_t counted,
			      uint64_t abort_failed)
{
	const struct observer *o = x->observer;

	for (size_t i = 0; i < o->n_blind; i++)
		if (o->blind[i].counters & (1 << counter))
			return o->blind[i].why;
	if (counter == RW_COUNTER_OUT_RSTS && unseen <= abort_failed)
		return "the kernel counts a reset it found no memory for "
		       "(TCPAbortFailed)";
	if (unseen <= x->missed)
		return "hooks hit inside themselves (see missed)";
	if (unseen <= x->dropped)
		return "more namespaces than can be told apart";
	if (o->misses_uncounted && unseen <= 2 + counted / 1000)
		return "kprobes hit inside others, which this kernel does not "
		       "count";
	return NULL;
}

/*
 * Why more was seen than the kernel counted: where the hook that says which
 * call it was did not run, an end may be taken for another one. It is a RST
 * nevertheless.
 */
static const char *why_excess(const struct excuses *x, int counter,
			      uint64_t excess)
{
	if (counter != RW_COUNTER_OUT_RSTS && excess <= x->missed)
		return "taken for another end, a hook was hit inside itself "
		       "(see missed)";
	return NULL;
}

/* How one counter moved between two moments. */
static struct audit_line compare_line(const struct excuses *x, int i,
				      const struct audit_base *from,
				      const struct audit_base *to)
{
	const uint64_t failed = to->kernel[NETNS_ABORT_FAILED] -
				from->kernel[NETNS_ABORT_FAILED];
	struct audit_line line = { .kernel = to->kernel[i] - from->kernel[i],
				   .seen = to->seen[i] - from->seen[i] };
	const int64_t slack = (int64_t)(from->slack[i] + to->slack[i]);
	int64_t difference = audit_difference(&line);

	if (difference && difference <= slack && -difference <= slack)
		line.explained = "counted while it was read";
	else if (difference > 0)
		line.explained =
			why_unseen(x, i, difference, line.kernel, failed);
	else if (difference < 0)
		line.explained = why_excess(x, i, -difference);
	return line;
}

/* Why the kernel's side cannot be told, or NULL. */
static const char *why_unknown(const struct audit_base *from,
			       const struct audit_base *to)
{
	if (!to->readable)
		return "gone, or not permitted to enter";
	if (from->netns && !from->readable)
		return "it could not be entered at the start";
	for (int i = 0; i < NETNS_COUNTERS; i++)
		if (to->kernel[i] < from->kernel[i])
			return "its number was used again";
	return NULL;
}

static void compare(struct audit *audit, const struct excuses *x,
		    const struct audit_base *from, const struct audit_base *to)
{
	struct audit_netns *n = &audit->netns[audit->n];
	bool any = false;

	*n = (struct audit_netns){ .netns = to->netns,
				   .cookie = to->cookie,
				   .unknown = why_unknown(from, to) };
	for (int i = 0; i < RW_COUNTER_MAX; i++) {
		struct audit_line *line = &n->lines[i];

		*line = compare_line(x, i, from, to);
		any |= line->seen || (!n->unknown && line->kernel);
		audit->unexplained += !n->unknown && audit_difference(line) &&
				      !line->explained;
	}
	audit->n += any;
}

void audit_end(struct audit *audit, const struct observer *observer)
{
	struct snapshot before = { .all = audit->base, .n = audit->n_base };
	struct snapshot s = {};
	struct excuses x = { .observer = observer };

	if (audit->failed || !take(&s, observer)) {
		audit->failed = true;
		goto out;
	}
	take_gone(&s);
	x.missed = observer_missed(observer);
	x.dropped = observer_full(observer, RW_FULL_AUDITS);
	audit->netns = calloc(s.n + 1, sizeof(*audit->netns));
	if (s.failed || !audit->netns) {
		audit->failed = true;
		goto out;
	}
	for (size_t i = 0; i < s.n; i++) {
		const struct audit_base *from =
			find(&before, s.all[i].netns, s.all[i].cookie);

		/* one that is new has counted nothing before */
		compare(audit, &x, from ? from : &s.all[s.n], &s.all[i]);
	}
out:
	free(s.all);
	free(s.per_cpu);
	free(s.near);
}

void audit_free(struct audit *audit)
{
	free(audit->base);
	free(audit->netns);
}
