/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the sinks share: an event, a clock, a place to print. */
#ifndef RSTWATCH_SAMPLE_H
#define RSTWATCH_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bpf/event.h"
#include "cgroup.h"
#include "clock.h"
#include "netns.h"
#include "out.h"
#include "reason.h"
#include "run.h"
#include "sink.h"

#define SAMPLE_HZ 250
#define SAMPLE_START 1000000000ULL /* ktime of the start record */
#define SAMPLE_KTIME 1005000123ULL /* ktime of the event */
/* 2026-01-02T03:04:05Z at ktime 0 */
#define SAMPLE_OFFSET 1767323045000000000LL

const char *reason_name(int32_t raw)
{
	return raw == 7 ? "TCP_ABORT_ON_CLOSE" : NULL;
}

#define SAMPLE_CONTAINER 4243 /* id of a cgroup */
#define SAMPLE_CONTAINER_ID \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SAMPLE_GONE 4244
#define SAMPLE_NAMED_NETNS 4026532177
static uint32_t sample_names = 1; /* netns_version() */

const struct cgroup_name *cgroup_name(uint64_t id)
{
	static const struct cgroup_name unknown,
		unit = { .path = "/system.slice/nginx.service",
			 .unit = "nginx.service" },
		container = { .path = "/docker/" SAMPLE_CONTAINER_ID,
			      .container_id = SAMPLE_CONTAINER_ID };

	if (id == SAMPLE_CONTAINER)
		return &container;
	return id == 4242 ? &unit : &unknown;
}

const char *netns_name(uint32_t inode)
{
	if (inode != SAMPLE_NAMED_NETNS)
		return NULL;
	return sample_names == 1 ? "blue" : "green";
}

uint32_t netns_version(void)
{
	return sample_names;
}

void netns_expire(void)
{
}

/* close() with 1234 bytes unread, by a process that lives on. */
static inline struct rw_event sample_event(void)
{
	return (struct rw_event){
		.ktime_ns = SAMPLE_KTIME,
		.cookie = 77,
		.cgroup = 4242,
		.tuple = { .laddr = { 127, 0, 0, 1 },
			   .raddr = { 127, 0, 0, 2 },
			   .lport = 80,
			   .rport = 40000,
			   .netns = 4026531840 },
		.family = 4,
		.cause = RW_CAUSE_UNREAD_DATA,
		.owner_source = RW_OWNER_ACCEPT,
		.evidence = { .path = RW_PATH_CLOSE | RW_PATH_ACTIVE_RESET,
			      .flags = RW_F_SK | RW_F_QUEUES | RW_F_ACTOR |
				       RW_F_OWNER | RW_F_REASON | RW_F_IDLE_RX |
				       RW_F_IDLE_TX,
			      .kind = RW_KIND_RST_ACTIVE,
			      .state = 1,
			      .kernel_reason = 7,
			      .unread = 1234,
			      .idle_rx = 3,
			      .idle_tx = 250,
			      .retransmits = 2 },
		.actor = { .pid = 4711,
			   .tid = 4712,
			   .uid = 1000,
			   .ns_pid = 4711,
			   .comm = "nc" },
		.owner = { .pid = 4711,
			   .tid = 4711,
			   .uid = 1000,
			   .ns_pid = 4711,
			   .comm = "nc" },
	};
}

/* An answer to a SYN without a socket: all that can be unknown is. */
static inline struct rw_event sample_bare_event(void)
{
	struct rw_event event = sample_event();

	event.cookie = 0;
	event.cgroup = 0;
	event.tuple.netns = 0;
	event.cause = RW_CAUSE_NO_LISTENER;
	event.evidence.flags = 0;
	event.evidence.path = 0;
	event.evidence.kind = RW_KIND_RST_ANSWER;
	event.evidence.state = 0;
	return event;
}

static inline struct run_info sample_info(void)
{
	static const char *const probes[] = { "tcp_close", "tcp_reset" };
	static const char *const degraded[] = { "tcp_abort: \"ss -K\"" };

	return (struct run_info){
		.version = "0.1.0",
		.kernel = "6.12.117",
		.backend = "fentry",
		.probes = probes,
		.n_probes = 2,
		.degraded = degraded,
		.n_degraded = 1,
		.hz = SAMPLE_HZ,
		.start_ktime_ns = SAMPLE_START,
		.knows_oom = true,
	};
}

/* An output into memory, read back as a string. */
struct capture {
	struct out out;
	struct clock clock;
	off_t seen;
	char text[65536];
};

static inline void capture_open(struct capture *c)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(out_open(&c->out, fd, 65536), 0);
	clock_init_fixed(&c->clock, SAMPLE_OFFSET);
	c->seen = 0;
}

/* What has been printed since the last call. */
static inline const char *capture_read(struct capture *c)
{
	ssize_t n;

	assert_int_equal(out_flush(&c->out), 0);
	n = pread(c->out.fd, c->text, sizeof(c->text) - 1, c->seen);
	assert_true(n >= 0);
	c->text[n] = '\0';
	c->seen += n;
	return c->text;
}

static inline void capture_close(struct capture *c)
{
	close(c->out.fd);
	out_close(&c->out);
}

/* Lines that agree and that do not, and a netns that has gone. */
static inline struct audit sample_audit(void)
{
	static struct audit_netns netns[2] = {
		{ .netns = 4026531840,
		  .lines = { [RW_COUNTER_OUT_RSTS] = { 5, 5, NULL },
			     [RW_COUNTER_ON_DATA] = { 2, 3, NULL },
			     [RW_COUNTER_ATTEMPT_FAILS] = { 9, 1,
							    "a \"b\"" } } },
		{ .netns = 7, .unknown = "gone", .lines = { { 0, 4, NULL } } },
	};

	return (struct audit){ .netns = netns, .n = 2, .unexplained = 1 };
}

#endif
