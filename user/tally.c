// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "tally.h"

#define SLOTS (2 * TALLY_ROWS) /* a power of two */

struct tally {
	uint64_t begin_ns;
	uint64_t held;
	struct tally_sums sums;
	uint64_t by_cause[RW_CAUSE_MAX];
	struct rw_count lost_before[RW_CAUSE_MAX];
	size_t n_rows, n_remotes;
	uint16_t slots[SLOTS]; /* 1 + index of a row; 0: free */
	struct tally_row rows[TALLY_ROWS];
	struct tally_remote remotes[TALLY_REMOTES];
};

struct tally *tally_new(uint64_t begin_ns)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t)
		t->begin_ns = begin_ns;
	return t;
}

void tally_free(struct tally *t)
{
	free(t);
}

static void add_event(struct tally_sums *sums, const struct rw_event *event)
{
	const struct rw_evidence *e = &event->evidence;

	sums->events++;
	sums->fin += e->kind == RW_KIND_FIN;
	sums->rst_sent += e->kind == RW_KIND_RST_ACTIVE ||
			  e->kind == RW_KIND_RST_ANSWER;
	sums->rst_received += e->kind == RW_KIND_RST_RECEIVED;
	sums->silent += e->kind == RW_KIND_SILENT;
	if (e->flags & RW_F_QUEUES) {
		sums->unread += e->unread;
		sums->unsent += e->unsent;
	}
}

/* Whose socket it was; where that is not known, who acted. */
static const struct rw_task *task_of(const struct rw_event *event)
{
	if (event->evidence.flags & RW_F_OWNER)
		return &event->owner;
	return event->evidence.flags & RW_F_ACTOR ? &event->actor : NULL;
}

static uint64_t hash_of(const struct rw_event *event,
			const struct rw_task *task)
{
	uint64_t hash = event->cause + 1;

	for (size_t i = 0; task && i < RW_COMM_LEN && task->comm[i]; i++)
		hash = (hash ^ (unsigned char)task->comm[i]) * 0x100000001b3ULL;
	return hash * 0x9e3779b97f4a7c15ULL >> 32;
}

static bool is_row_of(const struct tally_row *row, const struct rw_event *event,
		      const struct rw_task *task)
{
	if (row->cause != event->cause || row->known != (task != NULL))
		return false;
	return !task || !strncmp(row->comm, task->comm, RW_COMM_LEN);
}

static struct tally_row *new_row(struct tally *t, const struct rw_event *event,
				 const struct rw_task *task)
{
	struct tally_row *row = &t->rows[t->n_rows++];

	*row = (struct tally_row){ .cause = event->cause,
				   .known = task != NULL };
	if (task) {
		memcpy(row->comm, task->comm, RW_COMM_LEN);
		row->pid = task->pid;
	}
	return row;
}

/* The row of an event, NULL when there is none and no room for one. */
static struct tally_row *find_row(struct tally *t, const struct rw_event *event,
				  const struct rw_task *task)
{
	for (size_t at = hash_of(event, task);; at++) {
		uint16_t *slot = &t->slots[at % SLOTS];

		if (*slot && is_row_of(&t->rows[*slot - 1], event, task))
			return &t->rows[*slot - 1];
		if (*slot)
			continue;
		if (t->n_rows == TALLY_ROWS)
			return NULL;
		*slot = (uint16_t)(t->n_rows + 1);
		return new_row(t, event, task);
	}
}

/*
 * Metwally, Agrawal, El Abbadi, Efficient Computation of Frequent and Top-k
 * Elements in Data Streams (2005): a newcomer takes the place of the smallest
 * and inherits its count, as the most it can have had. Whoever has more than
 * one part in TALLY_REMOTES of all events is there.
 */
