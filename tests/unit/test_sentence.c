// SPDX-License-Identifier: GPL-2.0
/* The sentences of -v: what they say, and that they say no more. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>

#include "sample.h"

#include "cause_text.h"
#include "fill.h"
#include "sentence.h"

static const char *say(const struct rw_event *event)
{
	static char text[SENTENCE_MAX + 1];
	char *end = sentence(text, event, SAMPLE_HZ);

	assert_in_range(end - text, 0, SENTENCE_MAX);
	*end = '\0';
	return text;
}

/* The sentences without the hint, which must stand at their end. */
static void check(const struct rw_event *event, const char *expected)
{
	const char *hint = cause_text(event->cause)->hint;
	const char *text = say(event);
	size_t len = strlen(text) - strlen(hint);

	if (*hint) {
		assert_string_equal(text + len, hint);
		assert_int_equal(text[--len], ' ');
	}
	assert_int_equal(strlen(expected), len);
	assert_memory_equal(text, expected, len);
}

static void test_unread_data(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	check(&event, "nc (pid 4711) closed with 1234 bytes unread; the last "
		      "data had come 12 ms before, and the peer had not sent a "
		      "FIN.");
	event.evidence.flags |= RW_F_EXITING | RW_F_PEER_FIN;
	event.evidence.flags &= ~(uint32_t)RW_F_IDLE_RX;
	event.evidence.unread = 1;
	check(&event, "nc (pid 4711), exiting, closed with 1 byte unread, and "
		      "the peer's FIN had come.");
	event.evidence.exit = SIGKILL;
	event.evidence.unacked = 5;
	event.evidence.flags |= RW_F_INFERRED;
	check(&event, "nc (pid 4711), killed by SIGKILL, closed with 1 byte "
		      "unread, and the peer's FIN had come. Discarded: 5 bytes "
		      "written here and not yet acknowledged. Inferred: the "
		      "deciding step was not seen.");
	event.evidence.flags = 0;
	check(&event, "This end closed with data unread.");
}

static void test_who(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.cause = RW_CAUSE_SOCKET_DESTROYED;
	strcpy(event.actor.comm, "ss");
	event.evidence.unread = 0;
	check(&event, "ss (pid 4711) destroyed the socket of nc (pid 4711).");
	event.evidence.flags &= ~(uint32_t)RW_F_OWNER;
	check(&event, "ss (pid 4711) destroyed the socket.");
	event.evidence.flags &= ~(uint32_t)RW_F_ACTOR;
	check(&event, "The socket was destroyed.");
	event.cause = RW_CAUSE_CONNECT_CANCELLED;
	check(&event, "This end gave up connecting after 2 repeated SYNs; "
		      "nothing was sent.");
	event.evidence.flags |= RW_F_OWNER;
	event.evidence.retransmits = 1;
	check(&event, "This end, nc (pid 4711), gave up connecting after 1 "
		      "repeated SYN; nothing was sent.");
}

static void test_data_after_close(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.cause = RW_CAUSE_DATA_AFTER_CLOSE;
	event.evidence.flags = RW_F_TRIGGER | RW_F_SINCE_CLOSE | RW_F_OWNER;
	event.evidence.trigger_payload = 1;
	event.since_close_ms = 98;
	check(&event, "1 byte came 98 ms after this end, nc (pid 4711), had "
		      "closed.");
	event.evidence.flags = 0;
	check(&event, "Data came after this end had closed.");
	event.cause = RW_CAUSE_NO_SOCKET;
	event.evidence.flags = RW_F_TRIGGER;
	event.evidence.trigger = RW_TH_PSH | RW_TH_ACK;
	check(&event, "A segment (PA, 1 byte of data) came for a connection "
		      "that this host does not have.");
	event.evidence.flags = RW_F_SINCE_CLOSE | RW_F_OWNER;
	check(&event, "A segment came for a connection that had ended 98 ms "
		      "before; it was that of nc (pid 4711).");
	event.cause = RW_CAUSE_HANDSHAKE;
	event.evidence.state = RW_TCP_LISTEN;
	check(&event, "A segment came for a connection that had ended 98 ms "
		      "before; it was that of nc (pid 4711).");
	event.evidence.flags = RW_F_OWNER;
	check(&event, "A segment came that does not fit LISTEN.");
}

