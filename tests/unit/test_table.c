// SPDX-License-Identifier: GPL-2.0
/* The table: whole lines, their width, and what may not reach a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "sample.h"

#include "lookup.h"
#include "stack.h"

static struct capture capture;
static struct sink *sink;

/* Starts a table; returns its heading. */
static const char *open_table(struct table_style style)
{
	struct run_info info = sample_info();

	capture_open(&capture);
	sink = sink_table_new(&capture.out, &capture.clock, &style);
	assert_non_null(sink);
	assert_int_equal(sink->start(sink, &info), 0);
	return capture_read(&capture);
}

static void close_table(void)
{
	sink->free(sink);
	capture_close(&capture);
}

static void check_line(const struct rw_event *event, const char *expected)
{
	assert_int_equal(sink->event(sink, event), 0);
	assert_string_equal(capture_read(&capture), expected);
}

/* The line without its first columns, which are the same in many tests. */
static void check_cause(const struct rw_event *event, const char *expected)
{
	const char *line;

	assert_int_equal(sink->event(sink, event), 0);
	line = capture_read(&capture);
	assert_true(strlen(line) > 48);
	assert_string_equal(line + 48, expected);
}

/* Somebody else's connection. */
static void set_owner(struct rw_event *event, uint32_t pid, const char *comm)
{
	event->owner.pid = pid;
	memset(event->owner.comm, 0, RW_COMM_LEN);
	memcpy(event->owner.comm, comm, strnlen(comm, RW_COMM_LEN));
	event->actor.pid = pid;
	memcpy(event->actor.comm, event->owner.comm, RW_COMM_LEN);
}

static void test_default(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	assert_string_equal(open_table((struct table_style){ 0 }),
			    "   PID COMM     LADDR:LPORT     RADDR:RPORT     "
			    "WHAT     CAUSE\n");
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	close_table();
}

static void test_widest_in_80_columns(void **state)
{
	struct rw_event event = sample_event();
	const char *line;

	(void)state;
	open_table((struct table_style){ 0 });
	set_owner(&event, 999999, "12345678");
	event.tuple.lport = 60000;
	event.evidence.unread = 9999;
	assert_int_equal(sink->event(sink, &event), 0);
	line = capture_read(&capture);
	assert_int_equal(strlen(line), 79 + 1);
	close_table();
}

