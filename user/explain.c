// SPDX-License-Identifier: GPL-2.0
/* The table of causes for reading: see explain.h. */
#include <string.h>

#include "bpf/event.h"
#include "cause_text.h"
#include "explain.h"
#include "fill.h"

#define WIDTH_MAX 80
#define INDENT 2
#define LIST_INDENT 20 /* longer than any name */
#define TEXT_MAX 2048  /* of a column of bpf/causes.def, filled */

static size_t page_width(FILE *stream)
{
	size_t width = fill_width(fileno(stream));

	return width && width < WIDTH_MAX ? width : WIDTH_MAX;
}

static void print_text(FILE *stream, const char *text)
{
	char lines[TEXT_MAX];
	char *end = fill(lines, text, strlen(text), INDENT, page_width(stream));

	fwrite(lines, 1, (size_t)(end - lines), stream);
}

static void print_part(FILE *stream, const char *title, const char *text)
{
	if (!*text)
		return;
	fprintf(stream, "\n%s\n", title);
	print_text(stream, text);
}

void explain_list(FILE *stream)
{
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		const struct cause_text *cause = cause_text(i);
		char lines[TEXT_MAX];
		char *end = fill(lines, cause->meaning, strlen(cause->meaning),
				 LIST_INDENT, page_width(stream));

		memcpy(lines, cause->name, strlen(cause->name));
		fwrite(lines, 1, (size_t)(end - lines), stream);
	}
	fprintf(stream, "\nrstwatch --explain CAUSE tells more of one.\n");
}

void explain_cause(FILE *stream, unsigned int cause)
{
	const struct cause_text *text = cause_text(cause);
	char demo[128] = "No case of rstdemo.";

	if (!text)
		return;
	if (*text->demo)
		snprintf(demo, sizeof(demo), "rstdemo run %s", text->demo);
	fprintf(stream, "%s: %s\n", text->name, text->meaning);
	print_part(stream, "On the wire, usually", cause_wire(text));
	print_part(stream, "How the kernel gets there", text->kernel);
	print_part(stream, "What each side sees", text->peer);
	print_part(stream, "Usual culprits", text->culprits);
	print_part(stream, "How to fix it", text->fix);
	print_part(stream, "In short", text->hint);
	print_part(stream, "How to reproduce it", demo);
}
