/* SPDX-License-Identifier: GPL-2.0 */
/* How the arguments of options are read. */
#ifndef RSTWATCH_OPTION_VALUES_H
#define RSTWATCH_OPTION_VALUES_H

#include <stddef.h>

#include "options_table.h"

/*
 * complain() - one line on stderr, with the program's name before it
 *
 * What the user typed goes into it by way of typed_text().
 * Return: -1
 */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define TYPED_MAX 256 /* of what the user typed, bytes shown */

/* What the user typed, made safe to repeat: no newline, no escape sequence. */
struct typed {
	char text[TYPED_MAX + 1];
};

struct typed typed_text(const char *arg, size_t len);

/* find_cause() - enum rw_cause, or -1 after a line on stderr */
int find_cause(const char *name, size_t len);

/* Of any kind; the row says where to, and what is allowed. */
option_parser parse_flag, parse_choice, parse_text, parse_numbers;

/* Of one option each. */
option_parser parse_family, parse_time, parse_causes, parse_fail_on,
	parse_count, parse_limit, parse_duration, parse_interval, parse_buffer,
	parse_remember, parse_btf, parse_rotate, parse_stacks, parse_net,
	parse_comm;

#endif
