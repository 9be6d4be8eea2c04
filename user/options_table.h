/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one table of options: parsing and --help (options.c), the man page and
 * the completions of the shells (doc/) come from it.
 */
#ifndef RSTWATCH_OPTIONS_TABLE_H
#define RSTWATCH_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

struct option_row;

/*
 * Stores @arg, NULL where the option takes none, as @row says.
 * Return: 0, or -1 after a line on stderr
 */
typedef int option_parser(struct options *options, const struct option_row *row,
			  const char *arg);

struct option_row {
	const char *name;
	char letter;   /* 0: long only */
	bool optional; /* the argument: --NAME[=ARG], or --NAME ARG */
	/*
	 * What the argument is called, NULL: takes none. The words CAUSE, NAME,
	 * PID, FILE, PATH tell the shells what to offer; "[,..]" is a list.
	 */
	const char *arg;
	const char *help; /* one line, no capital, no full stop */
	const char *more; /* NULL, or sentences that only the man page has */
	option_parser *parse;
	/* Instead of parse: prints, and ends the program; results the same. */
	int (*answer)(const char *arg);
	size_t field;		  /* offset in struct options */
	unsigned int value;	  /* for flags and choices: what to store */
	unsigned int max;	  /* for numbers: 1..max */
	const char *noun;	  /* for numbers: what to call one */
	const char *const *words; /* for choices, NULL at the end */
};

/* option_rows() - the table; @n: how many rows it has */
const struct option_row *option_rows(size_t *n);

#endif
