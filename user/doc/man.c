// SPDX-License-Identifier: GPL-2.0
/* The made sections of the man page, in mdoc. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"

#define BEGIN ".\\\" BEGIN "
#define END ".\\\" END "
#define WIDTH 79

struct section {
	const char *name;
	void (*print)(void);
};

/* Sentences: each starts a line, none runs over the width. */
static void print_text(const char *text)
{
	size_t column = 0;
	bool ended = false; /* the word before was the last of a sentence */

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && (ended || column + 1 + len > WIDTH)) {
			putchar('\n');
			column = 0;
		}
		column += printf("%s%.*s", column ? " " : "", (int)len, text);
		ended = text[len - 1] == '.';
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

/* A fragment of the table as a sentence: capital and full stop. */
static void print_sentence(const char *fragment, bool capital)
{
	char *text;

	if (asprintf(&text, "%s.", fragment) < 0)
		abort();
	if (capital)
		text[0] = toupper((unsigned char)text[0]);
	print_text(text);
	free(text);
}

/* "a|b|c" are words to type, "NAME[,..]" stands for something. */
static void print_argument(const struct option_row *row)
{
	const char *at = row->arg;
	size_t len;

	if (value_kind(row) != VALUE_WORDS) {
		len = strcspn(at, "[");
		printf("Ar %.*s", (int)len, at);
		if (is_list(row))
			printf(" Ns Op ,..");
		return;
	}
	for (;; at += len + 1) {
		len = strcspn(at, "|");
		printf("Cm %.*s", (int)len, at);
		if (!at[len])
			return;
		printf(" Ns | Ns ");
	}
}

static void print_long(const struct option_row *row)
{
	printf("Fl -%s", row->name);
	if (!row->arg)
		return;
	printf(row->optional ? " Ns Op = Ns " : " Ns = Ns ");
	print_argument(row);
}

static int compare_letters(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* Flags of one letter together, then the others in the order of the table. */
static void print_synopsis(void)
{
	size_t rows, n = 0;
	const struct option_row *row = option_rows(&rows);
	char letters[128] = "";

	for (size_t i = 0; i < rows; i++)
		if (row[i].letter && !row[i].arg && n < sizeof(letters) - 1)
			letters[n++] = row[i].letter;
	qsort(letters, n, 1, compare_letters);
	printf(".Nm\n.Op Fl %s\n", letters);
	for (size_t i = 0; i < rows; i++) {
		if (row[i].letter && !row[i].arg)
			continue;
		printf(".Op ");
		if (row[i].letter) {
			printf("Fl %c ", row[i].letter);
			print_argument(&row[i]);
		} else {
			print_long(&row[i]);
		}
		putchar('\n');
	}
}

static void print_options(void)
{
	size_t rows;
	const struct option_row *row = option_rows(&rows);

	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < rows; i++) {
		printf(".It ");
		if (row[i].letter)
			printf("Fl %c , ", row[i].letter);
		print_long(&row[i]);
		putchar('\n');
		print_sentence(row[i].help, true);
		if (row[i].more)
			print_text(row[i].more);
	}
	puts(".El");
}

static void print_cause_list(void)
{
	puts(".Bl -tag -width \"keepalive-timeout\"");
#define CAUSE(id, name, usual, meaning, ...) \
	puts(".It Cm " name);                \
	print_sentence(meaning, false);      \
	puts("Usually: " usual ".");
#include "bpf/causes.def"
#undef CAUSE
	puts(".El");
}

static const struct section sections[] = {
	{ "synopsis", print_synopsis },
	{ "options", print_options },
	{ "causes", print_cause_list },
};

/* The section whose first line this is, NULL if it is none. */
static const struct section *begins(const char *line)
{
	size_t len = strlen(BEGIN);

	if (strncmp(line, BEGIN, len) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		size_t name = strlen(sections[i].name);

		if (!strncmp(line + len, sections[i].name, name) &&
		    isspace((unsigned char)line[len + name]))
			return &sections[i];
	}
	return NULL;
}

static int copy(FILE *page, const char *path)
{
	const struct section *section = NULL;
	size_t size = 0, found = 0;
	char *line = NULL;

	while (getline(&line, &size, page) > 0) {
		if (section && !strncmp(line, END, strlen(END)))
			section = NULL;
		if (section)
			continue;
		fputs(line, stdout);
		section = begins(line);
		if (!section)
			continue;
		section->print();
		found++;
	}
	free(line);
	if (!section && found == sizeof(sections) / sizeof(*sections))
		return 0;
	fprintf(stderr, "reference: %s: a made section or its end is missing\n",
		path);
	return -1;
}

int man_page(const char *path)
{
	FILE *page = fopen(path, "re");
	int err;

	if (!page) {
		fprintf(stderr, "reference: %s: %s\n", path, strerror(errno));
		return -1;
	}
	err = copy(page, path);
	fclose(page);
	return err;
}
