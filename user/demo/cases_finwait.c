// SPDX-License-Identifier: GPL-2.0
/* Connections we have closed and the peer has not: FIN_WAIT2 and orphans. */
#include "case.h"
#include "harness.h"
#include "sysctl.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define LATE_BYTES 4
#define LATE_MS 60
/* Longer than TIME_WAIT: the orphan stays a full socket for the difference. */
#define LONG_FIN_WAIT_S 120

static void set_linger2(struct demo *d, struct end *end, int seconds)
{
	set_option(d, end->fd, IPPROTO_TCP, TCP_LINGER2, seconds,
		   "TCP_LINGER2");
}

/* Close @p's client and wait for the ACK of its FIN. */
static void close_to_fin_wait2(struct demo *d, struct pair *p)
{
	close_first(d, p->client);
	check_eof(d, p->server);
	acknowledge_now(d, p->server);
	check(d, reaches_kernel_state(d, p->client, TCP_FIN_WAIT2),
	      "client is in FIN_WAIT2");
}

/* --- linger2 --- */

static void linger2_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	const struct actor by = me();

	set_linger2(d, p.client, -1);
	shutdown_end(d, p.client, SHUT_WR);
	check_eof(d, p.server);
	acknowledge_now(d, p.server);
	await_state(d, p.client, TCP_FIN_WAIT2);
	expect_rst(d, p.client, "linger2", "FIN_WAIT2", &by);
	close_end(d, p.client);
	check_reset_after_eof(d, p.server);
}

/* --- linger2-async --- */

static void linger2_async_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	set_linger2(d, p.client, -1);
	/* The ACK of the FIN shall come when close() is long over. */
	delay_acks(d, &p);
	close_first(d, p.client);
	expect_rst(d, p.client, "linger2", NULL, NULL);
	check_eof(d, p.server);
	check_reset_after_eof(d, p.server);
}

/* --- fin-wait2-timeout --- */

/*
 * tcp_keepalive_timer(), net/ipv4/tcp_timer.c: an orphan waits in FIN_WAIT2 as
 * a full socket for tcp_fin_timeout beyond 60 s, then becomes a minisock,
 * unless by now the sysctl leaves no time for one.
 */
static void fin_wait2_timeout_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	sysctl_set(d, "tcp_fin_timeout", "62");
	close_to_fin_wait2(d, &p);
	sysctl_set(d, "tcp_fin_timeout", "60");
	expect_rst(d, p.client, "fin-wait2-timeout", "FIN_WAIT2", NULL);
	check_reset_after_eof(d, p.server);
	sysctl_restore();
}

/* --- data-after-close-socket --- */

static void data_after_close_socket_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	long closed = now_ms();
	struct event *ev;

	set_linger2(d, p.client, LONG_FIN_WAIT_S);
	close_to_fin_wait2(d, &p);
	sleep_ms(LATE_MS);
	ev = expect_rst(d, p.client, "data-after-close", "FIN_WAIT2", NULL);
	with_provocation(ev, LATE_BYTES);
	with_owner(ev, getpid());
	send_bytes(d, p.server, LATE_BYTES);
	check_reset_after_eof(d, p.server);
	with_range(ev, "since_close_ms", LATE_MS - 10, now_ms() - closed + 10);
}

/* --- orphan-limit --- */

#define SPIN_MS 300
#define MAX_CPUS 64

static void *spin(void *arg)
{
	long end = now_ms() + SPIN_MS;
	cpu_set_t *cpu = arg;

	sched_setaffinity(0, sizeof(*cpu), cpu);
	while (now_ms() < end)
		;
	return NULL;
}

/*
 * The kernel compares a cached count of orphans with the limit; a deferrable
 * timer refreshes it every 100 ms, on CPUs that are not idle.
 */