/* Nothing is cut; what follows moves only as far as it must. */
static void test_overflow(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	set_owner(&event, 4194304, "sixteen-bytes-xx");
	check_line(&event, "4194304 sixteen-bytes-xx 127.0.0.1:80 "
			   "127.0.0.2:40000 RST sent unread-data 1234 bytes\n");
	set_owner(&event, 1, "123456789");
	check_line(&event, "     1 123456789 127.0.0.1:80   127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	close_table();
}

static void test_ipv6(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	event.family = 6;
	memset(event.tuple.laddr, 0xfd, sizeof(event.tuple.laddr));
	memset(event.tuple.raddr, 0, sizeof(event.tuple.raddr));
	event.tuple.raddr[15] = 1;
	check_line(&event, "  4711 nc       "
			   "[fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd]:80 "
			   "[::1]:40000 RST sent unread-data 1234 bytes\n");
	close_table();
}

/* A row like one before is kept: whatever is another in an event has to show. */
static void test_kept(void **state)
{
	struct rw_event usual = sample_event(), event = usual;
	const char *line = "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n";

	(void)state;
	open_table((struct table_style){ 0 });
	check_line(&usual, line);
	event.owner.pid = event.actor.pid = 4711 + 8; /* kept in one place */
	check_line(&event, "  4719 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	check_line(&usual, line);
	event = usual;
	event.owner.comm[1] = 'd';
	check_line(&event, "  4711 nd       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	event = usual;
	event.actor.pid = 4;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes, by nc (pid 4)\n");
	event = usual;
	event.evidence.unread = 1;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1 byte\n");
	event = usual;
	event.evidence.flags |= RW_F_SINCE_CLOSE;
	event.since_close_ms = 7;
	check_line(&event,
		   "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
		   "RST sent unread-data 1234 bytes, 7 ms after close\n");
	event = usual;
	event.evidence.flags |= RW_F_EXITING;
	event.evidence.exit = 9;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes, SIGKILL\n");
	event = usual;
	event.cause = RW_CAUSE_TIMED_OUT;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent timed-out 2 retransmits\n");
	event.evidence.retransmits = 3;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent timed-out 3 retransmits\n");
	check_line(&usual, line);
	close_table();
}

/* So has an address, and its port. */
static void test_kept_sides(void **state)
{
	struct rw_event usual = sample_event(), event = usual;

	(void)state;
	open_table((struct table_style){ 0 });
	event.tuple.lport = 80 + 64; /* kept in one place */
	check_line(&event, "  4711 nc       127.0.0.1:144   127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	check_line(&usual, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	event = usual;
	event.tuple.laddr[3] = 9;
	check_line(&event, "  4711 nc       127.0.0.9:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	event = usual;
	event.family = 6;
	check_line(&event, "  4711 nc       [7f00:1::]:80   [7f00:2::]:40000 "
			   "RST sent unread-data 1234 bytes\n");
	event.tuple.laddr[15] = 1;
	check_line(&event, "  4711 nc       [7f00:1::1]:80  [7f00:2::]:40000 "
			   "RST sent unread-data 1234 bytes\n");
	event.tuple.lport = 80 + 64 * 1000; /* the same with another width */
	check_line(&event, "  4711 nc       [7f00:1::1]:64080 [7f00:2::]:40000 "
			   "RST sent unread-data 1234 bytes\n");
	memset(event.tuple.laddr, 0xfd, sizeof(event.tuple.laddr));
	event.tuple.lport = 80;
	check_line(&event,
		   "  4711 nc       "
		   "[fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd]:80 "
		   "[7f00:2::]:40000 RST sent unread-data 1234 bytes\n");
	check_line(&usual, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	close_table();
}

/* Any number, but of few different ones. */
static uint8_t any_of(uint8_t n)
{
	return (uint8_t)((unsigned long)random() % n);
}

/* All lengths a cell can have, in events that are often alike. */
static struct rw_event any_event(void)
{
	static const uint16_t ports[] = { 16, 80, 1040, 65040, 40000, 443 };
	static const uint8_t causes[] = { RW_CAUSE_CLOSE, RW_CAUSE_UNREAD_DATA,
					  RW_CAUSE_LINGER_ZERO };
	struct rw_event event = sample_event();
	struct rw_tuple *tuple = &event.tuple;

	event.ktime_ns += any_of(2) * 12345000000000ULL;
	event.family = any_of(3) ? 4 : 6;
	memset(tuple->laddr, any_of(2) ? 1 : 255, 1 + any_of(RW_ADDR_LEN));
	memset(tuple->raddr, any_of(2) ? 1 : 255, 1 + any_of(RW_ADDR_LEN));
	tuple->lport = ports[any_of(6)];
	tuple->rport = ports[any_of(6)];
	event.evidence.kind = any_of(RW_KIND_OWNER);
	event.cause = causes[any_of(3)];
	event.evidence.unread = any_of(2) ? 1 : UINT32_MAX;
	event.owner.pid = any_of(2) ? 7 : 4194304;
	memset(event.owner.comm, any_of(4) ? 'x' : 1, any_of(RW_COMM_LEN));
	return event;
}

/* What a table has kept shows the same as one that keeps nothing: a wide fold. */
static void check_as_new(enum time_column time)
{
	enum { EVENTS = 1000, LINE_MAX_SHOWN = 400 };
	static struct rw_event events[EVENTS];
	static char lines[EVENTS][LINE_MAX_SHOWN];

	open_table((struct table_style){ .time = time });
	for (int i = 0; i < EVENTS; i++) {
		const char *line;

		events[i] = any_event();
		assert_int_equal(sink->event(sink, &events[i]), 0);
		line = capture_read(&capture);
		assert_true(strlen(line) < LINE_MAX_SHOWN);
		memcpy(lines[i], line, strlen(line) + 1);
	}
	close_table();
	for (int i = 0; i < EVENTS; i++) {
		open_table((struct table_style){ .time = time, .width = 1000 });
		check_line(&events[i], lines[i]);
		close_table();
	}
}

static void test_kept_as_new(void **state)
{
	(void)state;
	srandom(3);
	check_as_new(TIME_NONE);
	check_as_new(TIME_RELATIVE);
	check_as_new(TIME_WALL);
}

/* What is kept with a gap closes up behind long addresses. */
static void test_kept_late(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	event.evidence.kind = RW_KIND_SILENT;
	event.cause = RW_CAUSE_CLOSE;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "silent   close\n");
	memset(event.tuple.raddr, 255, 4);
	check_line(&event, "  4711 nc       127.0.0.1:80    "
			   "255.255.255.255:40000 silent close\n");
	memset(event.tuple.raddr, 1, 4);
	check_line(&event, "  4711 nc       127.0.0.1:80    1.1.1.1:40000   "
			   "silent   close\n");
	close_table();
	open_table((struct table_style){ .time = TIME_RELATIVE });
	event.ktime_ns = SAMPLE_START + 12345000000000ULL;
	check_line(&event, "12345.000000 4711 nc       127.0.0.1:80    "
			   "1.1.1.1:40000   silent   close\n");
	close_table();
}

static void test_who(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	strcpy(event.owner.comm, "nginx");
	event.owner.pid = 12;
	check_line(&event, "    12 nginx    127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes, "
			   "by nc (pid 4711)\n");
	event.evidence.flags &= ~(uint32_t)RW_F_OWNER;
	check_line(&event, "     - -        127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes, "
			   "by nc (pid 4711)\n");
	event.evidence.flags |= RW_F_OWNER;
	event.evidence.flags &= ~(uint32_t)RW_F_ACTOR;
	check_line(&event, "    12 nginx    127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	event.evidence.flags &= ~(uint32_t)RW_F_OWNER;
	check_line(&event, "     - -        127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	close_table();
}

static void test_what(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	event.cause = RW_CAUSE_UNKNOWN;
	check_cause(&event, "RST sent unknown\n");
	event.evidence.kind = RW_KIND_RST_ANSWER;
	check_cause(&event, "RST sent unknown\n");
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	check_cause(&event, "RST rcvd unknown\n");
	event.evidence.kind = RW_KIND_FIN;
	check_cause(&event, "FIN sent unknown\n");
	event.evidence.kind = RW_KIND_SILENT;
	check_cause(&event, "silent   unknown\n");
	event.evidence.kind = RW_KIND_OWNER;
	check_cause(&event, "owner    of a connection above, closed now\n");
	event.evidence.kind = RW_KIND_MAX;
	event.cause = RW_CAUSE_MAX;
	check_cause(&event, "?        ?\n");
	close_table();
}

static void test_detail_of_close(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	event.evidence.kind = RW_KIND_FIN;
	event.cause = RW_CAUSE_CLOSE;
	check_cause(&event, "FIN sent close\n");
	event.evidence.order = RW_ORDER_FIRST;
	event.evidence.unsent = 5; /* a FIN discards nothing */
	check_cause(&event, "FIN sent close first\n");
	event.evidence.linger = 5 * SAMPLE_HZ;
	event.evidence.flags |= RW_F_LINGER;
	check_cause(&event, "FIN sent close first, linger 5 s\n");
	event.evidence.linger_wait_ms = 5003;
	event.evidence.flags |= RW_F_LINGER_WAIT;
	check_cause(&event, "FIN sent close first, linger 5 s, "
			    "waited 5003 ms\n");
	event.evidence.flags &= ~(uint32_t)(RW_F_LINGER | RW_F_LINGER_WAIT);
	event.evidence.flags |= RW_F_EXITING;
	check_cause(&event, "FIN sent close first, exit\n");
	event.evidence.exit = SIGKILL;
	check_cause(&event, "FIN sent close first, SIGKILL\n");
	event.evidence.exit = SIGKILL | RW_EXIT_OOM;
	check_cause(&event, "FIN sent close first, SIGKILL (OOM)\n");
	event.evidence.exit = SIGKILL;
	event.cause = RW_CAUSE_SHUTDOWN;
	event.evidence.order = RW_ORDER_NONE;
	check_cause(&event, "FIN sent shutdown SIGKILL\n");
	event.evidence.flags &= ~(uint32_t)RW_F_ACTOR; /* nobody exits */
	check_cause(&event, "FIN sent shutdown\n");
	close_table();
}

static void test_detail_of_others(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	event.evidence.flags &= ~(uint32_t)RW_F_QUEUES;
	check_cause(&event, "RST sent unread-data\n");
	event.cause = RW_CAUSE_LINGER_ZERO;
	event.evidence.unsent = UINT32_MAX;
	event.evidence.unacked = 1;
	check_cause(&event, "RST sent linger-zero\n");
	event.evidence.flags |= RW_F_QUEUES;
	check_cause(&event, "RST sent linger-zero 4294967296 bytes "
			    "discarded\n");
	event.evidence.kind = RW_KIND_FIN; /* it discards nothing */
	check_cause(&event, "FIN sent linger-zero\n");
	event.evidence.kind = RW_KIND_RST_ACTIVE;
	event.evidence.unsent = 0;
	event.evidence.unacked = 0;
	event.cause = RW_CAUSE_DATA_AFTER_CLOSE;
	event.evidence.flags |= RW_F_SINCE_CLOSE;
	event.since_close_ms = 12;
	check_cause(&event, "RST sent data-after-close 12 ms after close\n");
	event.evidence.flags &= ~(uint32_t)RW_F_SINCE_CLOSE;
	event.evidence.kind = RW_KIND_SILENT;
	event.cause = RW_CAUSE_TIMED_OUT;
	check_cause(&event, "silent   timed-out 2 retransmits\n");
	event.evidence.retransmits = 1;
	check_cause(&event, "silent   timed-out 1 retransmit\n");
	event.evidence.flags |= RW_F_TW;
	check_cause(&event, "silent   timed-out\n");
	close_table();
}

static void test_detail_of_suspects(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	event.cause = RW_CAUSE_RESET_BY_PEER;
	event.evidence.hops_rst = 9;
	check_cause(&event, "RST rcvd reset-by-peer\n");
	event.evidence.hops_established = 64;
	check_cause(&event, "RST rcvd reset-by-peer suspect: hop limit 9, "
			    "not 64\n");
	event.evidence.hops_rst = 64;
	check_cause(&event, "RST rcvd reset-by-peer\n");
	event.evidence.kind = RW_KIND_RST_ANSWER;
	event.cause = RW_CAUSE_NO_SOCKET;
	event.evidence.rst_shape = RW_RST_AFTER_SUSPECT;
	check_cause(&event, "RST sent no-socket after a suspect RST\n");
	close_table();
}

static void test_time_columns(void **state)
{
	struct rw_event event = sample_event();
	const char *heading;

	(void)state;
	setenv("TZ", "UTC", 1);
	heading = open_table((struct table_style){ .time = TIME_WALL });
	assert_memory_equal(heading, "TIME            PID COMM ", 25);
	check_line(&event, "03:04:06.005   4711 nc       127.0.0.1:80    "
			   "127.0.0.2:40000 RST sent unread-data 1234 bytes\n");
	close_table();
	unsetenv("TZ");

	heading = open_table((struct table_style){ .time = TIME_RELATIVE });
	assert_memory_equal(heading, "   TIME(s)    PID COMM ", 23);
	check_line(&event, "  0.005000   4711 nc       127.0.0.1:80    "
			   "127.0.0.2:40000 RST sent unread-data 1234 bytes\n");
	event.ktime_ns = SAMPLE_START - 1; /* on its way while we started */
	check_line(&event, "  0.000000   4711 nc       127.0.0.1:80    "
			   "127.0.0.2:40000 RST sent unread-data 1234 bytes\n");
	event.ktime_ns = SAMPLE_START + 86400000001000ULL;
	check_line(&event, "86400.000001 4711 nc       127.0.0.1:80    "
			   "127.0.0.2:40000 RST sent unread-data 1234 bytes\n");
	close_table();
}

static void test_wide(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	assert_string_equal(
		open_table((struct table_style){ .wide = true }),
		"    PID COMM            LADDR:LPORT           "
		"RADDR:RPORT           WHAT     STATE         UNREAD  UNSENT "
		"UNACKED IDLE(ms) RETR      NETNS UNIT            "
		"REASON              CAUSE\n");
	check_line(&event,
		   "   4711 nc              127.0.0.1:80          "
		   "127.0.0.2:40000       RST sent ESTABLISHED     1234       "
		   "0       0       12    2 4026531840 nginx.service   "
		   "TCP_ABORT_ON_CLOSE  "
		   "unread-data 1234 bytes\n");
	event.evidence.idle_tx = 1; /* the later of the two counts */
	event.evidence.unsent = 10;
	event.evidence.unacked = 20;
	event.evidence.kernel_reason = 8; /* without a name */
	event.cgroup = SAMPLE_CONTAINER;
	event.tuple.netns = SAMPLE_NAMED_NETNS;
	check_line(&event,
		   "   4711 nc              127.0.0.1:80          "
		   "127.0.0.2:40000       RST sent ESTABLISHED     1234      "
		   "10      20        4    2       blue 0123456789ab    "
		   "-                   "
		   "unread-data 1234 bytes\n");
	event = sample_bare_event();
	check_line(&event,
		   "      - -               127.0.0.1:80          "
		   "127.0.0.2:40000       RST sent -                  -       "
		   "-       -        -    -          - -               "
		   "-                   "
		   "no-listener\n");
	close_table();
}

static void test_stack(void **state)
{
	static const char *const texts[LOOKUP_MAX] = {
		[LOOKUP_KERNEL_STACK] = "tcp_close+0x1\nf+0x2 [mod]",
		[LOOKUP_USER_STACK] = "ns::f (inlined by) main+0x1 "
				      "(/usr/bin/a b/x\033y) [00ff]\n"
				      "[00ff]+0x12 (/usr/lib/libc.so.6)\n"
				      "[00ff]+0x12\n0x7f00 ([vdso])\n"
				      "(no frame pointers?)",
	};
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	event.stacks = RW_STACK_KERNEL | RW_STACK_USER;
	lookup_replay(texts);
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n"
			   "        kernel tcp_close+0x1\n"
			   "               f+0x2 [mod]\n"
			   "        user   ns::f (inlined by) main+0x1 (x?y)\n"
			   "               [00ff]+0x12 (libc.so.6)\n"
			   "               [00ff]+0x12\n"
			   "               0x7f00 ([vdso])\n"
			   "               (no frame pointers?)\n");
	lookup_replay(NULL);
	event.stacks = 0;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	close_table();
}

static void test_verbose(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ .verbose = true });
	check_line(
		&event,
		"  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
		"RST sent unread-data 1234 bytes\n"
		"        nc (pid 4711) closed with 1234 bytes unread; the last "
		"data had come 12 ms before, and the peer had not sent a "
		"FIN. Read to the end before close(), or "
		"shutdown(SHUT_WR) and read until EOF.\n"
		"        ESTABLISHED, unread 1234, unsent 0, unacked 0, "
		"idle rx 12 ms, tx 1000 ms, 2 retransmits\n"
		"        tcp_close > tcp_send_active_reset, "
		"TCP_ABORT_ON_CLOSE, observed\n"
		"        actor nc pid 4711 uid 1000 tid 4712, "
		"owner too (accept)\n"
		"        netns 4026531840, "
		"cgroup /system.slice/nginx.service, unit nginx.service\n");
	event.cgroup = SAMPLE_CONTAINER;
	event.tuple.netns = SAMPLE_NAMED_NETNS;
	event.owner.ns_pid = 7;
	event.evidence.flags = RW_F_SK | RW_F_OWNER | RW_F_TRIGGER |
			       RW_F_INFERRED | RW_F_IDLE_TX | RW_F_LINGER;
	event.evidence.trigger = RW_TH_PSH | RW_TH_ACK;
	event.evidence.trigger_payload = 1;
	event.evidence.linger = SAMPLE_HZ;
	event.evidence.retransmits = 0;
	event.cause = RW_CAUSE_UNKNOWN;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unknown\n"
			   "        What was seen shows none of the causes. "
			   "Inferred: the deciding step was not seen. Try "
			   "another --backend, and report the record.\n"
			   "        ESTABLISHED, linger 1 s, idle tx 1000 ms\n"
			   "        tcp_close > tcp_send_active_reset, "
			   "provoked by PA with 1 byte, inferred\n"
			   "        the kernel acted by itself, "
			   "owner nc pid 4711 (7 in its namespace) "
			   "uid 1000 (accept)\n"
			   "        netns 4026532177 (blue), "
			   "cgroup /docker/" SAMPLE_CONTAINER_ID ", "
			   "container " SAMPLE_CONTAINER_ID "\n");
	event = sample_bare_event();
	check_line(&event, "     - -        127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent no-listener\n"
			   "        A SYN came for port 80, and nobody listens "
			   "there. Start the service, or correct port and "
			   "address.\n"
			   "        observed\n"
			   "        the kernel acted by itself\n");
	event.evidence.kind = RW_KIND_OWNER; /* there is no evidence */
	check_line(&event, "     - -        127.0.0.1:80    127.0.0.2:40000 "
			   "owner    of a connection above, closed now\n");
	close_table();
}

/* On a terminal of 80 columns. */
static void test_folded(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ .width = 80 });
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	event.evidence.unread = 123456;
	check_line(&event, "  4711 nc       127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent\n"
			   "                unread-data 123456 bytes\n");
	event.family = 6;
	memset(event.tuple.laddr, 0xfd, sizeof(event.tuple.laddr));
	memset(event.tuple.raddr, 0xfd, sizeof(event.tuple.raddr));
	check_line(&event, "  4711 nc       "
			   "[fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd]:80\n"
			   "                "
			   "[fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd]:40000 "
			   "RST sent\n"
			   "                unread-data 123456 bytes\n");
	close_table();
}

/* Whatever is shown, no line is longer than a terminal. */
static void test_fits(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.cause = RW_CAUSE_DATA_AFTER_SHUTDOWN;
	event.family = 6;
	memset(event.tuple.laddr, 0xfd, sizeof(event.tuple.laddr));
	memset(event.tuple.raddr, 0xfd, sizeof(event.tuple.raddr));
	set_owner(&event, 4194304, "sixteen-bytes-xx");
	event.actor.pid = 4194303;
	for (size_t width = 80; width <= 200; width++) {
		char *text = (char *)open_table((struct table_style){
			.width = width,
			.wide = width % 2,
			.verbose = true,
			.time = (enum time_column)(width % 3) });

		for (char *row = strtok(text, "\n"); row;
		     row = strtok(NULL, "\n"))
			assert_in_range(strlen(row), 1, width);
		assert_int_equal(sink->event(sink, &event), 0);
		text = (char *)capture_read(&capture);
		for (char *row = strtok(text, "\n"); row;
		     row = strtok(NULL, "\n"))
			assert_in_range(strlen(row), 1, width);
		close_table();
	}
}

static void test_color(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ .color = true });
	check_line(&event, "\033[1m  4711 nc       127.0.0.1:80    "
			   "127.0.0.2:40000 RST sent unread-data 1234 bytes"
			   "\033[0m\n");
	event.evidence.kind = RW_KIND_FIN;
	event.cause = RW_CAUSE_CLOSE;
	check_line(&event, "\033[2m  4711 nc       127.0.0.1:80    "
			   "127.0.0.2:40000 FIN sent close\033[0m\n");
	close_table();
}

