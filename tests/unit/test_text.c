// SPDX-License-Identifier: GPL-2.0
/* Text, numbers, addresses, names, time and the output buffer. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "sample.h"

#include "format.h"
#include "names.h"
#include "summary.h"
#include "text.h"

static void check_printable(const char *src, size_t max, const char *expected)
{
	char dst[64];
	size_t n = text_printable(dst, src, max);

	dst[n] = '\0';
	assert_string_equal(dst, expected);
}

static void test_printable(void **state)
{
	(void)state;
	check_printable("nginx", 16, "nginx");
	check_printable("", 16, "");
	check_printable("sixteen-bytes-xx-and-more", 16, "sixteen-bytes-xx");
	check_printable("\033[31mred\n", 16, "?[31mred?");
	check_printable(" ~\x7f\x01", 16, " ~??");
	check_printable("\xc3\xa9t\xc3\xa9", 16, "?t?"); /* one a character */
	check_printable("\xe6\x97\xa5\xe6\x9c\xac", 16, "??");
	check_printable("\xe6\x97\xa5\xe6", 4, "??"); /* cut in a character */
	check_printable("\x9b"
			"31m\xff",
			16, "?31m?");
}

static void check_utf8(const char *s, size_t expected)
{
	assert_int_equal(text_utf8(s, strlen(s)), expected);
}

static void test_utf8(void **state)
{
	(void)state;
	check_utf8("a", 1);
	check_utf8("", 0);
	check_utf8("\x7f", 1);
	check_utf8("\x80", 0);
	check_utf8("\xc1\xbf", 0); /* overlong */
	check_utf8("\xc2\x80", 2);
	check_utf8("\xc2", 0);
	check_utf8("\xc2"
		   "a",
		   0);
	check_utf8("\xdf\xbf", 2);
	check_utf8("\xe0\x9f\xbf", 0); /* overlong */
	check_utf8("\xe0\xa0\x80", 3);
	check_utf8("\xed\x9f\xbf", 3);
	check_utf8("\xed\xa0\x80", 0); /* surrogate */
	check_utf8("\xef\xbf\xbf", 3);
	check_utf8("\xef\xbf", 0);
	check_utf8("\xef\xbf"
		   "a",
		   0);
	check_utf8("\xf0\x8f\xbf\xbf", 0); /* overlong */
	check_utf8("\xf0\x90\x80\x80", 4);
	check_utf8("\xf4\x8f\xbf\xbf", 4);
	check_utf8("\xf4\x90\x80\x80", 0); /* above U+10FFFF */
	check_utf8("\xf5\x80\x80\x80", 0);
	check_utf8("\xff", 0);
	assert_int_equal(text_utf8("\xc2\x80", 1), 0); /* the limit holds */
}

static void check_u64(uint64_t value)
{
	char expected[32], text[32];

	snprintf(expected, sizeof(expected), "%" PRIu64, value);
	*format_u64(text, value) = '\0';
	assert_string_equal(text, expected);
}

static void check_i64(int64_t value, const char *expected)
{
	char text[32];

	*format_i64(text, value) = '\0';
	assert_string_equal(text, expected);
}

static void test_numbers(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (int i = 0; i < 20; i++, power *= 10) {
		check_u64(power - 1);
		check_u64(power);
		check_u64(power + 1);
	}
	for (int i = 0; i < 64; i++) {
		check_u64(1ULL << i);
		check_u64((1ULL << i) - 1);
	}
	check_u64(UINT64_MAX);
	check_i64(0, "0");
	check_i64(-1, "-1");
	check_i64(INT64_MAX, "9223372036854775807");
	check_i64(INT64_MIN, "-9223372036854775808");
}

static void test_padded(void **state)
{
	char text[16];

	(void)state;
	*format_padded(text, 7, 2) = '\0';
	assert_string_equal(text, "07");
	*format_padded(text, 12345678, 8) = '\0';
	assert_string_equal(text, "12345678");
	*format_padded(text, 42, 8) = '\0';
	assert_string_equal(text, "00000042");
}

static void check_digits(const char *end, char *text, const char *expected)
{
	assert_int_equal(end - text, strlen(expected));
	text[end - text] = '\0';
	assert_string_equal(text, expected);
}

