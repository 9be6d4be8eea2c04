// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "fail_on.h"
#include "names.h"

static void say(FILE *stream, unsigned int *n, uint64_t count, const char *what)
{
	if (!count)
		return;
	fprintf(stream, "%s%" PRIu64 " %s",
		(*n)++ ? ", " : "rstwatch: --fail-on: seen: ", count, what);
}

bool fail_on(const struct options *options, const struct run_totals *totals,
	     FILE *stream)
{
	unsigned int n = 0;

	if (options->fail_on_rst)
		say(stream, &n, run_resets(totals), "rst");
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		if (options->fail_mask & 1ULL << i)
			say(stream, &n, totals->by_cause[i].seen,
			    name_cause(i)->text);
	if (n)
		fputc('\n', stream);
	return n > 0;
}
