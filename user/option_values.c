// SPDX-License-Identifier: GPL-2.0
/* What the user typed behind an option, into struct options: see the header. */
#include "option_values.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define BUFFER_MIN 4096ULL
#define BUFFER_MAX (1ULL << 30)
#define REMEMBER_MIN 1024ULL
#define REMEMBER_MAX (16ULL << 20)
#define ROTATE_MIN 4096ULL
#define ROTATE_MAX (1ULL << 40)
#define ROTATE_KEEP_MAX 9999

#define DURATION_MAX_S 1000000000ULL
#define LIMIT_MAX 1000000000U

int complain(const char *format, ...)
{
	va_list args;
	char *line;
	int len;

	va_start(args, format);
	len = vasprintf(&line, format, args);
	va_end(args);
	if (len < 0)
		return -1;
	fprintf(stderr, "rstwatch: %s\n", line);
	free(line);
	return -1;
}

struct typed typed_text(const char *arg, size_t len)
{
	struct typed typed = { { 0 } };

	text_printable(typed.text, arg, len < TYPED_MAX ? len : TYPED_MAX);
	return typed;
}

static bool looks_like_number(const char *text)
{
	size_t sign = *text == '-';
	size_t digits = strspn(text + sign, "0123456789");

	return digits && !text[sign + digits];
}