static struct tally_remote *find_remote(struct tally *t,
					const struct rw_event *event)
{
	struct tally_remote *smallest = &t->remotes[0];

	for (size_t i = 0; i < t->n_remotes; i++) {
		struct tally_remote *remote = &t->remotes[i];

		if (remote->family == event->family &&
		    !memcmp(remote->address, event->tuple.raddr, RW_ADDR_LEN))
			return remote;
		if (remote->events < smallest->events)
			smallest = remote;
	}
	if (t->n_remotes < TALLY_REMOTES) {
		smallest = &t->remotes[t->n_remotes++];
		*smallest = (struct tally_remote){};
	}
	smallest->over = smallest->events;
	smallest->resets = 0;
	smallest->family = event->family;
	memcpy(smallest->address, event->tuple.raddr, RW_ADDR_LEN);
	return smallest;
}

static bool is_reset(const struct rw_event *event)
{
	return event->evidence.kind == RW_KIND_RST_ACTIVE ||
	       event->evidence.kind == RW_KIND_RST_ANSWER ||
	       event->evidence.kind == RW_KIND_RST_RECEIVED;
}

void tally_add(struct tally *t, const struct rw_event *event, bool held)
{
	const struct rw_task *task = task_of(event);
	struct tally_row *row = find_row(t, event, task);
	struct tally_remote *remote = find_remote(t, event);

	add_event(&t->sums, event);
	t->held += held;
	t->by_cause[event->cause]++;
	remote->events++;
	remote->resets += is_reset(event);
	if (!row)
		return;
	add_event(&row->sums, event);
	if (task && row->pid != task->pid)
		row->pid = 0;
}

static int more_events(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

/* Keeps the largest of a list in @top, sorted. Return: how many there are */
#define KEEP_LARGEST(top, max, n, item, count)                               \
	do {                                                                 \
		size_t at_ = (n);                                            \
		while (at_ &&                                                \
		       more_events((top)[at_ - 1].count, (item)->count) > 0) \
			at_--;                                               \
		if (at_ == (max))                                            \
			break;                                               \
		if ((n) < (max))                                             \
			(n)++;                                               \
		memmove(&(top)[at_ + 1], &(top)[at_],                        \
			((n)-at_ - 1) * sizeof(*(top)));                     \
		(top)[at_] = *(item);                                        \
	} while (0)

static void subtract(struct tally_sums *from, const struct tally_sums *sums)
{
	from->events -= sums->events;
	from->fin -= sums->fin;
	from->rst_sent -= sums->rst_sent;
	from->rst_received -= sums->rst_received;
	from->silent -= sums->silent;
	from->unread -= sums->unread;
	from->unsent -= sums->unsent;
}

void tally_report(const struct tally *t, uint64_t end_ns,
		  const struct rw_count *lost, struct report *report)
{
	*report = (struct report){ .begin_ns = t->begin_ns,
				   .end_ns = end_ns,
				   .sums = t->sums,
				   .held = t->held,
				   .others = t->sums };
	for (int i = 0; i < RW_CAUSE_MAX; i++) {
		struct rw_count *count = &report->counts[i];

		count->lost = lost[i].lost - t->lost_before[i].lost;
		count->lost_rst = lost[i].lost_rst - t->lost_before[i].lost_rst;
		count->seen = t->by_cause[i] + count->lost;
		report->lost += count->lost;
		report->lost_rst += count->lost_rst;
	}
	for (size_t i = 0; i < t->n_rows; i++)
		KEEP_LARGEST(report->rows, REPORT_ROWS, report->n_rows,
			     &t->rows[i], sums.events);
	for (size_t i = 0; i < t->n_remotes; i++)
		KEEP_LARGEST(report->remotes, REPORT_REMOTES, report->n_remotes,
			     &t->remotes[i], events);
	for (size_t i = 0; i < report->n_rows; i++)
		subtract(&report->others, &report->rows[i].sums);
	report->others.events += report->lost;
}

void tally_restart(struct tally *t, uint64_t begin_ns,
		   const struct rw_count *lost)
{
	memset(t, 0, sizeof(*t));
	t->begin_ns = begin_ns;
	memcpy(t->lost_before, lost, sizeof(t->lost_before));
}

bool report_ratio(const struct report *report, uint64_t *hundredths)
{
	uint64_t rst = report->sums.rst_sent + report->sums.rst_received;

	if (!rst)
		return false;
	*hundredths = report->sums.fin * 100 / rst;
	return true;
}
