// SPDX-License-Identifier: GPL-2.0
/*
 * The audit without a kernel: which counters each kind of end moves, and what
 * is said when the two sides agree, differ, or cannot be compared.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit.h"
#include "netns_counters.h"
#include "observer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CPUS 2

enum {
	OUT_RSTS = 1 << RW_COUNTER_OUT_RSTS,
	ON_CLOSE = 1 << RW_COUNTER_ON_CLOSE,
	ON_DATA = 1 << RW_COUNTER_ON_DATA,
	ON_LINGER = 1 << RW_COUNTER_ON_LINGER,
	ON_MEMORY = 1 << RW_COUNTER_ON_MEMORY,
	ON_TIMEOUT = 1 << RW_COUNTER_ON_TIMEOUT,
	EMBRYONIC_RSTS = 1 << RW_COUNTER_EMBRYONIC_RSTS,
	ATTEMPT_FAILS = 1 << RW_COUNTER_ATTEMPT_FAILS,
};

static const uint8_t counters_of[RW_MECHANISM_MAX] = {
#define MECHANISM(id, condition, counters) [RW_MECHANISM_##id] = (counters),
#include "bpf/mechanisms.def"
#undef MECHANISM
};

/*
 * Which counters move
 */

struct row {
	const char *what;
	uint8_t counters;
	struct rw_evidence e;
};

#define ACTIVE(now, seen, facts, ...)                                    \
	{                                                                \
		.kind = RW_KIND_RST_ACTIVE, .state = RW_TCP_ESTABLISHED, \
		.state_now = RW_TCP_##now, .path = (seen),               \
		.flags = RW_F_SK | (facts), __VA_ARGS__                  \
	}
#define ANSWER(now, seen, segment, facts, ...)                          \
	{                                                               \
		.kind = RW_KIND_RST_ANSWER, .state_now = RW_TCP_##now,  \
		.path = (seen), .trigger = (segment), .flags = (facts), \
		__VA_ARGS__                                             \
	}
#define RECEIVED(before, seen)                                          \
	{                                                               \
		.kind = RW_KIND_RST_RECEIVED, .state = RW_TCP_##before, \
		.state_now = RW_TCP_##before, .path = (seen)            \
	}
#define SILENT(before, seen, facts, ...)                          \
	{                                                         \
		.kind = RW_KIND_SILENT, .state = RW_TCP_##before, \
		.path = (seen), .flags = (facts), __VA_ARGS__     \
	}

#define LINGERS (RW_PATH_CLOSE | RW_PATH_DISCONNECT)
#define IN_CALL (RW_F_ACTOR | RW_F_LOCK_OWNED)

