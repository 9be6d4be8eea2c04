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

/* What a map had no room for, where it is more than is no matter. */
static void print_full(FILE *stream, uint64_t full, uint64_t no_matter,
		       const char *what)
{
	if (full > no_matter)
		fprintf(stream, "%" PRIu64 " %s\n", full, what);
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
	print_full(stream, totals->full[RW_FULL_PIDS], 0,
		   "processes of the command were not watched: too many at "
		   "once");
	/* sets of places that are full early are no matter, see "forgotten" */
	print_full(stream, totals->full[RW_FULL_ENDED], events / 100,
		   "connections were forgotten within two minutes of their end "
		   "(a larger --remember helps)");
	print_full(stream, totals->full[RW_FULL_CONTEXTS], 0,
		   "calls were not followed to their end (a larger --remember "
		   "gives room)");
	print_full(stream, totals->full[RW_FULL_DEATHS], events / 100,
		   "dead connections were forgotten before their close (a "
		   "larger --remember helps)");
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