static int open_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(fd >= 0);
	return fd;
}

static void test_color_choice(void **state)
{
	int terminal = open_terminal(), file = open("/dev/null", O_WRONLY);

	(void)state;
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(sink_color(COLOR_AUTO, terminal));
	assert_false(sink_color(COLOR_AUTO, file));
	assert_true(sink_color(COLOR_ALWAYS, file));
	assert_false(sink_color(COLOR_NEVER, terminal));
	setenv("NO_COLOR", "1", 1);
	assert_false(sink_color(COLOR_AUTO, terminal));
	assert_true(sink_color(COLOR_ALWAYS, terminal));
	setenv("NO_COLOR", "", 1); /* empty is as unset */
	assert_true(sink_color(COLOR_AUTO, terminal));
	setenv("TERM", "dumb", 1);
	assert_false(sink_color(COLOR_AUTO, terminal));
	close(terminal);
	close(file);
}

/* No byte of a name but printable ASCII, and never a second line. */
static void test_hostile_comm(void **state)
{
	struct rw_event event = sample_event();
	const char *line;

	(void)state;
	open_table((struct table_style){ .verbose = true, .wide = true });
	for (int c = 1; c < 256; c++) {
		memset(event.actor.comm, c, RW_COMM_LEN);
		memset(event.owner.comm, c, RW_COMM_LEN);
		event.owner.pid = 1;
		assert_int_equal(sink->event(sink, &event), 0);
		line = capture_read(&capture);
		for (const char *s = line; *s; s++)
			assert_true(*s == '\n' || (*s >= ' ' && *s <= '~'));
		for (int i = 0; i < 6; i++) {
			line = strchr(line, '\n');
			assert_non_null(line);
			line++;
		}
		assert_int_equal(*line, '\0');
	}
	close_table();
	open_table((struct table_style){ 0 });
	event = sample_event();
	memcpy(event.owner.comm, "\033[2J\n\x9b\0", 8);
	check_line(&event, "  4711 ?[2J??   127.0.0.1:80    127.0.0.2:40000 "
			   "RST sent unread-data 1234 bytes\n");
	close_table();
}

