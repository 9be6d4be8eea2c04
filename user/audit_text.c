// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "audit_text.h"
#include "json.h"
#include "netns_counters.h"

#define TEXT_MAX 256 /* of texts this program chose, bytes shown */
#define ROOM (JSON_STRING_MAX(TEXT_MAX) + 256)

static char *put_line(char *p, unsigned int counter, bool known,
		      const struct audit_line *line)
{
	p = json_string(p, netns_counter_name(counter), TEXT_MAX);
	p = JSON_RAW(p, ":{\"kernel\":");
	p = json_u64_or_null(p, known, line->kernel);
	p = JSON_KEY(p, "seen");
	p = json_u64(p, line->seen);
	p = JSON_KEY(p, "difference");
	p = known ? json_i64(p, audit_difference(line)) : json_null(p);
	p = JSON_KEY(p, "explained");
	p = json_string_or_null(p, known ? line->explained : NULL, TEXT_MAX);
	*p++ = '}';
	return p;
}

static void add_netns(struct out *out, const struct audit_netns *n)
{
	char *p = out_room(out, ROOM);

	p = JSON_RAW(p, "{\"netns\":");
	p = json_u64(p, n->netns);
	p = JSON_KEY(p, "unknown");
	p = json_string_or_null(p, n->unknown, TEXT_MAX);
	out_done(out, JSON_RAW(p, ",\"counters\":{"));
	for (unsigned int i = 0; i < RW_COUNTER_MAX; i++) {
		p = out_room(out, ROOM);
		if (i)
			*p++ = ',';
		out_done(out, put_line(p, i, !n->unknown, &n->lines[i]));
	}
	out_add(out, "}}", 2);
}

void audit_json(struct out *out, const struct audit *audit)
{
	char *p = out_room(out, ROOM);

	if (!audit || audit->failed) {
		out_done(out, json_null(p));
		return;
	}
	p = JSON_RAW(p, "{\"unexplained\":");
	p = json_u64(p, audit->unexplained);
	out_done(out, JSON_RAW(p, ",\"netns\":["));
	for (size_t i = 0; i < audit->n; i++) {
		if (i)
			out_add(out, ",", 1);
		add_netns(out, &audit->netns[i]);
	}
	out_add(out, "]}", 2);
}

static void print_line(FILE *stream, unsigned int counter,
		       const struct audit_line *line)
{
	fprintf(stream, "  %-20s %10" PRIu64 " %10" PRIu64 " %10" PRId64,
		netns_counter_name(counter), line->kernel, line->seen,
		audit_difference(line));
	if (audit_difference(line))
		fprintf(stream, "  %s",
			line->explained ? line->explained : "unexplained");
	fputc('\n', stream);
}

static void print_unknown(FILE *stream, const struct audit_netns *n)
{
	fprintf(stream, "audit of netns %" PRIu32 ": not possible: %s\n",
		n->netns, n->unknown);
}

static void print_netns(FILE *stream, const struct audit_netns *n)
{
	if (n->unknown) {
		print_unknown(stream, n);
		return;
	}
	fprintf(stream,
		"audit of netns %-11" PRIu32 " kernel       seen difference\n",
		n->netns);
	for (unsigned int i = 0; i < RW_COUNTER_MAX; i++)
		if (n->lines[i].kernel || n->lines[i].seen)
			print_line(stream, i, &n->lines[i]);
}

void audit_print(FILE *stream, const struct audit *audit)
{
	if (audit->failed)
		fprintf(stream, "audit: not possible: no memory\n");
	for (size_t i = 0; !audit->failed && i < audit->n; i++)
		print_netns(stream, &audit->netns[i]);
}
