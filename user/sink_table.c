// SPDX-License-Identifier: GPL-2.0
/*
 * The table for people: one line an event. Columns have a place where they
 * start; what is too long for its place moves the following ones only as far
 * as needed, and nothing is cut. On a terminal a line that is too long for it
 * is folded between two columns.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence_text.h"
#include "fill.h"
#include "format.h"
#include "lookup.h"
#include "names.h"
#include "report_text.h"
#include "sink.h"
#include "stack.h"
#include "text.h"

#define CELL_MAX 512 /* the longest is CAUSE with its detail */
#define COLUMNS_MAX 16
#define SHORT_ID 12 /* digits of a container id that are shown */
#define DIM "\033[2m"
#define BRIGHT "\033[1m"
#define PLAIN "\033[0m"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_US 1000
#define US_PER_SECOND 1000000

struct sink_table;

struct column {
	const char *heading;
	uint8_t narrow; /* width, 0: not shown */
	uint8_t wide;	/* width with -w */
	bool right;	/* numbers: aligned at their end */
	/* Writes at most CELL_MAX bytes, returns the end. */
	char *(*cell)(struct sink_table *t, char *p, const struct rw_event *e);
};

struct sink_table {
	struct sink sink; /* first: the address is that of the sink */
	struct out *out;
	struct clock *clock;
	struct table_style style;
	uint64_t start_ktime_ns;
	uint32_t hz; /* jiffies a second */
	size_t n_shown;
	const struct column *shown[COLUMNS_MAX];
};

static char *put(char *p, const char *text)
{
	return mempcpy(p, text, strlen(text));
}

/* Copies the whole array, which is cheaper than looking at the length. */
static char *put_name(char *p, const struct name *name, const char *unknown)
{
	if (!name)
		return put(p, unknown);
	memcpy(p, name->text, sizeof(name->text));
	return p + name->len;
}

static char *put_number(char *p, bool known, uint64_t value)
{
	return known ? format_u64(p, value) : put(p, "-");
}

/* Whose socket it was; who else acted stands in CAUSE. */
static const struct rw_task *shown_task(const struct rw_event *e)
{
	return e->evidence.flags & RW_F_OWNER ? &e->owner : NULL;
}

static char *cell_clock(struct sink_table *t, char *p, const struct rw_event *e)
{
	return clock_local(t->clock, p, e->ktime_ns);
}

/* Seconds since the start, six digits after the point. */
static char *cell_elapsed(struct sink_table *t, char *p,
			  const struct rw_event *e)
{
	uint64_t us = 0;

	if (e->ktime_ns > t->start_ktime_ns)
		us = (e->ktime_ns - t->start_ktime_ns) / NS_PER_US;
	p = format_u64(p, us / US_PER_SECOND);
	*p++ = '.';
	return format_padded(p, us % US_PER_SECOND, 6);
}

static char *cell_pid(struct sink_table *t, char *p, const struct rw_event *e)
{
	const struct rw_task *task = shown_task(e);

	(void)t;
	return put_number(p, task, task ? task->pid : 0);
}

static char *cell_comm(struct sink_table *t, char *p, const struct rw_event *e)
{
	const struct rw_task *task = shown_task(e);

	(void)t;
	if (!task)
		return put(p, "-");
	return p + text_printable(p, task->comm, RW_COMM_LEN);
}

/* An IPv6 address in brackets, or the port would look like a part of it. */
static char *put_side(char *p, const struct rw_event *e, const uint8_t *address,
		      uint16_t port)
{
	if (e->family == 6)
		*p++ = '[';
	p = format_address(p, e->family, address);
	if (e->family == 6)
		*p++ = ']';
	*p++ = ':';
	return format_u64(p, port);
}

static char *cell_local(struct sink_table *t, char *p, const struct rw_event *e)
{
	(void)t;
	return put_side(p, e, e->tuple.laddr, e->tuple.lport);
}

static char *cell_remote(struct sink_table *t, char *p,
			 const struct rw_event *e)
{
	(void)t;
	return put_side(p, e, e->tuple.raddr, e->tuple.rport);
}

