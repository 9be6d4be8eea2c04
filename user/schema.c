// SPDX-License-Identifier: GPL-2.0
/* The schema of NDJSON: see schema.h. */
#include <stdbool.h>
#include <string.h>

#include "names.h"
#include "schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The files of schema/, by their name without .json. */
static const struct part {
	const char *name;
	const char *text;
} parts[] = {
#include "schema.inc"
};

/* The part that is no record, but what records have in common. */
static bool is_shared(const struct part *part)
{
	return !strcmp(part->name, "shared");
}

/* Words the program has anyway stand in the files as "@causes@". */
static const struct words {
	const char *mark;
	const struct name *(*word)(unsigned int i);
	unsigned int max;
} words[] = {
	{ "\"@causes@\"", name_cause, RW_CAUSE_MAX },
	{ "\"@states@\"", name_state, 12 }, /* not NEW_SYN_RECV */
	{ "\"@paths@\"", name_path, RW_PATH_BITS },
};

static void print_words(FILE *stream, const struct words *list)
{
	const char *between = "";

	for (unsigned int i = 0; i < list->max; i++) {
		const struct name *word = list->word(i);

		if (!word)
			continue;
		fprintf(stream, "%s\"%s\"", between, word->text);
		between = ", ";
	}
}

/* The mark that begins here, NULL if none does. */
static const struct words *find_mark(const char *text)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (!strncmp(text, words[i].mark, strlen(words[i].mark)))
			return &words[i];
	return NULL;
}

static void print_part(FILE *stream, const struct part *part)
{
	const struct words *list;

	fprintf(stream, "\"%s\": ", part->name);
	for (const char *c = part->text; *c;) {
		list = find_mark(c);
		if (!list) {
			fputc(*c++, stream);
			continue;
		}
		print_words(stream, list);
		c += strlen(list->mark);
	}
}

void schema_print(FILE *stream)
{
	const char *between = "\n";

	fputs("{\n"
	      "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	      "\"$id\": \"urn:rstwatch:ndjson:1\",\n"
	      "\"title\": \"A line of rstwatch --json, schema version 1\",\n"
	      "\"oneOf\": [",
	      stream);
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (is_shared(&parts[i]))
			continue;
		fprintf(stream, "%s\t{ \"$ref\": \"#/$defs/%s\" }", between,
			parts[i].name);
		between = ",\n";
	}
	fputs("\n],\n\"$defs\": {\n", stream);
	for (size_t i = 0; i < COUNT(parts); i++) {
		fputs(i ? ",\n" : "", stream);
		print_part(stream, &parts[i]);
	}
	fputs("}\n}\n", stream);
}
