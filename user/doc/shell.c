// SPDX-License-Identifier: GPL-2.0
/* Completions for bash, zsh and fish. */
#include <stdio.h>
#include <string.h>

#include "doc.h"

#define MADE "# Made from the tables of options and causes: do not edit.\n"

/* The words of a choice, '|' replaced by blanks. */
static void print_words(const struct option_row *row)
{
	for (const char *c = row->arg; *c; c++)
		putchar(*c == '|' ? ' ' : *c);
}

static void bash_values(const struct option_row *row)
{
	const char *add = is_list(row) ? "_rstwatch_list" : "_rstwatch_words";

	switch (value_kind(row)) {
	case VALUE_WORDS:
		printf("%s \"", add);
		print_words(row);
		putchar('"');
		break;
	case VALUE_CAUSES:
		printf("%s \"$causes\"", add);
		break;
	case VALUE_PIDS:
		printf("%s \"$(cd /proc && echo [0-9]*)\"", add);
		break;
	case VALUE_FILES:
		printf("compopt -o filenames; "
		       "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
		break;
	default:
		putchar(':');
	}
}

void bash_completion(void)
{
	size_t rows;
	const struct option_row *row = option_rows(&rows);

	fputs("# bash completion for rstwatch -*- shell-script -*-\n" MADE
	      "_rstwatch_words()\n"
	      "{\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	      "}\n"
	      "\n"
	      "# Those before the last comma stay.\n"
	      "_rstwatch_list()\n"
	      "{\n"
	      "\tlocal before=\n"
	      "\t[[ $cur != *,* ]] || before=${cur%,*},\n"
	      "\tmapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$1\" "
	      "-- \"${cur##*,}\")\n"
	      "}\n"
	      "\n"
	      "_rstwatch()\n"
	      "{\n"
	      "\tlocal cur=$2 prev=$3 causes=\"",
	      stdout);
	print_causes();
	fputs("\"\n"
	      "\t# bash takes the = of --option=value for a word of its own.\n"
	      "\tif [[ ${COMP_WORDS[COMP_CWORD]} == = ]]; then\n"
	      "\t\tcur=\n"
	      "\telif [[ $prev == = ]]; then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	      "\tfi\n"
	      "\tcase $prev in\n",
	      stdout);
	for (size_t i = 0; i < rows; i++) {
		if (!row[i].arg)
			continue;
		printf("\t--%s", row[i].name);
		if (row[i].letter)
			printf(" | -%c", row[i].letter);
		printf(")\n\t\t");
		bash_values(&row[i]);
		printf("\n\t\treturn\n\t\t;;\n");
	}
	fputs("\tesac\n"
	      "\t_rstwatch_words \"",
	      stdout);
	for (size_t i = 0; i < rows; i++) {
		if (row[i].letter)
			printf("-%c ", row[i].letter);
		printf("--%s%s", row[i].name, i + 1 < rows ? " " : "");
	}
	fputs("\"\n"
	      "}\n"
	      "complete -F _rstwatch rstwatch\n",
	      stdout);
}

/* Inside quotes and brackets: what ends them is escaped. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\'", stdout);
		else if (strchr("[]:", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void zsh_action(const struct option_row *row)
{
	switch (value_kind(row)) {
	case VALUE_WORDS:
		putchar('(');
		print_words(row);
		putchar(')');
		break;
	case VALUE_CAUSES:
		printf("%scompadd -- ", is_list(row) ? "_sequence " : "");
		print_causes();
		break;
	case VALUE_PIDS:
		printf("%s_pids", is_list(row) ? "_sequence " : "");
		break;
	case VALUE_FILES:
		printf("_files");
		break;
	default:
		putchar(' ');
	}
}

static void zsh_value(const struct option_row *row)
{
	if (!row->arg)
		return;
	putchar(':');
	zsh_text(row->arg);
	putchar(':');
	zsh_action(row);
}

void zsh_completion(void)
{
	size_t rows;
	const struct option_row *row = option_rows(&rows);

	fputs("#compdef rstwatch\n" MADE "_arguments -s -S", stdout);
	for (size_t i = 0; i < rows; i++) {
		const char *times = is_list(&row[i]) ? "*" : "";

		if (row[i].letter) {
			printf(" \\\n\t'%s-%c%s[", times, row[i].letter,
			       row[i].arg ? "+" : "");
			zsh_text(row[i].help);
			putchar(']');
			zsh_value(&row[i]);
			putchar('\'');
		}
		printf(" \\\n\t'%s--%s%s[", times, row[i].name,
		       row[i].arg ? "=" : "");
		zsh_text(row[i].help);
		putchar(']');
		zsh_value(&row[i]);
		putchar('\'');
	}
	putchar('\n');
}

static void fish_values(const struct option_row *row)
{
	const char *list = is_list(row) ? "__fish_append , " : "";

	switch (value_kind(row)) {
	case VALUE_NONE:
		return;
	case VALUE_WORDS:
		printf(" -x -a '");
		print_words(row);
		putchar('\'');
		return;
	case VALUE_CAUSES:
		printf(" -x -a '%s%s", *list ? "(" : "", list);
		print_causes();
		printf("%s'", *list ? ")" : "");
		return;
	case VALUE_PIDS:
		printf(" -x -a '(__fish_complete_pids)'");
		return;
	case VALUE_FILES:
		printf(" -r -F");
		return;
	default:
		printf(" -x");
	}
}

void fish_completion(void)
{
	size_t rows;
	const struct option_row *row = option_rows(&rows);

	fputs("# fish completion for rstwatch\n" MADE
	      "complete -c rstwatch -f\n",
	      stdout);
	for (size_t i = 0; i < rows; i++) {
		printf("complete -c rstwatch");
		if (row[i].letter)
			printf(" -s %c", row[i].letter);
		printf(" -l %s -d '", row[i].name);
		for (const char *c = row[i].help; *c; c++) {
			if (strchr("'\\", *c))
				putchar('\\');
			putchar(*c);
		}
		putchar('\'');
		fish_values(&row[i]);
		putchar('\n');
	}
}