static const struct row rows[] = {
	/* tcp_send_active_reset() */
	{ "close, unread data", OUT_RSTS | ON_CLOSE,
	  ACTIVE(CLOSE, RW_PATH_CLOSE, IN_CALL) },
	{ "the same, deduced", OUT_RSTS | ON_CLOSE,
	  ACTIVE(CLOSE, RW_PATH_SET_STATE, IN_CALL, .deduced = RW_PATH_CLOSE) },
	{ "close, TCP_LINGER2 below zero, FIN acknowledged",
	  OUT_RSTS | ON_LINGER,
	  ACTIVE(CLOSE, RW_PATH_CLOSE,
		 IN_CALL | RW_F_DEAD | RW_F_LINGER2_NEG | RW_F_FIN_ACKED) },
	{ "close, too many orphans", OUT_RSTS | ON_MEMORY,
	  ACTIVE(CLOSE, RW_PATH_CLOSE, IN_CALL | RW_F_DEAD) },
	{ "close, linger zero: counts as data", OUT_RSTS | ON_DATA,
	  ACTIVE(CLOSE, LINGERS, IN_CALL | RW_F_LINGER) },
	{ "the same of an MPTCP subflow", OUT_RSTS | ON_DATA,
	  ACTIVE(CLOSE, LINGERS, IN_CALL | RW_F_LINGER | RW_F_MPTCP) },
	{ "linger zero in SYN_SENT: counted, nothing sent", ON_DATA,
	  SILENT(SYN_SENT, LINGERS, IN_CALL | RW_F_LINGER) },
	{ "the same under TCP_REPAIR: not counted", 0,
	  SILENT(SYN_SENT, LINGERS, IN_CALL | RW_F_LINGER | RW_F_REPAIR) },
	{ "connect(AF_UNSPEC)", OUT_RSTS,
	  ACTIVE(CLOSE, RW_PATH_DISCONNECT, IN_CALL) },
	{ "connect(AF_UNSPEC), SO_LINGER {1,0} set", OUT_RSTS,
	  ACTIVE(CLOSE, RW_PATH_DISCONNECT, IN_CALL | RW_F_LINGER) },
	{ "a listener's child", OUT_RSTS,
	  ACTIVE(CLOSE, RW_PATH_CHILD_FORGET | RW_PATH_DISCONNECT, 0) },
	{ "SOCK_DESTROY", OUT_RSTS,
	  ACTIVE(ESTABLISHED, RW_PATH_ABORT, IN_CALL) },
	{ "SOCK_DESTROY before it was established",
	  OUT_RSTS | ATTEMPT_FAILS,
	  { .kind = RW_KIND_RST_ACTIVE,
	    .state = RW_TCP_SYN_RECV,
	    .state_now = RW_TCP_SYN_RECV,
	    .path = RW_PATH_ABORT } },
	{ "MPTCP subflow", OUT_RSTS,
	  ACTIVE(ESTABLISHED, RW_PATH_MPTCP_SUBFLOW, IN_CALL) },
	{ "MPTCP fastclose", OUT_RSTS,
	  ACTIVE(ESTABLISHED, 0, IN_CALL | RW_F_MPTCP) },
	{ "keepalive of an MPTCP subflow", OUT_RSTS | ON_TIMEOUT,
	  ACTIVE(ESTABLISHED, 0,
		 RW_F_MPTCP | RW_F_KEEPOPEN | RW_F_PROBES_OUT) },
	{ "orphan in FIN_WAIT2, timer", OUT_RSTS,
	  ACTIVE(FIN_WAIT2, 0, RW_F_DEAD) },
	{ "keepalive", OUT_RSTS | ON_TIMEOUT,
	  ACTIVE(ESTABLISHED, 0, RW_F_KEEPOPEN | RW_F_PROBES_OUT) },
	{ "keepalive with TCP_USER_TIMEOUT", OUT_RSTS | ON_TIMEOUT,
	  ACTIVE(ESTABLISHED, 0,
		 RW_F_KEEPOPEN | RW_F_PROBES_OUT | RW_F_USER_TIMEOUT) },
	{ "orphan, timer", OUT_RSTS | ON_MEMORY,
	  ACTIVE(FIN_WAIT1, 0, RW_F_DEAD) },
	{ "a reset nobody can explain", OUT_RSTS,
	  ACTIVE(ESTABLISHED, 0, RW_F_LOCK_OWNED) },

	/* answers */
	{ "data after close", OUT_RSTS | ON_DATA,
	  ANSWER(CLOSE, RW_PATH_RECEIVED, RW_TH_ACK, RW_F_SK | RW_F_DEAD) },
	{ "data after shutdown", OUT_RSTS | ON_DATA,
	  ANSWER(CLOSE, RW_PATH_RECEIVED, RW_TH_ACK, RW_F_SK) },
	{ "FIN acknowledged, TCP_LINGER2 below zero", OUT_RSTS | ON_DATA,
	  ANSWER(CLOSE, 0, RW_TH_ACK, RW_F_SK | RW_F_DEAD | RW_F_LINGER2_NEG) },
	{ "data to a minisock", OUT_RSTS,
	  ANSWER(TIME_WAIT, 0, RW_TH_ACK, RW_F_SK | RW_F_TW) },
	{ "no socket", OUT_RSTS, ANSWER(CLOSE, 0, RW_TH_SYN, 0) },
	{ "stray ACK to a listener", OUT_RSTS,
	  ANSWER(LISTEN, 0, RW_TH_ACK, RW_F_SK) },
	{ "SYN within a request", OUT_RSTS | EMBRYONIC_RSTS | ATTEMPT_FAILS,
	  ANSWER(LISTEN, RW_PATH_CHECK_REQ, RW_TH_SYN, RW_F_SK) },
	{ "accept queue full", OUT_RSTS | EMBRYONIC_RSTS,
	  ANSWER(LISTEN, RW_PATH_CHECK_REQ, RW_TH_ACK,
		 RW_F_SK | RW_F_QUEUE_FULL) },
	{ "MPTCP join refused at the last ACK", OUT_RSTS | ATTEMPT_FAILS,
	  ANSWER(LISTEN, 0, RW_TH_ACK, RW_F_SK | RW_F_MPTCP | RW_F_REASON,
		 .reason = RW_REASON_MPTCP) },
	{ "MPTCP join refused at the SYN", OUT_RSTS,
	  ANSWER(LISTEN, 0, RW_TH_SYN, RW_F_SK | RW_F_MPTCP | RW_F_REASON,
		 .reason = RW_REASON_MPTCP) },
	{ "unacceptable ACK in SYN_SENT", OUT_RSTS,
	  ANSWER(SYN_SENT, 0, RW_TH_ACK, RW_F_SK) },

	{ "a firewall's answer passes TCP by", 0,
	  ANSWER(CLOSE, RW_PATH_NF_V4, RW_TH_SYN, 0) },

	/* RSTs that arrive */
	{ "refused", ATTEMPT_FAILS, RECEIVED(SYN_SENT, RW_PATH_RECEIVED) },
	{ "request reset", EMBRYONIC_RSTS | ATTEMPT_FAILS,
	  RECEIVED(SYN_RECV, RW_PATH_CHECK_REQ) },
	{ "reset by peer", 0, RECEIVED(ESTABLISHED, RW_PATH_RECEIVED) },
	{ "reset after FIN", 0, RECEIVED(FIN_WAIT2, RW_PATH_RECEIVED) },

	/* nothing sent, nothing received */
	{ "SYN unanswered", ON_TIMEOUT | ATTEMPT_FAILS,
	  SILENT(SYN_SENT, RW_PATH_DONE, 0, .sk_err = RW_ETIMEDOUT) },
	{ "the same, an ICMP had come", ON_TIMEOUT | ATTEMPT_FAILS,
	  SILENT(SYN_SENT, RW_PATH_DONE, 0, .sk_err = EHOSTUNREACH,
		 .sk_err_soft = EHOSTUNREACH) },
	{ "retransmissions unanswered", ON_TIMEOUT,
	  SILENT(ESTABLISHED, RW_PATH_SET_STATE, 0, .sk_err = RW_ETIMEDOUT) },
	{ "ICMP in SYN_SENT", ATTEMPT_FAILS,
	  SILENT(SYN_SENT, RW_PATH_DONE, 0, .sk_err = ECONNREFUSED) },
	{ "SOCK_DESTROY in SYN_SENT", ATTEMPT_FAILS,
	  SILENT(SYN_SENT, RW_PATH_DONE, 0, .sk_err = RW_ECONNABORTED) },
	{ "SOCK_DESTROY in LAST_ACK", 0,
	  SILENT(LAST_ACK, RW_PATH_DONE, RW_F_DEAD | RW_F_FIN_ACKED,
		 .sk_err = RW_ECONNABORTED) },
	{ "orphan given up silently", ON_MEMORY,
	  SILENT(FIN_WAIT1, RW_PATH_DONE, RW_F_DEAD) },
	{ "close() in SYN_SENT", 0, SILENT(SYN_SENT, RW_PATH_CLOSE, IN_CALL) },
	{ "shutdown() in SYN_SENT", 0,
	  SILENT(SYN_SENT, RW_PATH_INET_SHUTDOWN | RW_PATH_DISCONNECT,
		 IN_CALL) },
	{ "FIN", 0, { .kind = RW_KIND_FIN, .path = RW_PATH_CLOSE } },
};