/* What is short enough to be printed without a loop, all there is. */
static void test_few_digits(void **state)
{
	char text[16], expected[16];

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++) {
		snprintf(expected, sizeof(expected), "%" PRIu32, i);
		check_digits(format_six(text, i), text, expected);
		if (i < 1000)
			check_digits(format_first(text, i), text, expected);
		snprintf(expected, sizeof(expected), "%09" PRIu32, i * 999);
		check_digits(format_nine(text, i * 999), text, expected);
	}
	check_digits(format_nine(text, 1), text, "000000001");
	check_digits(format_nine(text, 123456789), text, "123456789");
	check_digits(format_nine(text, 999999999), text, "999999999");
}

static void test_ipv4(void **state)
{
	char text[INET_ADDRSTRLEN];

	(void)state;
	for (int i = 0; i < 256; i++) {
		uint8_t address[4] = { (uint8_t)i, (uint8_t)(255 - i),
				       (uint8_t)(i / 2), (uint8_t)(i * 7) };
		char expected[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, address, expected, sizeof(expected));
		*format_ipv4(text, address) = '\0';
		assert_string_equal(text, expected);
	}
}

static void check_ipv6(const char *source, const char *expected)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];

	assert_int_equal(inet_pton(AF_INET6, source, address), 1);
	*format_address(text, 6, address) = '\0';
	assert_string_equal(text, expected);
}

