// SPDX-License-Identifier: GPL-2.0
/* Which RST is suspect, and what is told of segments that come after it. */
#include "sample.h"

#include "suspect.h"

#define MS 1000000ULL

static struct suspects suspects;

static int setup(void **state)
{
	(void)state;
	memset(&suspects, 0, sizeof(suspects));
	return 0;
}

static struct rw_event received(uint16_t port, uint8_t rst, uint8_t established)
{
	struct rw_event event = sample_bare_event();

	event.tuple.rport = port;
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	event.evidence.flags = RW_F_SK;
	event.evidence.hops_rst = rst;
	event.evidence.hops_established = established;
	return event;
}

/* A segment came for a connection that had ended. */
static struct rw_event answer(uint16_t port)
{
	struct rw_event event = sample_bare_event();

	event.tuple.rport = port;
	event.evidence.kind = RW_KIND_RST_ANSWER;
	event.evidence.flags = RW_F_SINCE_CLOSE | RW_F_TRIGGER;
	return event;
}

static bool is_after(struct rw_event event)
{
	suspect_note(&suspects, &event);
	return event.evidence.rst_shape & RW_RST_AFTER_SUSPECT;
}

static void test_suspect(void **state)
{
	struct rw_event event = received(1, 9, 64);

	(void)state;
	assert_true(suspect_is_injected(&event.evidence));
	event = received(1, 64, 64);
	assert_true(suspect_is_known(&event.evidence));
	assert_false(suspect_is_injected(&event.evidence));
	event = received(1, 9, 0);
	assert_false(suspect_is_known(&event.evidence));
	event = received(1, 0, 64);
	assert_false(suspect_is_known(&event.evidence));
	event = received(1, 9, 64);
	event.evidence.kind = RW_KIND_RST_ACTIVE;
	assert_false(suspect_is_injected(&event.evidence));
}

static void test_after(void **state)
{
	struct rw_event event;

	(void)state;
	assert_false(is_after(answer(1)));
	assert_false(is_after(received(1, 9, 64)));
	assert_true(is_after(answer(1)));
	assert_true(is_after(answer(1)));
	assert_false(is_after(answer(2)));
	assert_false(is_after(received(2, 64, 64)));
	assert_false(is_after(answer(2)));
	event = answer(1);
	event.evidence.flags &= ~(uint32_t)RW_F_SINCE_CLOSE;
	assert_false(is_after(event));
}

/* A later connection with the same addresses ended: the mark is not its. */
static void test_ended_since(void **state)
{
	struct rw_event event = answer(1);

	(void)state;
	is_after(received(1, 9, 64));
	event.ktime_ns += 5000 * MS;
	event.since_close_ms = 5000; /* the suspect's */
	assert_true(is_after(event));
	event.since_close_ms = 4998;
	assert_false(is_after(event));
	event.since_close_ms = 6000; /* close() came before the suspect */
	assert_true(is_after(event));
	/* a suspect ends the later one, too */
	event = received(1, 9, 64);
	event.ktime_ns += 7000 * MS;
	assert_false(is_after(event));
	event = answer(1);
	event.ktime_ns += 7001 * MS;
	event.since_close_ms = 1;
	assert_true(is_after(event));
}

/* An answer that waits is looked at again when the suspect is known. */
static void test_answered_before(void **state)
{
	struct rw_event event = answer(1);

	(void)state;
	event.ktime_ns -= MS;
	event.since_close_ms = 3;
	assert_false(is_after(event));
	assert_false(is_after(received(1, 9, 64)));
	assert_false(is_after(event));
	assert_true(is_after(answer(1)));
}

/* The same, of one that was seen. */
static void test_seen_since(void **state)
{
	struct rw_event event = received(1, 64, 64);

	(void)state;
	is_after(received(1, 9, 64));
	event.ktime_ns -= MS; /* an earlier one, told late */
	assert_false(is_after(event));
	event = received(1, 64, 64);
	event.evidence.kind = RW_KIND_OWNER; /* of the suspect's own record */
	event.ktime_ns += MS;
	assert_false(is_after(event));
	assert_true(is_after(answer(1)));
	event = received(1, 64, 64);
	event.ktime_ns += MS;
	assert_false(is_after(event));
	assert_false(is_after(answer(1)));
}

/* The server's end was hit: what comes later finds the listener. */
static void test_listener(void **state)
{
	struct rw_event event = answer(1);

	(void)state;
	is_after(received(1, 9, 64));
	event.evidence.flags |= RW_F_SK;
	event.evidence.state = RW_TCP_LISTEN;
	assert_true(is_after(event));
	assert_true(is_after(event));
	event.evidence.flags &= ~(uint32_t)RW_F_SINCE_CLOSE;
	assert_false(is_after(event));
}

/* The oldest is forgotten, and no connection takes two places. */
static void test_full(void **state)
{
	(void)state;
	for (uint16_t port = 1; port <= SUSPECTS_MAX + 1; port++) {
		is_after(received(port, 9, 64));
		is_after(received(port, 9, 64));
	}
	assert_false(is_after(answer(1)));
	assert_true(is_after(answer(2)));
	assert_true(is_after(answer(SUSPECTS_MAX + 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_suspect, setup),
		cmocka_unit_test_setup(test_after, setup),
		cmocka_unit_test_setup(test_ended_since, setup),
		cmocka_unit_test_setup(test_answered_before, setup),
		cmocka_unit_test_setup(test_seen_since, setup),
		cmocka_unit_test_setup(test_listener, setup),
		cmocka_unit_test_setup(test_full, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