static char *cell_what(struct sink_table *t, char *p, const struct rw_event *e)
{
	static const char *const words[RW_KIND_MAX] = {
		[RW_KIND_FIN] = "FIN sent",
		[RW_KIND_RST_ACTIVE] = "RST sent",
		[RW_KIND_RST_ANSWER] = "RST sent",
		[RW_KIND_RST_RECEIVED] = "RST rcvd",
		[RW_KIND_SILENT] = "silent",
		[RW_KIND_OWNER] = "owner",
	};

	(void)t;
	if (e->evidence.kind >= RW_KIND_MAX || !words[e->evidence.kind])
		return put(p, "?");
	return put(p, words[e->evidence.kind]);
}

static char *cell_state(struct sink_table *t, char *p, const struct rw_event *e)
{
	(void)t;
	return put_name(p, name_state(e->evidence.state), "-");
}

static char *cell_unread(struct sink_table *t, char *p,
			 const struct rw_event *e)
{
	(void)t;
	return put_number(p, e->evidence.flags & RW_F_QUEUES,
			  e->evidence.unread);
}

static char *cell_unsent(struct sink_table *t, char *p,
			 const struct rw_event *e)
{
	(void)t;
	return put_number(p, e->evidence.flags & RW_F_QUEUES,
			  e->evidence.unsent);
}

static char *cell_unacked(struct sink_table *t, char *p,
			  const struct rw_event *e)
{
	(void)t;
	return put_number(p, e->evidence.flags & RW_F_QUEUES,
			  e->evidence.unacked);
}

/* How long neither side had sent data: the smaller of what is known. */
static char *cell_idle(struct sink_table *t, char *p, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;
	uint64_t idle = UINT64_MAX;

	if (ev->flags & RW_F_IDLE_RX)
		idle = ev->idle_rx;
	if (ev->flags & RW_F_IDLE_TX && ev->idle_tx < idle)
		idle = ev->idle_tx;
	return put_number(p, idle != UINT64_MAX, idle * 1000 / t->hz);
}

static char *cell_retransmits(struct sink_table *t, char *p,
			      const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	(void)t;
	return put_number(p, (ev->flags & (RW_F_SK | RW_F_TW)) == RW_F_SK,
			  ev->retransmits);
}

static char *cell_reason(struct sink_table *t, char *p,
			 const struct rw_event *e)
{
	const char *reason = lookup(LOOKUP_REASON, e);

	(void)t;
	if (!reason)
		return put(p, "-");
	return p + text_printable(p, reason, EVIDENCE_REASON_MAX);
}

/* What people know it by: the container, shortened as engines do, or unit. */
static char *cell_unit(struct sink_table *t, char *p, const struct rw_event *e)
{
	const char *container = lookup(LOOKUP_CONTAINER, e);
	const char *unit = lookup(LOOKUP_UNIT, e);

	(void)t;
	if (container)
		return p + text_printable(p, container, SHORT_ID);
	if (unit)
		return p + text_printable(p, unit, NAME_MAX);
	return put(p, "-");
}

static char *cell_netns(struct sink_table *t, char *p, const struct rw_event *e)
{
	const char *name = lookup(LOOKUP_NETNS, e);

	(void)t;
	if (name)
		return p + text_printable(p, name, NAME_MAX);
	return put_number(p, e->tuple.netns, e->tuple.netns);
}

static char *cell_cause(struct sink_table *t, char *p, const struct rw_event *e)
{
	if (e->evidence.kind == RW_KIND_OWNER)
		return put(p, "of a connection above, closed now");
	p = put_name(p, name_cause(e->cause), "?");
	return evidence_detail(p, e, t->hz);
}

/* The time column depends on the options: see choose_columns(). */
static const struct column clock_column = { "TIME", 12, 12, false, cell_clock };
static const struct column elapsed_column = { "TIME(s)", 10, 10, true,
					      cell_elapsed };

static const struct column columns[] = {
	{ "PID", 6, 7, true, cell_pid },
	{ "COMM", 8, 15, false, cell_comm },
	{ "LADDR:LPORT", 15, 21, false, cell_local },
	{ "RADDR:RPORT", 15, 21, false, cell_remote },
	{ "WHAT", 8, 8, false, cell_what },
	{ "STATE", 0, 12, false, cell_state },
	{ "UNREAD", 0, 7, true, cell_unread },
	{ "UNSENT", 0, 7, true, cell_unsent },
	{ "UNACKED", 0, 7, true, cell_unacked },
	{ "IDLE(ms)", 0, 8, true, cell_idle },
	{ "RETR", 0, 4, true, cell_retransmits },
	{ "NETNS", 0, 10, true, cell_netns },
	{ "UNIT", 0, 15, false, cell_unit },
	{ "REASON", 0, 19, false, cell_reason },
	{ "CAUSE", 19, 19, false, cell_cause },
};
_Static_assert(COUNT(columns) < COLUMNS_MAX, "one more for the time");

