// SPDX-License-Identifier: GPL-2.0
/* When the reader looks, when it sleeps, and when it asks to be woken. */
#include "sample.h"

#include "sleeper.h"

/* Stands for the map: a page that both sides see. */
static int shared_page(void)
{
	int fd = memfd_create("reader_sleeps", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sysconf(_SC_PAGESIZE)), 0);
	return fd;
}

static uint32_t asked(int fd)
{
	uint32_t value = ~0u;

	assert_int_equal(pread(fd, &value, sizeof(value), 0), sizeof(value));
	return value;
}

static void test_asks_before_it_sleeps(void **state)
{
	struct sleeper sleeper;
	int fd = shared_page();

	(void)state;
	sleeper_open(&sleeper, fd);
	sleeper_looked(&sleeper, true);
	assert_false(sleeper_sleeps(&sleeper));
	assert_int_equal(sleeper_ms(&sleeper), SLEEPER_LOOK_MS);
	assert_int_equal(asked(fd), 0);

	/* a record may be under way that does not know it is asked */
	sleeper_looked(&sleeper, false);
	assert_true(sleeper_sleeps(&sleeper));
	assert_int_equal(sleeper_ms(&sleeper), SLEEPER_LOOK_MS);
	assert_int_equal(asked(fd), 1);

	sleeper_looked(&sleeper, false);
	assert_true(sleeper_ms(&sleeper) > SLEEPER_LOOK_MS);
	assert_true(sleeper_ms(&sleeper) <= 100);
	assert_int_equal(asked(fd), 1);

	sleeper_looked(&sleeper, true);
	assert_int_equal(sleeper_ms(&sleeper), SLEEPER_LOOK_MS);
	assert_int_equal(asked(fd), 0);
	sleeper_close(&sleeper);
	close(fd);
}

static void test_looks_often_where_nobody_can_be_asked(void **state)
{
	struct sleeper sleeper;

	(void)state;
	sleeper_open(&sleeper, -1);
	for (int i = 0; i < 3; i++) {
		sleeper_looked(&sleeper, false);
		assert_false(sleeper_sleeps(&sleeper));
		assert_int_equal(sleeper_ms(&sleeper), SLEEPER_LOOK_MS);
	}
	sleeper_close(&sleeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks_before_it_sleeps),
		cmocka_unit_test(test_looks_often_where_nobody_can_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