static void test_error(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.cause = RW_CAUSE_UNREACHABLE;
	event.evidence.kind = RW_KIND_SILENT;
	event.evidence.sk_err = EHOSTUNREACH;
	check(&event, "An ICMP message ended the attempt to connect with "
		      "EHOSTUNREACH.");
	event.evidence.sk_err = 0;
	check(&event, "An ICMP message ended the attempt to connect.");
	event.cause = RW_CAUSE_LINGER_ZERO;
	event.evidence.state = 2;
	check(&event, "nc (pid 4711) closed with SO_LINGER {1,0}; in SYN_SENT "
		      "that sends nothing.");
}

/*
 * With nothing but the cause known every cause has something to say, and that
 * holds no number that could only be made up, but the port.
 */
static void test_nothing_known(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		struct rw_event event = sample_event();
		const char *text;

		event.cause = (uint8_t)i;
		event.evidence.flags = 0;
		event.evidence.sk_err = 0;
		text = say(&event);
		assert_in_range(strlen(text), 15, 200);
		assert_null(strstr(text, "4711"));
		assert_null(strstr(text, "1234"));
		assert_null(strstr(text, "Discarded"));
		assert_null(strstr(text, " ms"));
	}
}

/* Any bytes at all: no overflow, nothing that a terminal would obey. */
static void test_random(void **state)
{
	(void)state;
	srandom(3);
	for (int round = 0; round < 20000; round++) {
		struct rw_event event;

		for (size_t i = 0; i < sizeof(event); i++)
			((uint8_t *)&event)[i] = (uint8_t)random();
		event.cause %= RW_CAUSE_MAX + 1;
		for (const char *c = say(&event); *c; c++)
			assert_true(isprint((unsigned char)*c));
	}
}

static void check_fill(const char *text, size_t indent, size_t width,
		       const char *expected)
{
	char lines[256];

	*fill(lines, text, strlen(text), indent, width) = '\0';
	assert_string_equal(lines, expected);
}

static void test_fill(void **state)
{
	(void)state;
	check_fill("one two three", 0, 0, "one two three\n");
	check_fill("one two three", 2, 9, "  one two\n  three\n");
	check_fill("one two three", 2, 8, "  one\n  two\n  three\n");
	check_fill("one muchlonger two", 1, 5, " one\n muchlonger\n two\n");
	check_fill("one", 9, 5, "         one\n"); /* no room at all */
	check_fill("", 3, 10, "");
	assert_int_equal(fill_width(-1), 0);
}

static void test_suspicion(void **state)
{
	struct rw_event event = sample_bare_event();

	(void)state;
	event.cause = RW_CAUSE_RESET_IN_HANDSHAKE;
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	event.evidence.hops_rst = 57;
	check(&event, "A RST ended a handshake that was no connection yet.");
	event.evidence.hops_established = 57;
	check(&event, "A RST ended a handshake that was no connection yet.");
	event.evidence.hops_established = 64;
	check(&event, "A RST ended a handshake that was no connection yet. It "
		      "came with hop limit 57, the handshake with 64: somebody "
		      "on the way may have made it.");
	event = sample_bare_event();
	event.cause = RW_CAUSE_UNKNOWN;
	event.evidence.rst_shape = RW_RST_AFTER_SUSPECT;
	check(&event, "What was seen shows none of the causes. The RST that "
		      "had ended the connection here may have been made on the "
		      "way: its hop limit was another, and the peer goes on "
		      "sending.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unread_data),
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_data_after_close),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_suspicion),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