static void test_rows(void **state)
{
	bool used[RW_MECHANISM_MAX] = {};
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum rw_mechanism row = rw_mechanism(&rows[i].e);

		used[row] = true;
		if (rw_moves_nothing(&rows[i].e) && rows[i].counters) {
			print_error("%s: would not be counted\n", rows[i].what);
			wrong++;
		}
		if (counters_of[row] == rows[i].counters)
			continue;
		print_error("%s: want %#x, got %#x (row %u)\n", rows[i].what,
			    rows[i].counters, counters_of[row], row);
		wrong++;
	}
	for (int i = 0; i < RW_MECHANISM_MAX; i++)
		if (!used[i]) {
			print_error("row %d of the table is not tried\n", i);
			wrong++;
		}
	assert_int_equal(wrong, 0);
}

/*
 * The comparison: a host with made-up namespaces
 */

static struct netns host[4];
static uint64_t kernel[4][NETNS_COUNTERS];
static size_t n_host, inside_of;
static struct rw_audit_key keys[4];
static struct rw_audit seen[4][CPUS];
static struct rw_near_audit near[RW_NEAR_AUDITS][CPUS];
static size_t n_keys;

enum { AUDITS = 1, NEAR_AUDITS }; /* the maps */
static uint64_t full, missed;
static bool busy; /* every read finds one reset more on both sides */

