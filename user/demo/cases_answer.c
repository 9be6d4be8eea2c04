// SPDX-License-Identifier: GPL-2.0
/* RSTs the kernel answers a segment with, and RSTs after our own FIN. */
#include "case.h"
#include "harness.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define LATE_BYTES 4
#define LATE_MS 60

/* --- data-after-close --- */

static void data_after_close_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	long closed = now_ms();
	struct event *ev;

	close_first(d, p.client);
	check_eof(d, p.server);
	acknowledge_now(d, p.server);
	/*
	 * tcp_time_wait(sk, TCP_FIN_WAIT2): all that is left of the client is
	 * a minisock without owner.
	 */
	check(d, reaches_kernel_state(d, p.client, TCP_FIN_WAIT2),
	      "client is in FIN_WAIT2");
	sleep_ms(LATE_MS);
	ev = expect_rst(d, p.client, "data-after-close", NULL, NULL);
	with_provocation(ev, LATE_BYTES);
	with_owner(ev, getpid());
	send_bytes(d, p.server, LATE_BYTES);
	check_reset_after_eof(d, p.server);
	with_range(ev, "since_close_ms", LATE_MS - 10, now_ms() - closed + 10);
	check(d, kernel_state(d, p.client) == 0,
	      "nothing is left of the client");
}

/* --- data-after-shutdown --- */

static void data_after_shutdown_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	struct event *ev;

	shutdown_end(d, p.client, SHUT_RDWR);
	check_eof(d, p.server);
	acknowledge_now(d, p.server);
	await_state(d, p.client, TCP_FIN_WAIT2);
	ev = expect_rst(d, p.client, "data-after-shutdown", "FIN_WAIT2", NULL);
	with_provocation(ev, LATE_BYTES);
	send_bytes(d, p.server, LATE_BYTES);
	check_socket_error(d, p.client, ECONNRESET);
	close_dead(d, p.client);
	check_reset_after_eof(d, p.server);
}

/* --- no-listener --- */

static void expect_refusal(struct demo *d, struct end *client)
{
	with_made_by(expect_received(d, client, "refused", "SYN_SENT"),
		     "refusal");
	check_socket_error(d, client, ECONNREFUSED);
	close_dead(d, client);
}

static void no_listener_run(struct demo *d)
{
	union addr at;
	int reserved = bind_fresh(d, &at);
	struct end *client, *nobody;

	client = begin_connect(d, new_socket(d), &at, "client");
	nobody = new_address(d, "server", &at, &client->local);
	with_provocation(expect_rst(d, nobody, "no-listener", NULL, NULL), 0);
	expect_refusal(d, client);
	close(reserved);
}

/* --- reset-after-fin --- */

static void reset_after_fin_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	shutdown_end(d, p.client, SHUT_WR);
	check_eof(d, p.server);
	acknowledge_now(d, p.server);
	await_state(d, p.client, TCP_FIN_WAIT2);
	with_made_by(expect_received(d, p.client, "reset-after-fin",
				     "FIN_WAIT2"),
		     "active-abort");
	drop_end(d, p.server, "CLOSE_WAIT");
	check_read_error(d, p.client, ECONNRESET);
	close_dead(d, p.client);
}

const struct demo_case answer_cases[] = {
	{
		.name = "data-after-close",
		.sentence =
			"Data for a connection closed a moment ago is answered with RST.",
		.calls = "client close(); 60 ms later server write(4), close()",
		.peer_sees =
			"FIN, read() returns 0; its write() works, then RST: socket error EPIPE",
		.causes =
			"client close (first), then data-after-close (kernel); server reset-by-peer",
		.run = data_after_close_run,
	},
	{
		.name = "data-after-shutdown",
		.sentence =
			"Data after shutdown(SHUT_RDWR) is answered with RST.",
		.calls =
			"client shutdown(SHUT_RDWR); server write(4), close(); client close()",
		.peer_sees =
			"FIN, read() returns 0; its write() works, then RST: socket error EPIPE",
		.causes =
			"client shutdown (first), then data-after-shutdown (kernel); server reset-by-peer",
		.run = data_after_shutdown_run,
	},
	{
		.name = "no-listener",
		.sentence =
			"A SYN to a port without listener is answered with RST.",
		.calls = "client connect() = ECONNREFUSED, close()",
		.peer_sees = "RST, connect() fails with ECONNREFUSED",
		.causes = "client refused, other side no-listener (kernel)",
		.run = no_listener_run,
	},
	{
		.name = "reset-after-fin",
		.sentence = "A RST may still arrive after our FIN.",
		.calls =
			"client shutdown(SHUT_WR); server SO_LINGER {1,0}, close(); client read() = ECONNRESET",
		.peer_sees = "FIN; it answers with RST",
		.causes =
			"client shutdown (first), then reset-after-fin; server linger-zero",
		.run = reset_after_fin_run,
	},
	{ 0 },
};
