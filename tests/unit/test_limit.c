// SPDX-License-Identifier: GPL-2.0
/* --limit: what is shown, what is held back, and that nothing is forgotten. */
#include "sample.h"

#include "limit.h"

#define SECOND 1000000000ULL

static struct limiter *limiter;

static struct rw_event event_from(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	struct rw_event event = sample_event();

	event.tuple.raddr[0] = a;
	event.tuple.raddr[1] = b;
	event.tuple.raddr[2] = c;
	event.tuple.raddr[3] = d;
	return event;
}

/* How many of @n such events are held back. */
static unsigned int offer(const struct rw_event *event, unsigned int n)
{
	unsigned int held = 0;

	while (n--)
		held += limiter_holds(limiter, event);
	return held;
}

static void expect_held(uint64_t now, uint8_t cause, uint64_t events,
			const uint8_t *network)
{
	struct held held;

	assert_true(limiter_next(limiter, now, &held));
	assert_int_equal(held.cause, cause);
	assert_true(held.events == events);
	if (network)
		assert_memory_equal(held.network, network, 4);
}

static void expect_none(uint64_t now)
{
	struct held held;

	assert_false(limiter_next(limiter, now, &held));
}

static int open_limiter(void **state)
{
	(void)state;
	limiter = limiter_new(3);
	assert_non_null(limiter);
	expect_none(10 * SECOND);
	return 0;
}

static int close_limiter(void **state)
{
	(void)state;
	limiter_free(limiter);
	return 0;
}

static void test_network(void **state)
{
	struct rw_event a = event_from(192, 0, 2, 1);
	struct rw_event same = event_from(192, 0, 2, 254);
	struct rw_event other = event_from(192, 0, 3, 1);

	(void)state;
	assert_int_equal(offer(&a, 2), 0);
	assert_int_equal(offer(&same, 2), 1);
	assert_int_equal(offer(&other, 3), 0);
	expect_none(11 * SECOND - 1);
	expect_held(11 * SECOND, RW_CAUSE_UNREAD_DATA, 1,
		    (const uint8_t[]){ 192, 0, 2, 0 });
	expect_none(11 * SECOND);
	/* a new second, a new allowance */
	assert_int_equal(offer(&a, 3), 0);
	expect_none(12 * SECOND);
}

static void test_cause(void **state)
{
	struct rw_event a = event_from(192, 0, 2, 1);
	struct rw_event b = a;

	(void)state;
	b.cause = RW_CAUSE_NO_LISTENER;
	assert_int_equal(offer(&a, 4), 1);
	assert_int_equal(offer(&b, 1000), 997);
	assert_int_equal(offer(&a, 1), 1);
}

static void test_ipv6(void **state)
{
	struct rw_event a = sample_event(), b;
	struct held held;

	(void)state;
	a.family = 6;
	for (uint8_t i = 0; i < RW_ADDR_LEN; i++)
		a.tuple.raddr[i] = i + 1;
	b = a;
	b.tuple.raddr[15]++;
	assert_int_equal(offer(&a, 3), 0);
	assert_int_equal(offer(&b, 1), 1);
	b.tuple.raddr[7]++;
	assert_int_equal(offer(&b, 1), 0);
	assert_true(limiter_next(limiter, UINT64_MAX, &held));
	assert_int_equal(held.family, 6);
	assert_memory_equal(held.network,
			    ((uint8_t[16]){ 1, 2, 3, 4, 5, 6, 7, 8 }), 16);
}

/* Networks without end: memory is bounded, the sums are right. */
static void test_many_networks(void **state)
{
	uint64_t held_back = 0, told = 0, shown;
	struct held held;

	(void)state;
	for (unsigned int i = 0; i < 60000; i++) {
		struct rw_event event =
			event_from(10, (uint8_t)(i >> 8), (uint8_t)i, 1);

		event.cause = i % 2 ? RW_CAUSE_NO_LISTENER : RW_CAUSE_CLOSE;
		held_back += offer(&event, 1);
	}
	shown = 60000 - held_back;
	assert_true(shown == LIMIT_PAIRS + 2 * 3);
	while (limiter_next(limiter, 11 * SECOND, &held)) {
		assert_int_equal(held.family, 0);
		told += held.events;
	}
	assert_true(told == held_back);
}

/* The owner of an event that nobody saw is of no interest. */
static void test_owner_record(void **state)
{
	struct rw_event event = event_from(192, 0, 2, 1), owner = event;

	(void)state;
	owner.evidence.kind = RW_KIND_OWNER;
	assert_int_equal(offer(&event, 3), 0);
	assert_false(limiter_holds(limiter, &owner));
	event.cookie = owner.cookie = 4242;
	assert_int_equal(offer(&event, 1), 1);
	assert_true(limiter_holds(limiter, &owner));
	/* and is no event */
	expect_held(11 * SECOND, RW_CAUSE_UNREAD_DATA, 1, NULL);
	expect_none(11 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_network, open_limiter,
						close_limiter),
		cmocka_unit_test_setup_teardown(test_cause, open_limiter,
						close_limiter),
		cmocka_unit_test_setup_teardown(test_ipv6, open_limiter,
						close_limiter),
		cmocka_unit_test_setup_teardown(test_many_networks,
						open_limiter, close_limiter),
		cmocka_unit_test_setup_teardown(test_owner_record, open_limiter,
						close_limiter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
