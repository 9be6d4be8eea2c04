// SPDX-License-Identifier: GPL-2.0
/* The last words of a run: see summary.h. */
#include <inttypes.h>

#include "audit_text.h"
#include "names.h"
#include "summary.h"

static void print_kinds(FILE *stream, const struct run_totals *totals)
{
	const uint64_t *kinds = totals->by_kind;

	fprintf(stream,
		"%" PRIu64 " fin, %" PRIu64 " rst sent, %" PRIu64
		" rst received, %" PRIu64 " silent",
		kinds[RW_KIND_FIN],
		kinds[RW_KIND_RST_ACTIVE] + kinds[RW_KIND_RST_ANSWER],
		kinds[RW_KIND_RST_RECEIVED], kinds[RW_KIND_SILENT]);
}

static void print_cause(FILE *stream, unsigned int cause,
			const struct rw_count *count)
{
	const struct name *name = name_cause(cause);

	fprintf(stream, "  %-20s %10" PRIu64, name ? name->text : "?",
		(uint64_t)count->seen);
	if (count->lost)
		fprintf(stream, ", lost %" PRIu64, (uint64_t)count->lost);
	fputc('\n', stream);
}

/* What maps had no room for */
static void print_full(FILE *stream, const struct run_totals *totals,
		       uint64_t events)
{
	static const struct {
		enum rw_full which;
		unsigned int
			part; /* an event in so many is no matter; 0: each is */
		const char *what;
	} said[] = {
		{ RW_FULL_PIDS, 0,
		  "processes of the command were not watched: too many at once" },
		{ RW_FULL_ENDED, 0,
		  "connections were forgotten within two minutes of their end (a "
		  "larger --remember helps)" },
		{ RW_FULL_CONTEXTS, 0,
		  "calls were not followed to their end (a larger --remember "
		  "gives room)" },
		/* some sets of places are full early */
		{ RW_FULL_DEATHS, 100,
		  "dead connections were forgotten before their close (a larger "
		  "--remember helps)" },
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		uint64_t full = totals->full[said[i].which];

		if (full > (said[i].part ? events / said[i].part : 0))
			fprintf(stream, "%" PRIu64 " %s\n", full, said[i].what);
	}
}

void summary_print(FILE *stream, const struct run_totals *totals)
{
	uint64_t events = totals->events + totals->held;

	fprintf(stream, "%" PRIu64 " event%s: ", events,
		events == 1 ? "" : "s");
	print_kinds(stream, totals);
	if (totals->held)
		fprintf(stream, ", held back %" PRIu64, totals->held);
	if (totals->part)
		fputs(", lost unknown", stream);
	else
		fprintf(stream, ", lost %" PRIu64, totals->lost);
	if (totals->missed)
		fprintf(stream, ", missed %" PRIu64, totals->missed);
	if (totals->stackless)
		fprintf(stream, ", without stack %" PRIu64, totals->stackless);
	fprintf(stream, "%s\n",
		totals->lost ? " (a larger --buffer helps)" : "");
	print_full(stream, totals, events);
	if (totals->has_minisocks)
		fprintf(stream,
			"%" PRIu64 " TIME_WAIT and %" PRIu64
			" FIN_WAIT2 entries were ended by a RST\n",
			totals->minisocks[RW_MINISOCK_TIME_WAIT],
			totals->minisocks[RW_MINISOCK_FIN_WAIT2]);
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		if (totals->by_cause[i].seen)
			print_cause(stream, i, &totals->by_cause[i]);
	if (totals->audit)
		audit_print(stream, totals->audit);
}
