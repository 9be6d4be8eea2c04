// SPDX-License-Identifier: GPL-2.0
/*
 * Most of a record is what it was in an earlier one. Records are kept as they
 * were written, with the places of the values that are another's each time: of
 * one that is like a kept one but for those, all between them is copied.
 */
#include "json_teardown.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_keys.h"
#include "lookup.h"
#include "peer.h"

/* What may differ between records that are alike. */
enum field {
	FIELD_KTIME,
	FIELD_LOCAL_ADDRESS,
	FIELD_LOCAL_PORT,
	FIELD_REMOTE_ADDRESS,
	FIELD_REMOTE_PORT,
	FIELD_COMMUNITY_ID,
	FIELD_QUEUES,
	FIELD_IDLE,
	FIELD_RETRANSMITS,
	FIELD_COOKIE,
	FIELD_PEER,
	FIELD_MAX
};

struct place {
	uint16_t begin, end;
};
_Static_assert(SINK_ROOM <= UINT16_MAX, "a record has places in all of it");

/* A record as it was written. */
#define LINE_ROOM 2048 /* longer ones are not kept */
#define LINES_KEPT 64  /* a power of two */
#define SPARE 16 /* more than what a field's writer writes beyond its end */

struct line {
	struct rw_event of;
	struct rw_task peer; /* pid 0: nobody is known */
	uint32_t version;    /* lookup_version() */
	uint32_t len;	     /* 0: nothing yet */
	struct place places[FIELD_MAX];
	char text[LINE_ROOM + SPARE];
};

/* A second of ktime_ns, but not 0: below a second no zeros lead. */
struct second {
	uint64_t begin_ns;
	size_t len;
	char text[16]; /* the longest: 18446744073 */
};

struct json_teardown {
	struct clock *clock;
	uint32_t hz;	   /* jiffies a second */
	bool community_id; /* asked for */
	bool knows_oom;	   /* as in struct run_info */
	struct second second;
	struct line *lines; /* LINES_KEPT */
};

static inline char *put_ktime(struct json_teardown *t, char *p,
			      uint64_t ktime_ns)
{
	struct second *s = &t->second;

	if (ktime_ns - s->begin_ns >= CLOCK_SECOND) {
		if (ktime_ns < CLOCK_SECOND)
			return json_u64(p, ktime_ns);
		s->begin_ns = ktime_ns - ktime_ns % CLOCK_SECOND;
		s->len = (size_t)(format_u64(s->text, ktime_ns / CLOCK_SECOND) -
				  s->text);
	}
	memcpy(p, s->text, sizeof(s->text));
	return format_nine(p + s->len, (uint32_t)(ktime_ns - s->begin_ns));
}

/*
 * A record that is like none, and where its fields are
 */

#define BEFORE_TIME "{\"type\":\"teardown\",\"time\":\""

struct draft {
	const char *begin;
	struct place places[FIELD_MAX];
};

/* A field was written from @p to @end. */
static char *mark(struct draft *d, enum field field, const char *p, char *end)
{
	d->places[field].begin = (uint16_t)(p - d->begin);
	d->places[field].end = (uint16_t)(end - d->begin);
	return end;
}

static char *write_tuple(const struct json_teardown *t, char *p,
			 const struct rw_event *e, struct draft *d)
{
	const struct rw_tuple *tuple = &e->tuple;

	p = JSON_RAW(p, ",\"local\":{\"address\":\"");
	p = mark(d, FIELD_LOCAL_ADDRESS, p,
		 format_address(p, e->family, tuple->laddr));
	p = JSON_RAW(p, "\",\"port\":");
	p = mark(d, FIELD_LOCAL_PORT, p, format_six(p, tuple->lport));
	p = JSON_RAW(p, "},\"remote\":{\"address\":\"");
	p = mark(d, FIELD_REMOTE_ADDRESS, p,
		 format_address(p, e->family, tuple->raddr));
	p = JSON_RAW(p, "\",\"port\":");
	p = mark(d, FIELD_REMOTE_PORT, p, format_six(p, tuple->rport));
	p = JSON_RAW(p, "},\"community_id\":");
	return mark(d, FIELD_COMMUNITY_ID, p,
		    t->community_id ? json_community_id(p, e) : json_null(p));
}