static void choose_columns(struct sink_table *t)
{
	if (t->style.time == TIME_WALL)
		t->shown[t->n_shown++] = &clock_column;
	else if (t->style.time == TIME_RELATIVE)
		t->shown[t->n_shown++] = &elapsed_column;
	for (size_t i = 0; i < COUNT(columns); i++)
		if (t->style.wide || columns[i].narrow)
			t->shown[t->n_shown++] = &columns[i];
}

/* Where a folded line goes on: below LADDR, when nothing wider is asked for. */
#define FOLD_INDENT 16

/* A line being laid out. */
struct line {
	char *begin;
	char *p;      /* the end so far */
	size_t next;  /* where the next column starts */
	size_t width; /* columns there are, 0: no limit */
};

/* More than most cells and gaps have, which is cheaper than a call for less. */
#define AT_ONCE 32

static void pad_to(struct line *line, size_t column)
{
	size_t at = (size_t)(line->p - line->begin);

	if (at >= column)
		return;
	memset(line->p, ' ', AT_ONCE);
	if (column - at > AT_ONCE)
		memset(line->p, ' ', column - at);
	line->p += column - at;
}

static void put_text(struct line *line, const char cell[CELL_MAX], size_t len)
{
	memcpy(line->p, cell, AT_ONCE);
	if (len > AT_ONCE)
		memcpy(line->p, cell, len);
	line->p += len;
}

/*
 * The heading and the rows are folded in the same places, which the widths of
 * the columns give; a row that does not keep to them is folded further.
 */
static void fold_if_needed(struct line *line, size_t width, size_t len)
{
	size_t at, start;

	if (!line->width)
		return;
	at = (size_t)(line->p - line->begin);
	if (at <= FOLD_INDENT)
		return;
	start = at >= line->next ? at + 1 : line->next;
	if (start + len <= line->width && line->next + width <= line->width)
		return;
	*line->p++ = '\n';
	line->begin = line->p;
	line->next = FOLD_INDENT;
}

static void place(struct line *line, const struct column *column, size_t width,
		  const char cell[CELL_MAX], size_t len)
{
	size_t start;

	fold_if_needed(line, width, len);
	start = line->next;
	if (line->p > line->begin)
		*line->p++ = ' ';
	if (column->right && len < width)
		start += width - len;
	pad_to(line, start);
	put_text(line, cell, len);
	line->next += width + 1;
}

/* One cell, or the heading when there is no event. */
static void put_cell(struct sink_table *t, struct line *line,
		     const struct column *column, const struct rw_event *e)
{
	size_t width = t->style.wide ? column->wide : column->narrow;
	char cell[CELL_MAX];
	const char *end;

	end = e ? column->cell(t, cell, e) : put(cell, column->heading);
	place(line, column, width, cell, (size_t)(end - cell));
}

static char *put_row(struct sink_table *t, char *p, const struct rw_event *e)
{
	struct line line = { .begin = p, .p = p, .width = t->style.width };

	for (size_t i = 0; i < t->n_shown; i++)
		put_cell(t, &line, t->shown[i], e);
	return line.p;
}

static const char *color_of(const struct sink_table *t,
			    const struct rw_event *e)
{
	if (!t->style.color)
		return "";
	switch (e->evidence.kind) {
	case RW_KIND_RST_ACTIVE:
	case RW_KIND_RST_ANSWER:
	case RW_KIND_RST_RECEIVED:
		return BRIGHT;
	default:
		return DIM;
	}
}

static int table_start(struct sink *sink, const struct run_info *info)
{
	struct sink_table *t = (struct sink_table *)sink;
	char *p = out_room(t->out, SINK_ROOM);

	t->hz = info->hz;
	t->start_ktime_ns = info->start_ktime_ns;
	if (t->style.sums)
		return 0;
	p = put_row(t, p, NULL);
	*p++ = '\n';
	return out_done(t->out, p);
}

/* In sentences, then dimmed the facts they were made of. */
static char *put_evidence(const struct sink_table *t, char *p,
			  const struct rw_event *e)
{
	size_t width = t->style.width;

	p = evidence_sentences(p, e, t->hz, width);
	if (!t->style.color)
		return evidence_lines(p, e, t->hz, width);
	p = evidence_lines(put(p, DIM), e, t->hz, width);
	return put(p - 1, PLAIN "\n");
}

