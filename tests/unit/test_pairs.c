// SPDX-License-Identifier: GPL-2.0
/* Which FINs of a batch are found to be the two of one connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pairs.h"

static struct pairs pairs;
static struct rw_event batch[PAIRS_MAX];

static int forget(void **state)
{
	(void)state;
	memset(&pairs, 0, sizeof(pairs));
	memset(batch, 0, sizeof(batch));
	return 0;
}

#define LOOP "\x7f\0\0\1"
#define LEFT "\x0a\0\0\1"
#define RIGHT "\x0a\0\0\2"

static void fin(size_t place, const char laddr[4], uint16_t lport,
		const char raddr[4], uint16_t rport)
{
	struct rw_event *e = &batch[place];

	memset(e, 0, sizeof(*e));
	e->family = 4;
	memcpy(e->tuple.laddr, laddr, 4);
	memcpy(e->tuple.raddr, raddr, 4);
	e->tuple.lport = lport;
	e->tuple.rport = rport;
	e->tuple.netns = 1;
	e->evidence.kind = RW_KIND_FIN;
}

static void test_both(void **state)
{
	(void)state;
	fin(0, LOOP, 40000, LOOP, 80);
	fin(1, LOOP, 40001, LOOP, 80);
	fin(2, LOOP, 80, LOOP, 40000);
	pairs_find(&pairs, batch, 3);
	assert_int_equal(pairs.of[0], 3);
	assert_int_equal(pairs.of[1], PAIR_HERE);
	assert_int_equal(pairs.of[2], 1);
}

/* What an earlier batch had in a place is not taken for what is there now. */
static void test_next_batch(void **state)
{
	(void)state;
	fin(0, LOOP, 40000, LOOP, 80);
	pairs_find(&pairs, batch, 1);
	fin(0, LOOP, 80, LOOP, 40000);
	pairs_find(&pairs, batch, 1);
	assert_int_equal(pairs.of[0], PAIR_HERE);
	fin(0, LOOP, 41000, LOOP, 80);
	fin(1, LOOP, 80, LOOP, 40000);
	pairs_find(&pairs, batch, 2);
	assert_int_equal(pairs.of[0], PAIR_HERE);
	assert_int_equal(pairs.of[1], PAIR_HERE);
}

/* The same ports again, once the first two have found each other. */
static void test_ports_again(void **state)
{
	(void)state;
	fin(0, LOOP, 40000, LOOP, 80);
	fin(1, LOOP, 80, LOOP, 40000);
	fin(2, LOOP, 40000, LOOP, 80);
	fin(3, LOOP, 80, LOOP, 40000);
	pairs_find(&pairs, batch, 4);
	assert_int_equal(pairs.of[0], 2);
	assert_int_equal(pairs.of[1], 1);
	assert_int_equal(pairs.of[2], 4);
	assert_int_equal(pairs.of[3], 3);
}

static void test_elsewhere(void **state)
{
	(void)state;
	fin(0, LEFT, 40000, RIGHT, 80);
	pairs_find(&pairs, batch, 1);
	assert_int_equal(pairs.of[0], PAIR_ELSEWHERE);
	fin(1, RIGHT, 80, LEFT, 40001); /* so that address is this host's */
	pairs_find(&pairs, batch, 2);
	assert_int_equal(pairs.of[0], PAIR_HERE);
	assert_int_equal(pairs.of[1], PAIR_HERE);
}

/* Another network namespace, or no FIN: there is more to look at. */
static void test_left_to_others(void **state)
{
	(void)state;
	fin(0, LEFT, 40000, RIGHT, 80);
	fin(1, RIGHT, 80, LEFT, 40000);
	batch[1].tuple.netns = 2;
	pairs_find(&pairs, batch, 2);
	assert_int_equal(pairs.of[0], PAIR_HERE);
	assert_int_equal(pairs.of[1], PAIR_HERE);
	batch[1].tuple.netns = 1;
	batch[1].evidence.kind = RW_KIND_RST_ACTIVE;
	pairs_find(&pairs, batch, 2);
	assert_int_equal(pairs.of[0], PAIR_HERE);
	assert_int_equal(pairs.of[1], PAIR_ELSEWHERE);
}

/* A full batch: whoever is found is the right one, and nearly all are. */
static void test_full(void **state)
{
	size_t found = 0;

	(void)state;
	for (uint16_t i = 0; i < PAIRS_MAX; i += 2) {
		fin(i, LOOP, (uint16_t)(30000 + i), LOOP, 80);
		fin(i + 1U, LOOP, 80, LOOP, (uint16_t)(30000 + i));
	}
	pairs_find(&pairs, batch, PAIRS_MAX);
	for (size_t i = 0; i < PAIRS_MAX; i++)
		found += pairs.of[i] == (i ^ 1) + 1;
	assert_int_equal(found, PAIRS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both, forget),
		cmocka_unit_test_setup(test_next_batch, forget),
		cmocka_unit_test_setup(test_ports_again, forget),
		cmocka_unit_test_setup(test_elsewhere, forget),
		cmocka_unit_test_setup(test_left_to_others, forget),
		cmocka_unit_test_setup(test_full, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