static char *write_numbers(const struct json_teardown *t, char *p,
			   const struct rw_evidence *ev, struct draft *d)
{
	p = mark(d, FIELD_QUEUES, p, json_queues(p, ev, t->hz));
	p = mark(d, FIELD_IDLE, p, json_idle(p, ev, t->hz));
	return mark(d, FIELD_RETRANSMITS, p, json_retransmits(p, ev));
}

static char *write_whose(const struct json_teardown *t, char *p,
			 const struct rw_event *e)
{
	p = json_provoker(p, e);
	p = json_actor(p, e, t->knows_oom);
	p = json_owner(p, e);
	p = json_cgroup(p, e);
	return json_netns(p, e);
}

static char *write_line(struct json_teardown *t, char *p,
			const struct rw_event *e, struct draft *d)
{
	const struct rw_evidence *ev = &e->evidence;

	d->begin = p;
	p = JSON_RAW(p, BEFORE_TIME);
	p = clock_utc(t->clock, p, e->ktime_ns);
	p = JSON_RAW(p, "\",\"ktime_ns\":");
	p = mark(d, FIELD_KTIME, p, put_ktime(t, p, e->ktime_ns));
	p = json_verdict(p, e);
	p = write_tuple(t, p, e, d);
	p = json_state(p, ev);
	p = write_numbers(t, p, ev, d);
	p = write_whose(t, p, e);
	p = JSON_KEY(p, "cookie");
	p = mark(d, FIELD_COOKIE, p, json_u64_or_null(p, e->cookie, e->cookie));
	p = json_path(p, ev);
	p = json_confidence(p, ev);
	p = mark(d, FIELD_PEER, p, json_peer(p, peer_shown()));
	return json_last(p, e);
}

/*
 * A record that is like a kept one
 */

/*
 * What decides about the text between the fields: these bits of the evidence.
 * The rest is of no interest here, or is a field.
 */
static const struct rw_evidence decides = {
	.path = UINT32_MAX,
	.flags = RW_F_SK | RW_F_LINGER | RW_F_ACTOR | RW_F_EXITING |
		 RW_F_LINGER_WAIT | RW_F_TRIGGER | RW_F_INFERRED |
		 RW_F_SINCE_CLOSE | RW_F_OWNER | RW_F_REASON | RW_F_QUEUES |
		 RW_F_IDLE_RX | RW_F_IDLE_TX | RW_F_TW | RW_F_PREDATES,
	.kind = UINT8_MAX,
	.state = UINT8_MAX,
	.order = UINT8_MAX,
	.kernel_reason = -1,
	.hops_established = UINT8_MAX,
	.hops_rst = UINT8_MAX,
	.rst_window = UINT16_MAX,
	.rst_shape = UINT8_MAX,
	.exit = UINT8_MAX,
};

/* Eight bytes at a time, of one member or of some that are neighbours. */
static inline uint64_t differ(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x ^ y;
}

static inline uint64_t addresses_differ(const uint8_t *a, const uint8_t *b)
{
	return differ(a, b) | differ(a + 8, b + 8);
}

static inline uint64_t tasks_differ(const struct rw_task *a,
				    const struct rw_task *b)
{
	return differ(&a->pid, &b->pid) | differ(&a->uid, &b->uid) |
	       differ(a->comm, b->comm) | differ(a->comm + 8, b->comm + 8);
}

static inline uint64_t evidence_differs(const struct rw_evidence *a,
					const struct rw_evidence *b)
{
	static const struct rw_evidence none;

	/* each is the first of eight bytes */
#define DECIDING(first) \
	(differ(&a->first, &b->first) & differ(&decides.first, &none.first))
	return DECIDING(path) | DECIDING(kind) | DECIDING(sk_err_soft) |
	       DECIDING(retransmits);
#undef DECIDING
}

