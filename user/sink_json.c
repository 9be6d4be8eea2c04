// SPDX-License-Identifier: GPL-2.0
/* A run as NDJSON: teardown records, and those before, between and after. */
#include <stdlib.h>
#include <string.h>

#include "audit_text.h"
#include "json.h"
#include "json_teardown.h"
#include "lookup.h"
#include "names.h"
#include "sink.h"
#include "stack.h"

#define STRING_MAX 256 /* of strings of the start record, bytes shown */

struct sink_json {
	struct sink sink; /* first: the address is that of the sink */
	struct out *out;
	struct clock *clock;
	struct json_teardown *teardown;
};

static void add_frames(struct sink_json *s, const char *key, const char *text)
{
	char *p;

	out_add(s->out, key, strlen(key));
	if (!text) {
		out_add(s->out, "null", 4);
		return;
	}
	for (const char *between = "["; text; between = ",") {
		size_t len = strcspn(text, "\n");

		p = out_room(s->out, SINK_ROOM);
		*p++ = *between;
		p = json_string(p, text, len < FRAME_MAX ? len : FRAME_MAX);
		out_done(s->out, p);
		text = text[len] ? text + len + 1 : NULL;
	}
	out_add(s->out, "]", 1);
}

/* What is left of a teardown record. */
static void add_stacks(struct sink_json *s, const struct rw_event *e)
{
	add_frames(s, "\"kernel\":", lookup(LOOKUP_KERNEL_STACK, e));
	add_frames(s, ",\"user\":", lookup(LOOKUP_USER_STACK, e));
	out_add(s->out, "}}\n", 3);
}

_Static_assert(JSON_STRING_MAX(FRAME_MAX) < SINK_ROOM, "a frame has room");

static int json_event(struct sink *sink, const struct rw_event *event)
{
	struct sink_json *s = (struct sink_json *)sink;
	char *p = out_room(s->out, SINK_ROOM);

	if (event->evidence.kind == RW_KIND_OWNER)
		p = json_late_owner(p, event);
	else
		p = json_teardown(s->teardown, p, event);
	out_done(s->out, p);
	if (event->stacks)
		add_stacks(s, event);
	return s->out->error;
}

/* A string of the start record, with whatever stands before it. */
static void add_string(struct sink_json *s, const char *before,
		       const char *string)
{
	char *p;

	out_add(s->out, before, strlen(before));
	p = out_room(s->out, JSON_STRING_MAX(STRING_MAX));
	out_done(s->out, json_string_or_null(p, string, STRING_MAX));
}

static void add_array(struct sink_json *s, const char *key,
		      const char *const *strings, size_t n)
{
	out_add(s->out, key, strlen(key));
	for (size_t i = 0; i < n; i++)
		add_string(s, i ? "," : "", strings[i]);
}

static int json_start(struct sink *sink, const struct run_info *info)
{
	struct sink_json *s = (struct sink_json *)sink;
	char *p;

	json_teardown_start(s->teardown, info);
	add_string(s, "{\"type\":\"start\",\"schema\":1,\"version\":",
		   info->version);
	p = out_room(s->out, SINK_ROOM);
	p = JSON_KEY(p, "time");
	out_done(s->out, json_time(p, s->clock, info->start_ktime_ns));
	add_string(s, ",\"kernel\":", info->kernel);
	add_string(s, ",\"backend\":", info->backend);
	add_array(s, ",\"probes\":[", info->probes, info->n_probes);
	add_array(s, "],\"degraded\":[", info->degraded, info->n_degraded);
	return out_add(s->out, "]}\n", 3);
}

static char *put_sums(char *p, const struct tally_sums *sums)
{
	p = JSON_FIRST(p, "events");
	p = json_u64(p, sums->events);
	p = JSON_KEY(p, "fin");
	p = json_u64(p, sums->fin);
	p = JSON_KEY(p, "rst_sent");
	p = json_u64(p, sums->rst_sent);
	p = JSON_KEY(p, "rst_received");
	p = json_u64(p, sums->rst_received);
	p = JSON_KEY(p, "silent");
	p = json_u64(p, sums->silent);
	p = JSON_KEY(p, "unread_bytes");
	p = json_u64(p, sums->unread);
	p = JSON_KEY(p, "unsent_bytes");
	return json_u64(p, sums->unsent);
}

static void add_row(struct sink_json *s, const struct tally_row *row)
{
	char *p = out_room(s->out, SINK_ROOM);

	p = JSON_RAW(p, "{\"cause\":");
	p = json_name(p, name_cause(row->cause));
	p = JSON_KEY(p, "comm");
	p = json_string_or_null(p, row->known ? row->comm : NULL, RW_COMM_LEN);
	p = JSON_KEY(p, "pid");
	p = json_u64_or_null(p, row->pid, row->pid);
	*p++ = ',';
	p = put_sums(p, &row->sums);
	out_done(s->out, JSON_RAW(p, "},"));
}

static void add_remote(struct sink_json *s, const struct tally_remote *remote)
{
	char *p = out_room(s->out, SINK_ROOM);

	p = JSON_RAW(p, "{\"address\":\"");
	p = format_address(p, remote->family, remote->address);
	p = JSON_RAW(p, "\",\"events\":");
	p = json_u64(p, remote->events);
	p = JSON_KEY(p, "resets");
	p = json_u64(p, remote->resets);
	p = JSON_KEY(p, "over");
	p = json_u64(p, remote->over);
	out_done(s->out, JSON_RAW(p, "},"));
}