static void test_ipv6(void **state)
{
	(void)state;
	check_ipv6("::", "::");
	check_ipv6("::1", "::1");
	check_ipv6("1::", "1::");
	check_ipv6("fe80::1", "fe80::1");
	check_ipv6("2001:db8::1:0:0:1", "2001:db8::1:0:0:1");
	check_ipv6("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
	check_ipv6("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	check_ipv6("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0");
	check_ipv6("1:2:3:4:5:6::", "1:2:3:4:5:6::");
	check_ipv6("0:0:3:4:5:6:7:8", "::3:4:5:6:7:8");
	check_ipv6("a0:b00:c000:d:0:0:0:10", "a0:b00:c000:d::10");
	check_ipv6("::ffff:192.0.2.1", "::ffff:192.0.2.1");
	check_ipv6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* Every pattern of zero groups; the libc writes ::a.b.c.d its own way. */
static void test_ipv6_like_libc(void **state)
{
	(void)state;
	for (int pattern = 4; pattern < 256; pattern++) {
		char expected[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN];
		uint8_t address[16] = { 0 };

		for (int i = 0; i < 8; i++)
			if (pattern >> (7 - i) & 1)
				address[2 * i + 1] = (uint8_t)(i + 1);
		inet_ntop(AF_INET6, address, expected, sizeof(expected));
		*format_ipv6(text, address) = '\0';
		assert_string_equal(text, expected);
	}
}

/* Every word knows its length, and its NUL is inside the array. */
static void check_name(const struct name *name, const char *expected)
{
	assert_non_null(name);
	assert_int_equal(strnlen(name->text, NAME_ROOM), name->len);
	assert_true(name->len > 0 && name->len < NAME_ROOM);
	if (expected)
		assert_string_equal(name->text, expected);
}

static void test_names(void **state)
{
	(void)state;
	check_name(name_state(1), "ESTABLISHED");
	check_name(name_state(12), "NEW_SYN_RECV");
	for (unsigned int i = 1; i <= 12; i++)
		check_name(name_state(i), NULL);
	assert_null(name_state(0));
	assert_null(name_state(13));
	for (unsigned int i = 0; i < RW_PATH_BITS; i++)
		check_name(name_path(i), NULL);
	check_name(name_path((unsigned int)__builtin_ctz(RW_PATH_CLOSE)),
		   "tcp_close");
	check_name(name_path((unsigned int)__builtin_ctz(RW_PATH_V6_RESET)),
		   "tcp_v6_send_reset");
	check_name(
		name_path((unsigned int)__builtin_ctz(RW_PATH_TP_SEND_RESET)),
		"tcp_send_reset");
	assert_null(name_path(RW_PATH_BITS));
	check_name(name_order(RW_ORDER_FIRST), "first");
	check_name(name_order(RW_ORDER_SECOND), "second");
	check_name(name_order(RW_ORDER_SIMULTANEOUS), "simultaneous");
	assert_null(name_order(RW_ORDER_NONE));
	assert_null(name_order(4));
	assert_null(name_owner_source(RW_OWNER_NONE));
	check_name(name_owner_source(RW_OWNER_SCAN), "scan");
	assert_null(name_owner_source(5));
}

static void test_cause_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		const struct name *cause = name_cause(i);

		check_name(cause, NULL);
		assert_non_null(name_cause_usual(i));
		assert_int_equal(name_find_cause(cause->text, cause->len), i);
	}
	assert_null(name_cause(RW_CAUSE_MAX));
	assert_null(name_cause_usual(RW_CAUSE_MAX));
	assert_string_equal(name_cause_usual(RW_CAUSE_UNREAD_DATA), "rst sent");
	assert_int_equal(name_find_cause("clos", 4), -1);
	assert_int_equal(name_find_cause("", 0), -1);
}

static void test_wire_names(void **state)
{
	static const struct {
		unsigned int kind;
		const char *verdict, *direction;
	} rows[] = {
		{ RW_KIND_FIN, "fin", "sent" },
		{ RW_KIND_RST_ACTIVE, "rst", "sent" },
		{ RW_KIND_RST_ANSWER, "rst", "sent" },
		{ RW_KIND_RST_RECEIVED, "rst", "received" },
		{ RW_KIND_SILENT, "none", "none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_name(name_verdict(rows[i].kind), rows[i].verdict);
		check_name(name_direction(rows[i].kind), rows[i].direction);
	}
}

static void check_flags(uint8_t flags, const char *expected)
{
	char text[9];

	*name_flags(text, flags) = '\0';
	assert_string_equal(text, expected);
}

static void test_flags(void **state)
{
	(void)state;
	check_flags(0, "");
	check_flags(RW_TH_PSH | RW_TH_ACK, "PA");
	check_flags(RW_TH_SYN, "S");
	check_flags(RW_TH_SYN | RW_TH_ACK, "SA");
	check_flags(RW_TH_FIN | RW_TH_PSH | RW_TH_ACK, "FPA");
	check_flags(RW_TH_RST | RW_TH_ACK, "RA");
	check_flags(0xff, "FSRPAUEW");
}

static void check_signal(int number, const char *expected)
{
	char text[NAME_SIGNAL_MAX + 1];

	*name_signal(text, number) = '\0';
	assert_string_equal(text, expected);
}

static void test_signals(void **state)
{
	(void)state;
	check_signal(0, "");
	check_signal(SIGKILL, "SIGKILL");
	check_signal(SIGSEGV, "SIGSEGV");
	check_signal(SIGRTMIN, "SIGRTMIN+0");
	check_signal(SIGRTMAX, "SIGRTMIN+30");
	check_signal(32, "SIG32"); /* the libc keeps it for itself */
	check_signal(0x7f, "SIG127");
}

static void check_utc(int64_t offset, uint64_t ktime, const char *expected)
{
	char text[CLOCK_UTC_LEN + 1];
	struct clock clock;
	char *end;

	clock_init_fixed(&clock, offset);
	end = clock_utc(&clock, text, ktime);
	assert_ptr_equal(end, text + CLOCK_UTC_LEN);
	*end = '\0';
	assert_string_equal(text, expected);
}

static void test_utc(void **state)
{
	(void)state;
	check_utc(0, 0, "1970-01-01T00:00:00.000000000Z");
	check_utc(0, 999999999, "1970-01-01T00:00:00.999999999Z");
	check_utc(0, 1000000000, "1970-01-01T00:00:01.000000000Z");
	check_utc(SAMPLE_OFFSET, 678901234, "2026-01-02T03:04:05.678901234Z");
	check_utc(1709210096000000000, 50, "2024-02-29T12:34:56.000000050Z");
	check_utc(-1000000000, 3000000000, "1970-01-01T00:00:02.000000000Z");
}

/* The cached second is left when time goes on, and when it goes back. */
static void test_utc_cache(void **state)
{
	static const struct {
		uint64_t ktime;
		const char *expected;
	} rows[] = {
		{ 1, "1970-01-01T00:00:00.000000001Z" },
		{ 60000000002, "1970-01-01T00:01:00.000000002Z" },
		{ 60000000003, "1970-01-01T00:01:00.000000003Z" },
		{ 4, "1970-01-01T00:00:00.000000004Z" },
	};
	char text[CLOCK_UTC_LEN + 1];
	struct clock clock;

	(void)state;
	clock_init_fixed(&clock, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		*clock_utc(&clock, text, rows[i].ktime) = '\0';
		assert_string_equal(text, rows[i].expected);
	}
}

static void test_local(void **state)
{
	char text[CLOCK_LOCAL_LEN + 1];
	struct clock clock;

	(void)state;
	setenv("TZ", "XXX-05:30", 1); /* east of Greenwich */
	clock_init_fixed(&clock, SAMPLE_OFFSET);
	*clock_local(&clock, text, 678901234) = '\0';
	assert_string_equal(text, "08:34:05.678");
	*clock_local(&clock, text, 1007000000) = '\0';
	assert_string_equal(text, "08:34:06.007");
	unsetenv("TZ");
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* A clock that somebody set is noticed within a second. */
static void test_clock_follows(void **state)
{
	uint64_t monotonic = now_ns(CLOCK_MONOTONIC);
	int64_t true_offset = (int64_t)(now_ns(CLOCK_REALTIME) - monotonic);
	int64_t hour = 3600 * 1000000000LL, offset;
	char text[CLOCK_UTC_LEN];
	struct clock clock;

	(void)state;
	clock_init(&clock);
	offset = clock.offset_ns;
	assert_true(llabs(offset - true_offset) < 1000000000);
	clock.offset_ns -= hour;
	clock_utc(&clock, text, clock.checked_ns);
	assert_true(clock.offset_ns == offset - hour); /* not yet looked */
	clock_utc(&clock, text, clock.checked_ns + 1000000000);
	assert_true(llabs(clock.offset_ns - offset) < 1000000000);
	offset = clock.offset_ns;
	clock.offset_ns += 10; /* noise */
	clock_utc(&clock, text, clock.checked_ns + 1000000000);
	assert_true(llabs(clock.offset_ns - offset) <= 10);
}

static void test_out_full_buffer(void **state)
{
	struct out out;
	int ends[2];
	char text[64];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(out_open(&out, ends[1], 8), 0);
	assert_int_equal(out_add(&out, "12345", 5), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(ends[0], text, sizeof(text)), -1); /* waits */
	memcpy(out_room(&out, 4), "abcd", 4); /* 9 bytes do not fit */
	assert_int_equal(read(ends[0], text, sizeof(text)), 5);
	assert_memory_equal(text, "12345", 5);
	assert_int_equal(out_done(&out, out.data + 4), 0);
	assert_int_equal(out_add(&out, "efghijklmnopqrstuvwxyz", 22), 0);
	assert_int_equal(out_flush(&out), 0);
	assert_int_equal(read(ends[0], text, sizeof(text)), 26);
	assert_memory_equal(text, "abcdefghijklmnopqrstuvwxyz", 26);
	out_close(&out);
	close(ends[0]);
	close(ends[1]);
}

static void test_out_errors(void **state)
{
	struct out out;
	int ends[2], full = open("/dev/full", O_WRONLY);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(out_open(&out, ends[1], 8), 0);
	assert_int_equal(out_add(&out, "x", 1), 0);
	assert_int_equal(out_flush(&out), -EPIPE);
	assert_int_equal(out_add(&out, "x", 1), -EPIPE); /* it sticks */
	assert_int_equal(out_done(&out, out_room(&out, 8)), -EPIPE);
	assert_int_equal(out_flush(&out), -EPIPE);
	out_close(&out);
	close(ends[1]);
	assert_true(full >= 0);
	assert_int_equal(out_open(&out, full, 8), 0);
	assert_int_equal(out_add(&out, "123456789", 9), -ENOSPC);
	out_close(&out);
	close(full);
}

/* More than a pipe holds, into a pipe that does not block. */
static void *read_slowly(int fd, size_t total)
{
	char *data = malloc(total);
	size_t n = 0;

	assert_non_null(data);
	usleep(20000);
	while (n < total) {
		ssize_t got = read(fd, data + n, total - n);

		assert_true(got > 0);
		n += (size_t)got;
	}
	return data;
}

static void test_out_waits(void **state)
{
	const size_t total = 300000;
	struct out out;
	char *data;
	int ends[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		fcntl(ends[1], F_SETFL, O_NONBLOCK);
		if (out_open(&out, ends[1], total))
			_exit(1);
		for (size_t i = 0; i < total; i++)
			out_add(&out, &"abcdefg"[i % 7], 1);
		_exit(out_flush(&out) ? 1 : 0);
	}
	close(ends[1]);
	data = read_slowly(ends[0], total);
	for (size_t i = 0; i < total; i++)
		assert_int_equal(data[i], "abcdefg"[i % 7]);
	free(data);
	close(ends[0]);
}

static void check_summary(const struct run_totals *totals, const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	summary_print(stream, totals);
	fclose(stream);
	assert_string_equal(text, expected);
	free(text);
}

static void test_summary(void **state)
{
	struct run_totals totals = { 0 };
	struct rw_event event = sample_event();

	(void)state;
	check_summary(&totals, "0 events: 0 fin, 0 rst sent, 0 rst received, "
			       "0 silent, lost 0\n");
	run_count(&totals, &event);
	event.evidence.kind = RW_KIND_OWNER; /* not an event */
	run_count(&totals, &event);
	totals.by_cause[RW_CAUSE_UNREAD_DATA].seen = 1;
	check_summary(&totals, "1 event: 0 fin, 1 rst sent, 0 rst received, "
			       "0 silent, lost 0\n"
			       "  unread-data                   1\n");
	event.evidence.kind = RW_KIND_FIN;
	run_count(&totals, &event);
	event.evidence.kind = RW_KIND_RST_ANSWER;
	run_count(&totals, &event);
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	run_count(&totals, &event);
	event.evidence.kind = RW_KIND_SILENT;
	run_count(&totals, &event);
	totals.lost = 4;
	totals.by_cause[RW_CAUSE_CLOSE] = (struct rw_count){ 9, 4, 0 };
	check_summary(&totals,
		      "5 events: 1 fin, 2 rst sent, 1 rst received, 1 silent, "
		      "lost 4 (a larger --buffer helps)\n"
		      "  close                         9, lost 4\n"
		      "  unread-data                   1\n");
}

/* One call is worth a line; one of many dead connections is not. */
static void test_summary_full(void **state)
{
	struct run_totals totals = {
		.events = 200,
		.full = { [RW_FULL_CONTEXTS] = 1, [RW_FULL_DEATHS] = 2 },
	};

	(void)state;
	check_summary(&totals, "200 events: 0 fin, 0 rst sent, 0 rst received, "
			       "0 silent, lost 0\n"
			       "1 calls were not followed to their end "
			       "(a larger --remember gives room)\n");
	totals.full[RW_FULL_CONTEXTS] = 0;
	totals.full[RW_FULL_DEATHS] = 3;
	check_summary(&totals, "200 events: 0 fin, 0 rst sent, 0 rst received, "
			       "0 silent, lost 0\n"
			       "3 dead connections were forgotten before their "
			       "close (a larger --remember helps)\n");
	totals.full[RW_FULL_DEATHS] = 0;
	totals.full[RW_FULL_ENDED] = 1;
	check_summary(&totals,
		      "200 events: 0 fin, 0 rst sent, 0 rst received, "
		      "0 silent, lost 0\n"
		      "1 connections were forgotten within two minutes "
		      "of their end (a larger --remember helps)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_padded),
		cmocka_unit_test(test_few_digits),
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_ipv6_like_libc),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_cause_names),
		cmocka_unit_test(test_wire_names),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_utc),
		cmocka_unit_test(test_utc_cache),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_clock_follows),
		cmocka_unit_test(test_out_full_buffer),
		cmocka_unit_test(test_out_errors),
		cmocka_unit_test(test_out_waits),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_summary_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