static uint32_t has_numbers(const struct rw_evidence *ev)
{
	return ev->unread | ev->unsent | ev->unacked | ev->idle_rx |
	       ev->idle_tx | ev->retransmits;
}

/* The answers of lookup() belong to a place. */
static bool has_same_place(const struct line *line, const struct rw_event *e)
{
	return line->len && line->version == lookup_version() &&
	       line->of.cgroup == e->cgroup &&
	       line->of.tuple.netns == e->tuple.netns &&
	       !differ(&line->of.family, &e->family);
}

/* Most connections are short, and end alike to the bit. */
static bool is_same(const struct line *line, const struct rw_event *e)
{
	return !memcmp(&line->of.evidence, &e->evidence,
		       sizeof(*e) - offsetof(struct rw_event, evidence));
}

/*
 * What is not there may be anything. A line without numbers is the better one
 * to keep: most connections have none.
 */
static bool is_like(const struct line *line, const struct rw_event *e)
{
	const struct rw_event *was = &line->of;
	uint32_t flags = e->evidence.flags;

	if (evidence_differs(&was->evidence, &e->evidence) ||
	    (has_numbers(&was->evidence) && !has_numbers(&e->evidence)))
		return false;
	if (flags & RW_F_ACTOR && tasks_differ(&was->actor, &e->actor))
		return false;
	return !(flags & RW_F_OWNER) || !tasks_differ(&was->owner, &e->owner);
}

/* A line that was copied, and is being changed from the left to the right. */
struct copy {
	const struct line *line;
	char *text; /* where it would begin were it as wide as it was */
};

static inline char *field_of(const struct copy *c, enum field field)
{
	return c->text + c->line->places[field].begin;
}

/* A field was written. If it has another width now, what follows moves. */
static inline void change(struct copy *c, enum field field, char *end)
{
	const struct line *line = c->line;
	size_t place = line->places[field].end;

	if (end == c->text + place) {
		memcpy(end, line->text + place, SPARE);
		return;
	}
	memcpy(end, line->text + place, line->len - place);
	c->text = end - place;
}

static inline void change_tuple(struct copy *c, const struct rw_event *e)
{
	const struct rw_tuple *was = &c->line->of.tuple, *is = &e->tuple;

	if (addresses_differ(was->laddr, is->laddr))
		change(c, FIELD_LOCAL_ADDRESS,
		       format_address(field_of(c, FIELD_LOCAL_ADDRESS),
				      e->family, is->laddr));
	if (was->lport != is->lport)
		change(c, FIELD_LOCAL_PORT,
		       format_six(field_of(c, FIELD_LOCAL_PORT), is->lport));
	if (addresses_differ(was->raddr, is->raddr))
		change(c, FIELD_REMOTE_ADDRESS,
		       format_address(field_of(c, FIELD_REMOTE_ADDRESS),
				      e->family, is->raddr));
	if (was->rport != is->rport)
		change(c, FIELD_REMOTE_PORT,
		       format_six(field_of(c, FIELD_REMOTE_PORT), is->rport));
}

static void change_numbers(struct copy *c, const struct rw_evidence *is,
			   uint32_t hz)
{
	const struct rw_evidence *was = &c->line->of.evidence;

	if (differ(&was->unread, &is->unread) |	  /* and unsent */
	    differ(&was->unacked, &is->unacked) | /* and linger */
	    (was->linger_wait_ms ^ is->linger_wait_ms))
		change(c, FIELD_QUEUES,
		       json_queues(field_of(c, FIELD_QUEUES), is, hz));
	if (differ(&was->idle_rx, &is->idle_rx)) /* and idle_tx */
		change(c, FIELD_IDLE,
		       json_idle(field_of(c, FIELD_IDLE), is, hz));
	if (was->retransmits != is->retransmits)
		change(c, FIELD_RETRANSMITS,
		       json_retransmits(field_of(c, FIELD_RETRANSMITS), is));
}