int netns_visit(void (*inside)(void *context, const struct netns *netns),
		void *context)
{
	for (inside_of = 0; inside_of < n_host; inside_of++)
		inside(context, &host[inside_of]);
	return 0;
}

int netns_counters(uint64_t values[NETNS_COUNTERS])
{
	if (busy) {
		kernel[inside_of][RW_COUNTER_OUT_RSTS]++;
		seen[inside_of][0].seen[RW_MECHANISM_ANSWER]++;
	}
	memcpy(values, kernel[inside_of], sizeof(kernel[0]));
	return 0;
}

int observer_map(const struct observer *observer, const char *name)
{
	(void)observer;
	if (!strcmp(name, "near_audits"))
		return NEAR_AUDITS;
	assert_string_equal(name, "audits");
	return AUDITS;
}

uint64_t observer_full(const struct observer *observer, enum rw_full which)
{
	(void)observer;
	assert_int_equal(which, RW_FULL_AUDITS);
	return full;
}

uint64_t observer_missed(const struct observer *observer)
{
	(void)observer;
	return missed;
}

int libbpf_num_possible_cpus(void)
{
	return CPUS;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	if (fd == NEAR_AUDITS) {
		uint32_t place = *(const uint32_t *)key;

		assert_true(place < RW_NEAR_AUDITS);
		memcpy(value, near[place], sizeof(near[place]));
		return 0;
	}
	for (size_t i = 0; i < n_keys; i++)
		if (!memcmp(&keys[i], key, sizeof(keys[i]))) {
			memcpy(value, seen[i], sizeof(seen[i]));
			return 0;
		}
	return -ENOENT;
}

int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	size_t i = 0;

	(void)fd;
	while (key && i < n_keys && memcmp(&keys[i++], key, sizeof(keys[0])))
		;
	if (i == n_keys)
		return -ENOENT;
	memcpy(next, &keys[i], sizeof(keys[i]));
	return 0;
}

static struct observer observer;
static struct audit audit;

/* Two namespaces, both with a past; nothing seen yet. */
static int set_up(void **state)
{
	(void)state;
	memset(&observer, 0, sizeof(observer));
	memset(kernel, 0, sizeof(kernel));
	memset(seen, 0, sizeof(seen));
	memset(near, 0, sizeof(near));
	full = 0;
	missed = 0;
	busy = false;
	observer.config.netns_cookies = 1;
	n_host = n_keys = 2;
	for (int i = 0; i < 2; i++) {
		host[i] = (struct netns){ .cookie = 10 + i,
					  .inode = 100 + i,
					  .entered = true };
		keys[i] = (struct rw_audit_key){ .cookie = 10 + i,
						 .netns = 100 + i };
		for (int c = 0; c < NETNS_COUNTERS; c++)
			kernel[i][c] = 1000;
	}
	audit_start(&audit, &observer);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	audit_free(&audit);
	return 0;
}

/* @n resets with unread data, seen on one CPU, counted by the kernel. */
static void unread(size_t netns, uint64_t n, uint64_t counted)
{
	seen[netns][netns % CPUS].seen[RW_MECHANISM_CLOSE_UNREAD] += n;
	kernel[netns][RW_COUNTER_OUT_RSTS] += counted;
	kernel[netns][RW_COUNTER_ON_CLOSE] += counted;
}

static const struct audit_line *line(size_t netns, int counter)
{
	assert_true(netns < audit.n);
	return &audit.netns[netns].lines[counter];
}

