// SPDX-License-Identifier: GPL-2.0
/* The one line on what is not seen, and the table of hooks it comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hooks.h"
#include "names.h"
#include "notice.h"

/* What notice_losses() says of these. */
static void says(const struct loss *losses, size_t n, const char *expected)
{
	struct observer observer = { .name = "kprobe", .n_degraded = n };
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	memcpy(observer.losses, losses, n * sizeof(*losses));
	notice_losses(stream, &observer);
	fclose(stream);
	assert_string_equal(text, expected);
	free(text);
}

static void test_nothing(void **state)
{
	const struct loss rarely = { .hook = "kprobes",
				     .lost = "one is missed, rarely",
				     .evidence = "" };

	(void)state;
	says(&rarely, 0, "");
	says(&rarely, 1, "");
}

static void test_line(void **state)
{
	const struct loss losses[] = {
		{ .hook = "a",
		  .lost = "x",
		  .causes = LOST_CAUSE(REFUSED) | LOST_CAUSE(NO_SOCKET),
		  .evidence = "some owners" },
		{ .hook = "b",
		  .lost = "listener-closed has no actor",
		  .evidence = "actor" },
		{ .hook = "c", .lost = "the same", .evidence = "actor" },
		{ .hook = "d", .lost = "a sentence" },
	};

	(void)state;
	says(losses, 4,
	     "rstwatch: kprobe flavour; not seen here: no-socket, refused, "
	     "some owners, actor, a sentence (rstwatch --check tells more)\n");
}

/* A loss that names no cause and no evidence could not be told in short. */
static void short_of(uint64_t causes, const char *evidence, const char *lost)
{
	assert_non_null(lost);
	assert_true(causes || evidence);
	assert_int_equal(causes >> RW_CAUSE_MAX, 0);
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		if (causes & 1ULL << i)
			assert_non_null(name_cause(i));
}

static void test_tables(void **state)
{
	const struct hook *hooks[] = { function_hooks, tracepoint_hooks };
	const struct limit *limits[] = { no_limits, kprobe_limits,
					 tracepoint_limits };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (const struct hook *h = hooks[i]; h->program; h++)
			if (h->lost)
				short_of(h->causes, h->evidence, h->lost);
	for (size_t i = 0; i < 3; i++)
		for (const struct limit *l = limits[i]; l->hook; l++) {
			short_of(l->causes, l->evidence, l->lost);
			assert_non_null(l->back);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
