// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "notice.h"

static const char *comma(bool *any)
{
	const char *text = *any ? ", " : "";

	*any = true;
	return text;
}

/* Is the same evidence lost for want of an earlier hook, too? */
static bool is_repeated(const struct observer *o, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (o->losses[i].evidence &&
		    !strcmp(o->losses[i].evidence, o->losses[at].evidence))
			return true;
	return false;
}

static void print_loss(FILE *list, const struct observer *o, size_t at,
		       bool *any)
{
	const struct loss *loss = &o->losses[at];

	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		if (loss->causes & 1ULL << i)
			fprintf(list, "%s%s", comma(any), name_cause(i)->text);
	if (loss->evidence && *loss->evidence && !is_repeated(o, at))
		fprintf(list, "%s%s", comma(any), loss->evidence);
	if (!loss->causes && !loss->evidence)
		fprintf(list, "%s%s", comma(any), loss->lost);
}

void notice_losses(FILE *stream, const struct observer *o)
{
	bool any = false;
	char *text = NULL;
	size_t size;
	FILE *list = open_memstream(&text, &size);

	if (!list)
		return;
	for (size_t i = 0; i < o->n_degraded; i++)
		print_loss(list, o, i, &any);
	fclose(list);
	if (any)
		fprintf(stream,
			"rstwatch: %s flavour; not seen here: %s (rstwatch "
			"--check tells more)\n",
			o->name, text);
	free(text);
}

int notice_probes(FILE *stream, const struct observer *o)
{
	fprintf(stream, "flavour %s, attached to\n", o->name);
	for (size_t i = 0; i < o->n_probes; i++)
		fprintf(stream, "  %s\n", o->probes[i]);
	fputs(o->n_degraded ? "not seen here, for want of\n"
			    : "nothing is lost\n",
	      stream);
	for (size_t i = 0; i < o->n_degraded; i++)
		fprintf(stream, "  %s\n", o->degraded[i]);
	if (fflush(stream) == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "rstwatch: writing the output failed: %s\n",
		strerror(errno));
	return EXIT_FAILURE;
}