static void test_agree(void **state)
{
	(void)state;
	unread(0, 3, 3);
	unread(1, 5, 5);
	audit_end(&audit, &observer);
	assert_int_equal(audit.n, 2);
	assert_int_equal(audit.unexplained, 0);
	assert_int_equal(line(1, RW_COUNTER_ON_CLOSE)->kernel, 5);
	assert_int_equal(line(1, RW_COUNTER_ON_CLOSE)->seen, 5);
	assert_int_equal(audit_difference(line(1, RW_COUNTER_OUT_RSTS)), 0);
	assert_int_equal(line(1, RW_COUNTER_ON_DATA)->kernel, 0);
}

static void test_quiet(void **state)
{
	(void)state;
	audit_end(&audit, &observer);
	assert_int_equal(audit.n, 0);
	assert_int_equal(audit.unexplained, 0);
}

/* In both directions, and never explained by what has nothing to do with it. */
static void test_differ(void **state)
{
	(void)state;
	observer.blind[0] = (struct blind){ ATTEMPT_FAILS, "not this" };
	observer.n_blind = 1;
	unread(0, 3, 4);
	unread(1, 5, 4);
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 4);
	assert_int_equal(audit_difference(line(0, RW_COUNTER_OUT_RSTS)), 1);
	assert_int_equal(audit_difference(line(1, RW_COUNTER_OUT_RSTS)), -1);
	assert_null(line(0, RW_COUNTER_OUT_RSTS)->explained);
}

/* What a flavour cannot see explains what it did not see, never the reverse. */
static void test_blind(void **state)
{
	(void)state;
	observer.blind[0] = (struct blind){ OUT_RSTS | ON_CLOSE, "blind" };
	observer.n_blind = 1;
	unread(0, 3, 9);
	unread(1, 5, 4);
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 2);
	assert_string_equal(line(0, RW_COUNTER_OUT_RSTS)->explained, "blind");
	assert_null(line(1, RW_COUNTER_OUT_RSTS)->explained);
}

/* What has a number explains no more than that number. */
static void test_numbers(void **state)
{
	(void)state;
	missed = 2;
	unread(0, 3, 5);
	unread(1, 3, 6);
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 2);
	assert_non_null(line(0, RW_COUNTER_OUT_RSTS)->explained);
	assert_null(line(1, RW_COUNTER_OUT_RSTS)->explained);
}

/*
 * A hook that did not run may have an end taken for another one, never for a
 * reset where there was none.
 */
static void test_taken_for_another(void **state)
{
	(void)state;
	missed = 1;
	unread(0, 3, 3);
	kernel[0][RW_COUNTER_ON_CLOSE]--;
	kernel[0][RW_COUNTER_ON_DATA]++;
	unread(1, 4, 3);
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 1);
	assert_non_null(line(0, RW_COUNTER_ON_CLOSE)->explained);
	assert_non_null(line(0, RW_COUNTER_ON_DATA)->explained);
	assert_null(line(1, RW_COUNTER_OUT_RSTS)->explained);
}

static void test_no_room(void **state)
{
	(void)state;
	full = 4;
	unread(0, 0, 4);
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 0);
	assert_int_equal(audit_difference(line(0, RW_COUNTER_OUT_RSTS)), 4);
}

static void test_no_memory_for_a_reset(void **state)
{
	(void)state;
	kernel[0][RW_COUNTER_OUT_RSTS] += 2;
	kernel[0][NETNS_ABORT_FAILED] += 2;
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 0);
	assert_non_null(strstr(line(0, RW_COUNTER_OUT_RSTS)->explained,
			       "TCPAbortFailed"));
}

/* A namespace that was not there at the start has counted nothing before. */
/* One CPU had its place at hand, the other found it taken by another netns. */
static void test_at_hand(void **state)
{
	const struct rw_audit_key stranger = { .cookie = 11 + RW_NEAR_AUDITS,
					       .netns = 999 };
	struct rw_near_audit *places = near[rw_near_audit_of(&keys[1])];

	(void)state;
	unread(1, 3, 7); /* on CPU 1 */
	places[0].key = keys[1];
	places[0].audit.seen[RW_MECHANISM_CLOSE_UNREAD] = 4;
	places[1].key = stranger;
	places[1].audit.seen[RW_MECHANISM_CLOSE_UNREAD] = 5;
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 0);
	assert_int_equal(audit.n, 2); /* the stranger has gone meanwhile */
	assert_int_equal(line(0, RW_COUNTER_ON_CLOSE)->seen, 7);
	assert_int_equal(line(1, RW_COUNTER_ON_CLOSE)->seen, 5);
	assert_int_equal(audit.netns[1].netns, 999);
	assert_non_null(audit.netns[1].unknown);
}