static void refresh_orphan_count(struct demo *d)
{
	pthread_t thread[MAX_CPUS];
	cpu_set_t all, one[MAX_CPUS];
	size_t n = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		give_up(d, "sched_getaffinity: %s", strerror(errno));
	for (size_t cpu = 0; cpu < CPU_SETSIZE && n < MAX_CPUS; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one[n]);
		CPU_SET(cpu, &one[n]);
		if (pthread_create(&thread[n], NULL, spin, &one[n]))
			break;
		n++;
	}
	while (n > 0)
		pthread_join(thread[--n], NULL);
}

static void orphan_limit_run(struct demo *d)
{
	struct pair orphan = connect_pair(d);
	struct pair p = connect_pair(d);
	const struct actor by = me();

	/* Finding out whether it can be set changes nothing yet. */
	if (access("/proc/sys/net/ipv4/tcp_max_orphans", W_OK))
		skip(d,
		     "tcp_max_orphans: %s (only in the initial network namespace)",
		     strerror(errno));
	set_linger2(d, orphan.client, LONG_FIN_WAIT_S);
	set_linger2(d, p.client, LONG_FIN_WAIT_S);
	/* An ACK of the FIN under way would find the socket gone. */
	delay_acks(d, &p);
	close_to_fin_wait2(d, &orphan);
	refresh_orphan_count(d);
	expect_fin(d, p.client, "close", "ESTABLISHED", "first", &by);
	expect_rst(d, p.client, "orphan-limit", NULL, &by);
	sysctl_set(d, "tcp_max_orphans", "0");
	close_end(d, p.client);
	sysctl_restore();
	check_eof(d, p.server);
	check_reset_after_eof(d, p.server);
	close_second(d, orphan.server);
}

const struct demo_case finwait_cases[] = {
	{
		.name = "linger2",
		.sentence =
			"TCP_LINGER2 below zero: close() in FIN_WAIT2 sends RST.",
		.calls =
			"client TCP_LINGER2=-1, shutdown(SHUT_WR); server read() = 0; client close() in FIN_WAIT2",
		.peer_sees = "FIN, then RST: socket error EPIPE",
		.causes =
			"client shutdown (first), then linger2; server reset-by-peer",
		.run = linger2_run,
	},
	{
		.name = "linger2-async",
		.sentence =
			"TCP_LINGER2 below zero: the ACK of our FIN is answered with RST.",
		.calls = "client TCP_LINGER2=-1, close()",
		.peer_sees = "FIN, then RST: socket error EPIPE",
		.causes =
			"client close (first), then linger2 (kernel); server reset-by-peer",
		.run = linger2_async_run,
	},
	{
		.name = "fin-wait2-timeout",
		.sentence =
			"A closed connection whose peer never closes is given up by RST.",
		.calls =
			"tcp_fin_timeout=62; client close(); tcp_fin_timeout=60; 2 s later the timer sends RST",
		.peer_sees = "FIN, 2 s later RST: socket error EPIPE",
		.causes =
			"client close (first), then fin-wait2-timeout (kernel); server reset-by-peer",
		.needs_root = true,
		.changes_sysctl = true,
		.run = fin_wait2_timeout_run,
	},
	{
		.name = "data-after-close-socket",
		.sentence =
			"Data after close() while the orphan is still a full socket.",
		.calls =
			"client TCP_LINGER2=120, close(); 60 ms later server write(4), close()",
		.peer_sees =
			"FIN, read() returns 0; its write() works, then RST: socket error EPIPE",
		.causes =
			"client close (first), then data-after-close (kernel); server reset-by-peer",
		.run = data_after_close_socket_run,
	},
	{
		.name = "orphan-limit",
		.sentence =
			"Too many orphans: close() sends FIN, and RST at once after it.",
		.calls =
			"one orphan in FIN_WAIT2; tcp_max_orphans=0; client close(); tcp_max_orphans as before",
		.peer_sees = "FIN, then RST: socket error EPIPE",
		.causes =
			"client close (first), then orphan-limit; server reset-by-peer; the other connection close on both sides",
		.needs_root = true,
		.changes_sysctl = true,
		.run = orphan_limit_run,
	},
	{ 0 },
};