/* Any bytes at all fit the room, and every row is one line. */
static void test_random_events(void **state)
{
	(void)state;
	srandom(2);
	open_table((struct table_style){
		.verbose = true, .wide = true, .color = true });
	for (int round = 0; round < 20000; round++) {
		struct rw_event event;
		const char *text;

		for (size_t i = 0; i < sizeof(event); i++)
			((uint8_t *)&event)[i] = (uint8_t)random();
		assert_int_equal(sink->event(sink, &event), 0);
		assert_in_range(capture.out.len, 50, SINK_ROOM - 1024);
		text = capture_read(&capture);
		assert_int_equal(text[strlen(text) - 1], '\n');
	}
	close_table();
}

static void test_end_prints_nothing(void **state)
{
	struct run_totals totals = { .events = 1 };
	struct rw_event event = sample_event();

	(void)state;
	open_table((struct table_style){ 0 });
	assert_int_equal(sink->event(sink, &event), 0);
	assert_int_equal(lseek(capture.out.fd, 0, SEEK_CUR), capture.seen);
	assert_int_equal(sink->end(sink, &totals), 0); /* it flushes */
	assert_int_equal(lseek(capture.out.fd, 0, SEEK_CUR),
			 capture.seen + 79 + 1);
	capture_read(&capture);
	assert_int_equal(sink->end(sink, &totals), 0);
	assert_string_equal(capture_read(&capture), "");
	close_table();
}

static void test_write_error(void **state)
{
	struct rw_event event = sample_event();
	struct run_totals totals = { 0 };

	(void)state;
	open_table((struct table_style){ 0 });
	close(capture.out.fd);
	capture.out.fd = open("/dev/full", O_WRONLY);
	assert_int_equal(sink->event(sink, &event), 0); /* buffered */
	assert_int_equal(sink->flush(sink), -ENOSPC);
	assert_int_equal(sink->event(sink, &event), -ENOSPC);
	assert_int_equal(sink->end(sink, &totals), -ENOSPC);
	close_table();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_widest_in_80_columns),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_kept_sides),
		cmocka_unit_test(test_kept_as_new),
		cmocka_unit_test(test_kept_late),
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_what),
		cmocka_unit_test(test_detail_of_close),
		cmocka_unit_test(test_detail_of_others),
		cmocka_unit_test(test_detail_of_suspects),
		cmocka_unit_test(test_time_columns),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_verbose),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_color_choice),
		cmocka_unit_test(test_hostile_comm),
		cmocka_unit_test(test_random_events),
		cmocka_unit_test(test_end_prints_nothing),
		cmocka_unit_test(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