static void test_new(void **state)
{
	(void)state;
	n_host = n_keys = 3;
	host[2] = (struct netns){ .cookie = 20, .inode = 102, .entered = true };
	keys[2] = (struct rw_audit_key){ .cookie = 20, .netns = 102 };
	unread(2, 7, 7);
	audit_end(&audit, &observer);
	assert_int_equal(audit.n, 1);
	assert_int_equal(audit.unexplained, 0);
	assert_int_equal(line(0, RW_COUNTER_OUT_RSTS)->kernel, 7);
}

/* The same number again, for another namespace: told apart by the cookie. */
static void test_number_again(void **state)
{
	(void)state;
	unread(1, 5, 5);
	n_keys = 3;
	host[1].cookie = 21;
	keys[2] = (struct rw_audit_key){ .cookie = 21, .netns = 101 };
	memset(kernel[1], 0, sizeof(kernel[1]));
	seen[2][0].seen[RW_MECHANISM_CLOSE_UNREAD] = 2;
	kernel[1][RW_COUNTER_OUT_RSTS] = kernel[1][RW_COUNTER_ON_CLOSE] = 2;
	audit_end(&audit, &observer);
	assert_int_equal(audit.n, 2);
	assert_int_equal(audit.unexplained, 0);
	assert_null(audit.netns[0].unknown);
	assert_int_equal(line(0, RW_COUNTER_OUT_RSTS)->seen, 2);
	assert_non_null(audit.netns[1].unknown); /* the old one */
	assert_int_equal(line(1, RW_COUNTER_OUT_RSTS)->seen, 5);
}

/* Without cookies (before 5.14) a counter that went back tells as much. */
static void test_number_again_without_cookies(void **state)
{
	(void)state;
	audit_free(&audit);
	observer.config.netns_cookies = 0;
	keys[0].cookie = keys[1].cookie = 0;
	audit_start(&audit, &observer);
	unread(1, 2, 0);
	memset(kernel[1], 0, sizeof(kernel[1]));
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 0);
	assert_int_equal(audit.n, 1);
	assert_non_null(audit.netns[0].unknown);
}

static void test_gone(void **state)
{
	(void)state;
	unread(1, 5, 5);
	n_host = 1;
	audit_end(&audit, &observer);
	assert_int_equal(audit.n, 1);
	assert_int_equal(audit.netns[0].netns, 101);
	assert_non_null(audit.netns[0].unknown);
	assert_int_equal(audit.unexplained, 0);
}

static void test_not_permitted(void **state)
{
	(void)state;
	audit_free(&audit);
	host[1].entered = false;
	audit_start(&audit, &observer);
	unread(0, 1, 1);
	unread(1, 5, 5);
	audit_end(&audit, &observer);
	assert_int_equal(audit.n, 2);
	assert_null(audit.netns[0].unknown);
	assert_non_null(audit.netns[1].unknown);
}

/* A host that never stands still: the difference is bounded by what came. */
static void test_busy(void **state)
{
	(void)state;
	busy = true;
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 0);
	busy = false;
	audit_free(&audit);
	audit_start(&audit, &observer);
	busy = true;
	unread(0, 3, 9);
	audit_end(&audit, &observer);
	assert_int_equal(audit.unexplained, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		TEST(test_agree),
		TEST(test_quiet),
		TEST(test_differ),
		TEST(test_blind),
		TEST(test_numbers),
		TEST(test_taken_for_another),
		TEST(test_no_room),
		TEST(test_no_memory_for_a_reset),
		TEST(test_at_hand),
		TEST(test_new),
		TEST(test_number_again),
		TEST(test_number_again_without_cookies),
		TEST(test_gone),
		TEST(test_not_permitted),
		TEST(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
