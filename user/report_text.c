// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "names.h"
#include "report_text.h"
#include "text.h"

#define LINE_MAX 160
_Static_assert((REPORT_ROWS + REPORT_REMOTES + 7) * LINE_MAX <= REPORT_TEXT_MAX,
	       "a report can be longer");

/* A line, or a part of one. */
static char *__attribute__((format(printf, 2, 3)))
put(char *p, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(p, LINE_MAX, format, args);
	va_end(args);
	return p + (len < LINE_MAX ? len : LINE_MAX - 1);
}

static char *put_head(char *p, const struct report *r)
{
	const struct tally_sums *s = &r->sums;
	uint64_t ratio, ms = (r->end_ns - r->begin_ns) / 1000000;

	p = put(p,
		"%" PRIu64 ".%03u s: %" PRIu64 " events, %" PRIu64
		" fin, %" PRIu64 " rst sent, %" PRIu64 " rst received, %" PRIu64
		" silent",
		ms / 1000, (unsigned int)(ms % 1000), s->events + r->lost,
		s->fin, s->rst_sent, s->rst_received, s->silent);
	if (report_ratio(r, &ratio))
		p = put(p, ", fin:rst %" PRIu64 ".%02u", ratio / 100,
			(unsigned int)(ratio % 100));
	if (r->held)
		p = put(p, ", held back %" PRIu64, r->held);
	return put(p, ", lost %" PRIu64 "\n", r->lost);
}

static char *put_sums(char *p, const struct tally_sums *s)
{
	return put(p,
		   "%8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64
		   " %9" PRIu64 " ",
		   s->events, s->fin, s->rst_sent + s->rst_received, s->unread,
		   s->unsent);
}

static char *put_row(char *p, const struct tally_row *row)
{
	const struct name *cause = name_cause(row->cause);
	char comm[RW_COMM_LEN + 1] = "-";

	if (row->known) {
		size_t len = text_printable(comm, row->comm, RW_COMM_LEN);

		comm[len] = '\0';
	}
	p = put_sums(p, &row->sums);
	if (row->known && row->pid)
		p = put(p, "%7" PRIu32, row->pid);
	else
		p = put(p, "%7s", row->known ? "*" : "-");
	return put(p, " %-15s %s\n", comm, cause ? cause->text : "?");
}

static char *put_remote(char *p, const struct tally_remote *remote)
{
	char address[FORMAT_IPV6_MAX + 1];
	char *end = format_address(address, remote->family, remote->address);

	*end = '\0';
	return put(p, "%8" PRIu64 " %8s %8" PRIu64 " %s%s\n", remote->events,
		   "", remote->resets, address, remote->over ? " (about)" : "");
}

char *report_text(char *p, const struct report *r)
{
	p = put_head(p, r);
	if (r->n_rows || r->others.events)
		p = put(p, "%8s %8s %8s %9s %9s %7s %-15s %s\n", "EVENTS",
			"FIN", "RST", "UNREAD", "UNSENT", "PID", "COMM",
			"CAUSE");
	for (size_t i = 0; i < r->n_rows; i++)
		p = put_row(p, &r->rows[i]);
	if (r->others.events) {
		p = put_sums(p, &r->others);
		p = put(p, "%7s %s\n", "-", "others");
	}
	if (r->n_remotes)
		p = put(p, "%8s %8s %8s %s\n", "EVENTS", "", "RST",
			"REMOTE ADDRESS");
	for (size_t i = 0; i < r->n_remotes; i++)
		p = put_remote(p, &r->remotes[i]);
	return put(p, "\n");
}
