// SPDX-License-Identifier: GPL-2.0
/* The table for people: one line an event, see table_row.h. */
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
#include "table_row.h"
#include "text.h"

#define DIM "\033[2m"
#define BRIGHT "\033[1m"
#define PLAIN "\033[0m"

struct sink_table {
	struct sink sink; /* first: the address is that of the sink */
	struct out *out;
	struct table_style style;
	struct table_rows rows;
};

static char *put(char *p, const char *text)
{
	return mempcpy(p, text, strlen(text));
}

static const char *color_of(const struct rw_event *e)
{
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

	t->rows.cells.hz = info->hz;
	t->rows.cells.start_ktime_ns = info->start_ktime_ns;
	if (t->style.sums)
		return 0;
	p = table_row(&t->rows, p, NULL);
	*p++ = '\n';
	return out_done(t->out, p);
}

/* In sentences, then dimmed the facts they were made of. */
static char *put_evidence(const struct sink_table *t, char *p,
			  const struct rw_event *e)
{
	size_t width = t->rows.width;

	p = evidence_sentences(p, e, t->rows.cells.hz, width);
	if (!t->style.color)
		return evidence_lines(p, e, t->rows.cells.hz, width);
	p = evidence_lines(put(p, DIM), e, t->rows.cells.hz, width);
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
	char *p = out_room(t->out, SINK_ROOM);

	if (t->style.color)
		p = put(p, color_of(e));
	p = table_row(&t->rows, p, e);
	if (t->style.color)
		p = put(p, PLAIN);
	*p++ = '\n';
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
		p = clock_local(t->rows.cells.clock, p, report->end_ns);
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

	if (t->rows.width)
		t->rows.width = fill_width(t->out->fd);
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
		.style = *style,
		.rows = { .cells = { .clock = clock, .hz = 1000 },
			  .width = style->width },
	};
	table_rows_init(&t->rows, style->time, style->wide);
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