/* A path is as long as somebody made it; the file's name is what tells. */
static char *put_frame(char *p, const char *frame, size_t len)
{
	const char *path = memmem(frame, len, " (/", 3), *end, *name;

	if (!path)
		return p + text_printable(p, frame, len);
	end = memmem(path, len - (path - frame), ") [", 3);
	end = end ? end + 1 : frame + len;
	name = memrchr(path, '/', end - path);
	p += text_printable(p, frame, path - frame);
	p = put(p, " (");
	return p + text_printable(p, name + 1, end - name - 1);
}

/* One frame a line, under the event. */
static void add_frames(struct sink_table *t, const char *what, const char *text)
{
	char *p;

	while (text) {
		size_t len = strcspn(text, "\n");

		p = out_room(t->out, SINK_ROOM);
		p = put(p, what);
		p = put_frame(p, text, len < FRAME_MAX ? len : FRAME_MAX);
		*p++ = '\n';
		out_done(t->out, p);
		what = "               ";
		text = text[len] ? text + len + 1 : NULL;
	}
}

static void add_stacks(struct sink_table *t, const struct rw_event *e)
{
	add_frames(t, "        kernel ", lookup(LOOKUP_KERNEL_STACK, e));
	add_frames(t, "        user   ", lookup(LOOKUP_USER_STACK, e));
}

static int table_event(struct sink *sink, const struct rw_event *e)
{
	struct sink_table *t = (struct sink_table *)sink;
	const char *color = color_of(t, e);
	char *p = out_room(t->out, SINK_ROOM);

	p = put(p, color);
	p = put_row(t, p, e);
	p = put(p, *color ? PLAIN "\n" : "\n");
	if (t->style.verbose && e->evidence.kind < RW_KIND_OWNER)
		p = put_evidence(t, p, e);
	out_done(t->out, p);
	if (e->stacks)
		add_stacks(t, e);
	return t->out->error;
}

static char *put_network(char *p, const struct held *held)
{
	if (!held->family)
		return put(p, "other networks");
	p = format_address(p, held->family, held->network);
	return put(p, held->family == 6 ? "/64" : "/24");
}

static int table_held(struct sink *sink, const struct held *held)
{
	struct sink_table *t = (struct sink_table *)sink;
	const struct name *cause = name_cause(held->cause);
	char *p = out_room(t->out, SINK_ROOM);

	p = put(p, t->style.color ? DIM "... " : "... ");
	p = format_grouped(p, held->events);
	p = put(p, " more ");
	p = put(p, cause ? cause->text : "?");
	p = put(p, " from ");
	p = put_network(p, held);
	p = put(p, " in the last second");
	p = put(p, t->style.color ? PLAIN "\n" : "\n");
	return out_done(t->out, p);
}

static int table_summary(struct sink *sink, const struct report *report)
{
	struct sink_table *t = (struct sink_table *)sink;
	char *p = out_room(t->out, SINK_ROOM);

	if (t->style.time == TIME_WALL) {
		p = clock_local(t->clock, p, report->end_ns);
		*p++ = '\n';
	}
	return out_done(t->out, report_text(p, report));
}

/* The table has no last line: the summary goes to stderr. */
static int table_end(struct sink *sink, const struct run_totals *totals)
{
	(void)totals;
	return out_flush(((struct sink_table *)sink)->out);
}

/* The terminal may have been made wider or narrower. */
static int table_flush(struct sink *sink)
{
	struct sink_table *t = (struct sink_table *)sink;

	if (t->style.width)
		t->style.width = fill_width(t->out->fd);
	return out_flush(t->out);
}

static void table_free(struct sink *sink)
{
	free(sink);
}

struct sink *sink_table_new(struct out *out, struct clock *clock,
			    const struct table_style *style)
{
	struct sink_table *t = malloc(sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct sink_table){
		.sink = { .start = table_start,
			  .event = table_event,
			  .end = table_end,
			  .flush = table_flush,
			  .held = table_held,
			  .summary = table_summary,
			  .free = table_free },
		.out = out,
		.clock = clock,
		.style = *style,
		.hz = 1000,
	};
	choose_columns(t);
	return &t->sink;
}

bool sink_color(enum color_when when, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	return !(no_color && *no_color) && !(term && !strcmp(term, "dumb")) &&
	       isatty(fd);
}