static inline void change_peer(struct copy *c)
{
	static const struct rw_task nobody;
	const struct rw_task *peer = peer_shown();

	if (tasks_differ(&c->line->peer, peer ? peer : &nobody))
		change(c, FIELD_PEER, json_peer(field_of(c, FIELD_PEER), peer));
}

static char *copy_line(struct json_teardown *t, const struct line *line,
		       char *p, const struct rw_event *e, bool same)
{
	struct copy c = { .line = line, .text = p };

	memcpy(p, line->text, line->len);
	clock_utc(t->clock, p + sizeof(BEFORE_TIME) - 1, e->ktime_ns);
	change(&c, FIELD_KTIME,
	       put_ktime(t, field_of(&c, FIELD_KTIME), e->ktime_ns));
	change_tuple(&c, e);
	if (t->community_id)
		change(&c, FIELD_COMMUNITY_ID,
		       json_community_id(field_of(&c, FIELD_COMMUNITY_ID), e));
	if (!same)
		change_numbers(&c, &e->evidence, t->hz);
	p = field_of(&c, FIELD_COOKIE);
	change(&c, FIELD_COOKIE, json_u64_or_null(p, e->cookie, e->cookie));
	change_peer(&c);
	return c.text + line->len;
}

/*
 * Which is kept
 */

/* One place for each kind of end, of each that often comes. */
static struct line *line_for(struct json_teardown *t, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;
	uint32_t tid = ev->flags & RW_F_ACTOR ? e->actor.tid : 0;

	return &t->lines[(e->owner.pid + tid * 4 + ev->state * 2 + ev->path) &
			 (LINES_KEPT - 1)];
}

/* What hardly ever comes twice would only take the place of another. */
static bool is_worth_it(const struct rw_event *e, size_t len)
{
	return len <= LINE_ROOM && !e->stacks &&
	       !(e->evidence.flags & (RW_F_SINCE_CLOSE | RW_F_TRIGGER));
}

static void keep(struct line *line, const struct rw_event *e,
		 const struct draft *d, size_t len)
{
	const struct rw_task *peer = peer_shown();

	line->of = *e;
	line->peer = peer ? *peer : (struct rw_task){ .pid = 0 };
	line->version = lookup_version();
	line->len = (uint32_t)len;
	memcpy(line->places, d->places, sizeof(line->places));
	memcpy(line->text, d->begin, len);
}

static char *write_and_keep(struct json_teardown *t, struct line *line, char *p,
			    const struct rw_event *e)
{
	struct draft d;
	char *end = write_line(t, p, e, &d);

	if (is_worth_it(e, (size_t)(end - p)))
		keep(line, e, &d, (size_t)(end - p));
	return end;
}

char *json_teardown(struct json_teardown *t, char *p, const struct rw_event *e)
{
	struct line *line = line_for(t, e);
	bool near = has_same_place(line, e);
	bool same = near && is_same(line, e);

	if (same || (near && is_like(line, e)))
		return copy_line(t, line, p, e, same);
	return write_and_keep(t, line, p, e);
}

char *json_late_owner(char *p, const struct rw_event *e)
{
	p = JSON_RAW(p, "{\"type\":\"owner\",\"cookie\":");
	p = json_u64_or_null(p, e->cookie, e->cookie);
	p = json_owner(p, e);
	return JSON_RAW(p, "}\n");
}

struct json_teardown *json_teardown_new(struct clock *clock, bool community_id)
{
	struct json_teardown *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->lines = calloc(LINES_KEPT, sizeof(*t->lines));
	if (!t->lines) {
		free(t);
		return NULL;
	}
	t->clock = clock;
	t->hz = 1000;
	t->community_id = community_id;
	t->second = (struct second){ CLOCK_SECOND, 1, "1" };
	return t;
}

void json_teardown_start(struct json_teardown *t, const struct run_info *info)
{
	t->hz = info->hz;
	t->knows_oom = info->knows_oom;
	for (size_t i = 0; i < LINES_KEPT; i++)
		t->lines[i].len = 0;
}

void json_teardown_free(struct json_teardown *t)
{
	if (!t)
		return;
	free(t->lines);
	free(t);
}
