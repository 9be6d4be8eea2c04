/* SPDX-License-Identifier: GPL-2.0 */
/* What is made from the tables of options and causes. */
#ifndef RSTWATCH_DOC_H
#define RSTWATCH_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "options_table.h"

/* What the shells can offer for the argument of an option. */
enum value_kind {
	VALUE_NONE,  /* takes none */
	VALUE_OTHER, /* nothing to offer */
	VALUE_WORDS, /* those between the bars */
	VALUE_CAUSES,
	VALUE_PIDS,
	VALUE_FILES,
};

enum value_kind value_kind(const struct option_row *row);

/* is_list() - whether the argument takes several values with commas */
bool is_list(const struct option_row *row);

/* print_causes() - the names of all causes, one blank between two */
void print_causes(void);

/**
 * man_page() - copy a page, its made sections replaced
 * @path: mdoc; a made section stands between the lines
 *	.\" BEGIN name and .\" END name, where name is synopsis, options, causes
 *
 * Return: 0, or -1 after a line on stderr.
 */
int man_page(const char *path);

void bash_completion(void);
void zsh_completion(void);
void fish_completion(void);

#endif
