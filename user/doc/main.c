// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what is made from the tables of options and causes:
 *
 *	reference man PAGE	PAGE with its made sections as they have to be
 *	reference bash|zsh|fish	a completion for that shell
 */
#include <stdio.h>
#include <string.h>

#include "doc.h"
#include "names.h"

bool is_list(const struct option_row *row)
{
	return row->arg && strstr(row->arg, "[,..]");
}

static bool names(const struct option_row *row, const char *word)
{
	return !strncmp(row->arg, word, strlen(word));
}

enum value_kind value_kind(const struct option_row *row)
{
	if (!row->arg)
		return VALUE_NONE;
	if (row->words)
		return VALUE_WORDS;
	if (!strcmp(row->name, "cause") || names(row, "CAUSE"))
		return VALUE_CAUSES;
	if (names(row, "PID"))
		return VALUE_PIDS;
	if (names(row, "FILE") || names(row, "PATH"))
		return VALUE_FILES;
	return VALUE_OTHER;
}

void print_causes(void)
{
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		printf("%s%s", i ? " " : "", name_cause(i)->text);
}

static int print(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 3 && !strcmp(what, "man"))
		return man_page(argv[2]);
	if (argc == 2 && !strcmp(what, "bash"))
		bash_completion();
	else if (argc == 2 && !strcmp(what, "zsh"))
		zsh_completion();
	else if (argc == 2 && !strcmp(what, "fish"))
		fish_completion();
	else {
		fputs("usage: reference man PAGE | bash | zsh | fish\n",
		      stderr);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (print(argc, argv))
		return 1;
	if (fflush(stdout) || ferror(stdout)) {
		perror("reference: cannot write");
		return 1;
	}
	return 0;
}