static char *put_ratio(char *p, const struct report *report)
{
	uint64_t ratio;

	p = JSON_KEY(p, "fin_per_rst");
	if (!report_ratio(report, &ratio))
		return json_null(p);
	p = json_u64(p, ratio / 100);
	*p++ = '.';
	return format_padded(p, ratio % 100, 2);
}

/* @of: which number of a count */
static char *put_counts(char *p, const struct rw_count *by_cause, size_t of)
{
	bool first = true;

	*p++ = '{';
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		uint64_t n =
			*(const uint64_t *)((const char *)&by_cause[i] + of);

		if (!n)
			continue;
		if (!first)
			*p++ = ',';
		p = json_name(p, name_cause(i));
		*p++ = ':';
		p = json_u64(p, n);
		first = false;
	}
	*p++ = '}';
	return p;
}

/* The comma after the last element of an array goes. */
static char *end_array(struct sink_json *s, size_t n)
{
	if (n)
		s->out->len--;
	return JSON_RAW(out_room(s->out, SINK_ROOM), "]");
}

static char *put_report(struct sink_json *s, char *p,
			const struct report *report)
{
	p = JSON_RAW(p, "{\"type\":\"summary\",\"time\":");
	p = json_time(p, s->clock, report->end_ns);
	p = JSON_KEY(p, "since");
	p = json_time(p, s->clock, report->begin_ns);
	p = JSON_KEY(p, "held");
	p = json_u64(p, report->held);
	p = JSON_KEY(p, "lost");
	p = json_u64(p, report->lost);
	p = JSON_KEY(p, "counts");
	p = put_counts(p, report->counts, offsetof(struct rw_count, seen));
	p = put_ratio(p, report);
	p = JSON_RAW(p, ",\"sums\":{");
	p = put_sums(p, &report->sums);
	return JSON_RAW(p, "},\"rows\":[");
}

static int json_summary(struct sink *sink, const struct report *report)
{
	struct sink_json *s = (struct sink_json *)sink;
	char *p = out_room(s->out, SINK_ROOM);

	out_done(s->out, put_report(s, p, report));
	for (size_t i = 0; i < report->n_rows; i++)
		add_row(s, &report->rows[i]);
	p = end_array(s, report->n_rows);
	p = JSON_RAW(p, ",\"others\":{");
	p = put_sums(p, &report->others);
	out_done(s->out, JSON_RAW(p, "},\"remotes\":["));
	for (size_t i = 0; i < report->n_remotes; i++)
		add_remote(s, &report->remotes[i]);
	p = end_array(s, report->n_remotes);
	return out_done(s->out, JSON_RAW(p, "}\n"));
}

/* RSTs that ended what is left of a connection after its socket. */
static char *put_minisocks(char *p, const struct run_totals *totals)
{
	if (!totals->has_minisocks)
		return JSON_RAW(p, ",\"minisock_resets\":null");
	p = JSON_RAW(p, ",\"minisock_resets\":{\"time_wait\":");
	p = json_u64(p, totals->minisocks[RW_MINISOCK_TIME_WAIT]);
	p = JSON_KEY(p, "fin_wait2");
	p = json_u64(p, totals->minisocks[RW_MINISOCK_FIN_WAIT2]);
	*p++ = '}';
	return p;
}

static int json_end(struct sink *sink, const struct run_totals *totals)
{
	struct sink_json *s = (struct sink_json *)sink;
	char *p = out_room(s->out, SINK_ROOM);

	p = JSON_RAW(p, "{\"type\":\"end\",\"time\":");
	p = json_time(p, s->clock, totals->end_ktime_ns);
	p = JSON_KEY(p, "events");
	p = json_u64(p, totals->events);
	p = JSON_KEY(p, "lost");
	p = json_u64_or_null(p, !totals->part, totals->lost);
	p = JSON_KEY(p, "held");
	p = json_u64(p, totals->held);
	p = JSON_KEY(p, "unfollowed");
	p = json_u64(p, totals->full[RW_FULL_PIDS]);
	p = JSON_KEY(p, "forgotten");
	p = json_u64(p, totals->full[RW_FULL_ENDED]);
	p = JSON_KEY(p, "displaced");
	p = json_u64(p, totals->full[RW_FULL_CONTEXTS]);
	p = JSON_KEY(p, "unclaimed");
	p = json_u64(p, totals->full[RW_FULL_DEATHS]);
	p = JSON_KEY(p, "missed");
	p = json_u64_or_null(p, !totals->part, totals->missed);
	p = JSON_KEY(p, "counts");
	p = put_counts(p, totals->by_cause, offsetof(struct rw_count, seen));
	p = JSON_KEY(p, "lost_counts");
	p = totals->part ? json_null(p)
			 : put_counts(p, totals->by_cause,
				      offsetof(struct rw_count, lost));
	p = put_minisocks(p, totals);
	p = JSON_KEY(p, "audit");
	out_done(s->out, p);
	audit_json(s->out, totals->audit);
	out_add(s->out, "}\n", 2);
	return out_flush(s->out);
}

static int json_flush(struct sink *sink)
{
	return out_flush(((struct sink_json *)sink)->out);
}

static void json_free(struct sink *sink)
{
	struct sink_json *s = (struct sink_json *)sink;

	json_teardown_free(s->teardown);
	free(sink);
}

struct sink *sink_json_new(struct out *out, struct clock *clock,
			   const struct json_style *style)
{
	struct sink_json *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct sink_json){
		.sink = { .start = json_start,
			  .event = json_event,
			  .end = json_end,
			  .flush = json_flush,
			  .summary = json_summary,
			  .free = json_free },
		.out = out,
		.clock = clock,
		.teardown = json_teardown_new(clock, style->community_id),
	};
	if (s->teardown)
		return &s->sink;
	free(s);
	return NULL;
}
