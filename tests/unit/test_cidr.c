// SPDX-License-Identifier: GPL-2.0
/* Blocks of addresses: what --net takes, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cidr.h"

static void check(const char *text, uint8_t family, const char *address,
		  const char *mask)
{
	uint8_t want[RW_ADDR_LEN] = { 0 };
	struct cidr net;

	if (!cidr_parse(&net, text))
		fail_msg("%s was refused", text);
	assert_int_equal(net.family, family);
	memcpy(want, address, family == 4 ? 4 : 16);
	assert_memory_equal(net.address, want, RW_ADDR_LEN);
	memset(want, 0, sizeof(want));
	memcpy(want, mask, family == 4 ? 4 : 16);
	assert_memory_equal(net.mask, want, RW_ADDR_LEN);
}

static void test_ipv4(void **state)
{
	(void)state;
	check("10.1.2.3", 4, "\x0a\x01\x02\x03", "\xff\xff\xff\xff");
	check("10.1.2.3/32", 4, "\x0a\x01\x02\x03", "\xff\xff\xff\xff");
	check("10.0.0.0/8", 4, "\x0a\0\0\0", "\xff\0\0\0");
	check("10.255.3.4/9", 4, "\x0a\x80\0\0", "\xff\x80\0\0");
	check("1.2.3.4/0", 4, "\0\0\0\0", "\0\0\0\0");
}

static void test_ipv6(void **state)
{
	static const char prefix[16] = "\x20\x01\x0d\xb8",
			  mask[16] = "\xff\xff\xff\xff", zero[16];

	(void)state;
	check("2001:db8::/32", 6, prefix, mask);
	check("2001:db8:ffff::1/32", 6, prefix, mask);
	check("::/0", 6, zero, zero);
}

static void test_mapped(void **state)
{
	struct cidr net;

	(void)state;
	check("::ffff:10.1.2.3", 4, "\x0a\x01\x02\x03", "\xff\xff\xff\xff");
	check("::ffff:10.1.2.3/104", 4, "\x0a\0\0\0", "\xff\0\0\0");
	assert_true(cidr_parse(&net, "::ffff:10.1.2.3/95"));
	assert_int_equal(net.family, 6);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/ 8",
		"10.0.0.0/+8",
		"10.0.0.0/8/8",
		"10.0.0/8",
		"10.0.0.0/0x8",
		"10.0.0.0/1000",
		"::1/129",
		"localhost",
		"::1%lo",
		"1.2.3.4 ",
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255.255.255.255/8",
	};
	struct cidr net = { .family = 99 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (cidr_parse(&net, bad[i]))
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(net.family, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
