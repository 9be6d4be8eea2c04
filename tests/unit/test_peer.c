// SPDX-License-Identifier: GPL-2.0
/* Which event knows the owner of the other end, and which must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"

static struct peers peers;

static int forget(void **state)
{
	(void)state;
	memset(&peers, 0, sizeof(peers));
	return 0;
}

static struct rw_event end_of(const char laddr[4], uint16_t lport,
			      const char raddr[4], uint16_t rport, uint32_t pid)
{
	struct rw_event e = { .family = 4, .ktime_ns = 1000 };

	memcpy(e.tuple.laddr, laddr, 4);
	memcpy(e.tuple.raddr, raddr, 4);
	e.tuple.lport = lport;
	e.tuple.rport = rport;
	e.tuple.netns = 1;
	e.evidence.kind = RW_KIND_RST_ACTIVE;
	e.evidence.flags = pid ? RW_F_OWNER : 0;
	e.owner.pid = pid;
	return e;
}

#define LOOP "\x7f\0\0\1"
#define LEFT "\x0a\0\0\1"
#define RIGHT "\x0a\0\0\2"

static uint32_t peer_pid(const struct rw_event *e)
{
	const struct rw_task *task = peer_owner(&peers, e);

	return task ? task->pid : 0;
}

static void test_both(void **state)
{
	struct rw_event a = end_of(LOOP, 80, LOOP, 40000, 11);
	struct rw_event b = end_of(LOOP, 40000, LOOP, 80, 22);
	struct rw_event other = end_of(LOOP, 40001, LOOP, 80, 33);

	(void)state;
	peer_note(&peers, &a);
	assert_int_equal(peer_pid(&a), 0);
	assert_int_equal(peer_pid(&b), 11); /* the second knows the first */
	peer_note(&peers, &b);
	peer_note(&peers, &other);
	assert_int_equal(peer_pid(&a), 22);
	assert_int_equal(peer_pid(&b), 11);
	assert_int_equal(peer_pid(&other), 0);
}

static void test_namespaces(void **state)
{
	struct rw_event a = end_of(LOOP, 80, LOOP, 40000, 11);
	struct rw_event b = end_of(LOOP, 40000, LOOP, 80, 22);
	struct rw_event left = end_of(LEFT, 80, RIGHT, 40000, 33);
	struct rw_event right = end_of(RIGHT, 40000, LEFT, 80, 44);
	struct rw_event self = end_of(LEFT, 80, LEFT, 40000, 55);
	struct rw_event twin = end_of(LEFT, 40000, LEFT, 80, 66);

	(void)state;
	b.tuple.netns = right.tuple.netns = twin.tuple.netns = 2;
	peer_note(&peers, &a);
	peer_note(&peers, &left);
	peer_note(&peers, &self);
	assert_int_equal(peer_pid(&b), 0); /* another loopback */
	assert_int_equal(peer_pid(&right), 33);
	assert_int_equal(peer_pid(&twin), 0); /* never leaves the host */
}

static void test_time(void **state)
{
	struct rw_event a = end_of(LOOP, 80, LOOP, 40000, 11);
	struct rw_event b = end_of(LOOP, 40000, LOOP, 80, 22);

	(void)state;
	peer_note(&peers, &a);
	b.ktime_ns = a.ktime_ns + 60000000000ULL;
	assert_int_equal(peer_pid(&b), 11);
	b.ktime_ns++;
	assert_int_equal(peer_pid(&b), 0); /* the ports were used again */
}

/* What is not known is no answer, and takes an older one away. */
static void test_unknown(void **state)
{
	struct rw_event a = end_of(LOOP, 80, LOOP, 40000, 11);
	struct rw_event b = end_of(LOOP, 40000, LOOP, 80, 22);

	(void)state;
	peer_note(&peers, &a);
	a.evidence.flags = 0;
	peer_note(&peers, &a);
	assert_int_equal(peer_pid(&b), 0);
	a.evidence.flags = RW_F_OWNER;
	a.evidence.kind = RW_KIND_OWNER;
	peer_note(&peers, &a); /* the owner became known later */
	assert_int_equal(peer_pid(&b), 11);
}

/* A FIN is told of like any other end; when both were, nothing is left. */
static void test_fins(void **state)
{
	struct rw_event a = end_of(LOOP, 80, LOOP, 40000, 11);
	struct rw_event b = end_of(LOOP, 40000, LOOP, 80, 22);

	(void)state;
	a.evidence.kind = b.evidence.kind = RW_KIND_FIN;
	peer_note(&peers, &a);
	peer_told(&peers, &a);
	peer_note(&peers, &b);
	assert_int_equal(peer_pid(&a), 22);
	assert_int_equal(peer_pid(&b), 11);
	peer_told(&peers, &b);
	assert_int_equal(peer_pid(&a), 0);
	assert_int_equal(peer_pid(&b), 0);
}

/* What a reset left stays for the further events of its connection. */
static void test_fin_and_reset(void **state)
{
	struct rw_event a = end_of(LOOP, 80, LOOP, 40000, 11);
	struct rw_event b = end_of(LOOP, 40000, LOOP, 80, 22);

	(void)state;
	b.evidence.kind = RW_KIND_FIN;
	peer_note(&peers, &a);
	peer_note(&peers, &b);
	peer_told(&peers, &b);
	assert_int_equal(peer_pid(&a), 22);
	assert_int_equal(peer_pid(&b), 11);
}

/* Two pairs of containers with the same addresses: which, nobody knows. */
static void test_ambiguous(void **state)
{
	struct rw_event a = end_of(LEFT, 80, RIGHT, 40000, 11);
	struct rw_event b = end_of(RIGHT, 40000, LEFT, 80, 22);
	struct rw_event c = a, d = b;

	(void)state;
	b.tuple.netns = 2;
	c.tuple.netns = 3;
	d.tuple.netns = 4;
	peer_note(&peers, &a);
	peer_note(&peers, &b);
	assert_int_equal(peer_pid(&a), 22);
	peer_note(&peers, &c);
	assert_int_equal(peer_pid(&a), 0); /* b may be the end of c */
	assert_int_equal(peer_pid(&b), 0);
	peer_note(&peers, &d);
	assert_int_equal(peer_pid(&a), 0);
	assert_int_equal(peer_pid(&c), 0);
}

/* Bounded: old ends make room, and whatever is found is the right one. */
static void test_many(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 20000; i++) {
		struct rw_event a = end_of(LOOP, 80, LOOP, i, i);
		struct rw_event b = end_of(LOOP, i, LOOP, 80, 0);

		peer_note(&peers, &a);
		assert_int_equal(peer_pid(&b), i);
	}
	for (uint32_t i = 1; i < 20000; i++) {
		struct rw_event b = end_of(LOOP, i, LOOP, 80, 0);
		uint32_t pid = peer_pid(&b);

		assert_true(!pid || pid == i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both, forget),
		cmocka_unit_test_setup(test_namespaces, forget),
		cmocka_unit_test_setup(test_time, forget),
		cmocka_unit_test_setup(test_unknown, forget),
		cmocka_unit_test_setup(test_fins, forget),
		cmocka_unit_test_setup(test_fin_and_reset, forget),
		cmocka_unit_test_setup(test_ambiguous, forget),
		cmocka_unit_test_setup(test_many, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