/* Digits only: strtoull() would take blanks and signs. */
static bool parse_digits(const char *arg, size_t len, uint64_t max,
			 uint64_t *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned int digit = (unsigned char)arg[i] - '0';

		if (digit > 9 || digit > max || sum > (max - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return len > 0;
}

static int bad_number(const struct option_row *row, const char *arg, size_t len)
{
	struct typed typed = typed_text(arg, len);

	if (looks_like_number(typed.text))
		return complain("%s %s is not in 1..%u", row->noun, typed.text,
				row->max);
	return complain("%s '%s' is not a number in 1..%u", row->noun,
			typed.text, row->max);
}

static int add_number(const struct option_row *row, struct number_list *list,
		      const char *arg, size_t len)
{
	uint64_t value;

	if (!parse_digits(arg, len, row->max, &value) || !value)
		return bad_number(row, arg, len);
	if (list->n == OPTIONS_LIST_MAX)
		return complain("more than %d values for --%s",
				OPTIONS_LIST_MAX, row->name);
	list->values[list->n++] = (uint32_t)value;
	return 0;
}

/* The items of a list are what stands between the commas, nothing too. */
int parse_numbers(struct options *options, const struct option_row *row,
		  const char *arg)
{
	struct number_list *list = (void *)((char *)options + row->field);

	for (;;) {
		size_t len = strcspn(arg, ",");

		if (add_number(row, list, arg, len))
			return -1;
		if (!arg[len])
			return 0;
		arg += len + 1;
	}
}

int parse_flag(struct options *options, const struct option_row *row,
	       const char *arg)
{
	(void)arg;
	*(bool *)((char *)options + row->field) = true;
	return 0;
}

int parse_family(struct options *options, const struct option_row *row,
		 const char *arg)
{
	(void)arg;
	if (options->family && options->family != row->value)
		return complain("-4 and -6 exclude each other");
	options->family = (uint8_t)row->value;
	return 0;
}

int parse_time(struct options *options, const struct option_row *row,
	       const char *arg)
{
	(void)arg;
	if (options->time && options->time != row->value)
		return complain("-T and -t exclude each other");
	options->time = (enum time_column)row->value;
	return 0;
}

int find_cause(const char *name, size_t len)
{
	int cause = name_find_cause(name, len);

	if (cause < 0)
		complain("unknown cause '%s' (rstwatch --explain lists them)",
			 typed_text(name, len).text);
	return cause;
}

/* Add the bit of a cause to @mask. */
static int add_cause(uint64_t *mask, const char *name, size_t len)
{
	int cause = find_cause(name, len);

	if (cause < 0)
		return -1;
	*mask |= 1ULL << cause;
	return 0;
}
_Static_assert(RW_CAUSE_MAX < 64, "cause_mask has too few bits");

int parse_causes(struct options *options, const struct option_row *row,
		 const char *arg)
{
	(void)row;
	if (options->cause_mask == ~0ULL)
		options->cause_mask = 0;
	for (;;) {
		size_t len = strcspn(arg, ",");

		if (add_cause(&options->cause_mask, arg, len))
			return -1;
		if (!arg[len])
			return 0;
		arg += len + 1;
	}
}

/* Causes, and the word "rst". */
int parse_fail_on(struct options *options, const struct option_row *row,
		  const char *arg)
{
	(void)row;
	for (;;) {
		size_t len = strcspn(arg, ",");

		if (len == 3 && !strncmp(arg, "rst", len))
			options->fail_on_rst = true;
		else if (add_cause(&options->fail_mask, arg, len))
			return -1;
		if (!arg[len])
			return 0;
		arg += len + 1;
	}
}

int parse_text(struct options *options, const struct option_row *row,
	       const char *arg)
{
	if (!*arg)
		return complain("--%s needs a name", row->name);
	*(const char **)((char *)options + row->field) = arg;
	return 0;
}

int parse_count(struct options *options, const struct option_row *row,
		const char *arg)
{
	size_t len = strlen(arg);

	if (parse_digits(arg, len, UINT64_MAX, &options->count) &&
	    options->count)
		return 0;
	return complain("--%s '%s' is not a number of events above 0",
			row->name, typed_text(arg, len).text);
}

/* Seconds, with up to three digits after a point. */
static bool parse_seconds(const char *arg, uint64_t *ms)
{
	size_t len = strcspn(arg, "."), digits = 0;
	uint64_t seconds, fraction = 0;

	if (!parse_digits(arg, len, DURATION_MAX_S, &seconds))
		return false;
	if (arg[len]) {
		digits = strlen(arg + len + 1);
		if (digits > 3 ||
		    !parse_digits(arg + len + 1, digits, 999, &fraction))
			return false;
	}
	for (; digits < 3; digits++)
		fraction *= 10;
	*ms = seconds * 1000 + fraction;
	return *ms > 0;
}

static int bad_seconds(const struct option_row *row, const char *arg)
{
	return complain("--%s '%s' is not a number of seconds in "
			"0.001..1000000000",
			row->name, typed_text(arg, strlen(arg)).text);
}

int parse_limit(struct options *options, const struct option_row *row,
		const char *arg)
{
	size_t len = strlen(arg);
	uint64_t value;

	if (!parse_digits(arg, len, LIMIT_MAX, &value))
		return complain("--%s '%s' is not a number of events in 0..%u",
				row->name, typed_text(arg, len).text,
				LIMIT_MAX);
	options->limit = (uint32_t)value;
	return 0;
}

int parse_duration(struct options *options, const struct option_row *row,
		   const char *arg)
{
	if (parse_seconds(arg, &options->duration_ms))
		return 0;
	return bad_seconds(row, arg);
}

int parse_interval(struct options *options, const struct option_row *row,
		   const char *arg)
{
	if (parse_seconds(arg, &options->interval_ms))
		return 0;
	return bad_seconds(row, arg);
}

/* The shift a size suffix stands for, -1 if it is none. */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "KMG";
	const char *letter;

	if (!*suffix)
		return 0;
	letter = strchr(letters, *suffix & ~0x20); /* upper case */
	if (!letter || !*letter || suffix[1])
		return -1;
	return 10 * (int)(letter - letters + 1);
}

static bool parse_size(const char *arg, uint64_t min, uint64_t max,
		       uint64_t *bytes)
{
	size_t len = strspn(arg, "0123456789");
	int shift = suffix_shift(arg + len);
	uint64_t value;

	if (shift < 0 || !parse_digits(arg, len, max >> shift, &value))
		return false;
	*bytes = value << shift;
	return *bytes >= min;
}

/* The ring buffer takes a power of two, in whole pages. */
static uint64_t round_up_size(uint64_t bytes)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);

	while (size < bytes)
		size <<= 1;
	return size;
}

int parse_buffer(struct options *options, const struct option_row *row,
		 const char *arg)
{
	uint64_t bytes;

	if (!parse_size(arg, BUFFER_MIN, BUFFER_MAX, &bytes))
		return complain("--%s '%s' is not a size in 4K..1G", row->name,
				typed_text(arg, strlen(arg)).text);
	options->buffer_bytes = round_up_size(bytes);
	return 0;
}

/* The sets of the map are a power of two. */
int parse_remember(struct options *options, const struct option_row *row,
		   const char *arg)
{
	uint64_t n;

	if (!parse_size(arg, REMEMBER_MIN, REMEMBER_MAX, &n))
		return complain("--%s '%s' is not a number in 1K..16M",
				row->name, typed_text(arg, strlen(arg)).text);
	for (options->remember = REMEMBER_MIN; options->remember < n;)
		options->remember <<= 1;
	return 0;
}

int parse_btf(struct options *options, const struct option_row *row,
	      const char *arg)
{
	if (access(arg, R_OK))
		return complain("--%s '%s': %s", row->name,
				typed_text(arg, strlen(arg)).text,
				strerror(errno));
	options->btf = arg;
	return 0;
}

/* SIZE[,N] */
int parse_rotate(struct options *options, const struct option_row *row,
		 const char *arg)
{
	size_t len = strcspn(arg, ",");
	uint64_t keep = OPTIONS_KEEP_ALL;
	char size[32] = "";

	if (len < sizeof(size))
		memcpy(size, arg, len);
	if (!parse_size(size, ROTATE_MIN, ROTATE_MAX, &options->rotate_bytes))
		return complain("--%s '%s' is not a size in 4K..1024G",
				row->name, typed_text(arg, len).text);
	if (arg[len] && !parse_digits(arg + len + 1, strlen(arg + len + 1),
				      ROTATE_KEEP_MAX, &keep))
		return complain(
			"--%s '%s' is not a number of files in 0..%d",
			row->name,
			typed_text(arg + len + 1, strlen(arg + len + 1)).text,
			ROTATE_KEEP_MAX);
	options->rotate_keep = (uint32_t)keep;
	return 0;
}

/* Without an argument, both. */
int parse_stacks(struct options *options, const struct option_row *row,
		 const char *arg)
{
	static const char *const words[] = { "kernel", "user" };
	const char *rest;

	if (!arg)
		arg = "kernel,user";
	rest = arg;
	while (*rest) {
		size_t len = strcspn(rest, ","), i = 0;

		while (i < COUNT(words) && (strlen(words[i]) != len ||
					    strncmp(words[i], rest, len) != 0))
			i++;
		if (i == COUNT(words))
			break;
		options->stacks |= 1U << i; /* RW_STACK_* */
		rest += len;
		if (!*rest)
			return 0;
		rest++;
	}
	return complain("--%s '%s' is not a list of kernel, user", row->name,
			typed_text(arg, strlen(arg)).text);
}
_Static_assert(RW_STACK_KERNEL == 1 && RW_STACK_USER == 2,
	       "parse_stacks() stores a bit for each word");
int parse_net(struct options *options, const struct option_row *row,
	      const char *arg)
{
	if (cidr_parse(&options->net, arg))
		return 0;
	return complain("--%s '%s' is not an address or a block of them such "
			"as 10.0.0.0/8",
			row->name, typed_text(arg, strlen(arg)).text);
}

int parse_comm(struct options *options, const struct option_row *row,
	       const char *arg)
{
	size_t len = strlen(arg);

	options->comm = arg;
	if (len > 0 && len < RW_COMM_LEN)
		return 0;
	return complain("--%s '%s' is not a name of 1 to %d bytes, as ps -o "
			"comm shows it",
			row->name, typed_text(arg, len).text, RW_COMM_LEN - 1);
}

int parse_choice(struct options *options, const struct option_row *row,
		 const char *arg)
{
	for (unsigned int i = 0; row->words[i]; i++) {
		if (strcmp(arg, row->words[i]) != 0)
			continue;
		memcpy((char *)options + row->field, &i, sizeof(i));
		return 0;
	}
	return complain("--%s '%s' is not one of %s", row->name,
			typed_text(arg, strlen(arg)).text, row->arg);
}
_Static_assert(sizeof(enum backend) == sizeof(unsigned int) &&
		       sizeof(enum color_when) == sizeof(unsigned int),
	       "parse_choice() stores an unsigned int");
