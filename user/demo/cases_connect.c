// SPDX-License-Identifier: GPL-2.0
/* Connections that end before they are established. */
#include "case.h"
#include "harness.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

/* --- connect-cancelled --- */

static void connect_cancelled_run(struct demo *d)
{
	const struct actor by = me();
	struct pollfd p = { .events = POLLIN };
	struct end *client;
	union addr at;

	p.fd = listen_at(d, BACKLOG, &at);
	drop_input(d, p.fd);
	client = begin_connect(d, new_socket(d), &at, "client");
	check(d, socket_state(d, client->fd) == TCP_SYN_SENT,
	      "client is in SYN_SENT");
	expect_silent(d, client, "connect-cancelled", "SYN_SENT", &by);
	close_end(d, client);
	check(d, kernel_state(d, client) == 0, "nothing is left of the client");
	check(d, poll(&p, 1, 0) == 0, "listener has no connection");
	close_listener(d, p.fd);
}

/* --- connect-abandoned --- */

/*
 * The client discards the SYN-ACK and gives up; the listener repeats the
 * SYN-ACK after 1 s, and nobody is there any more.
 */
static void connect_abandoned_run(struct demo *d)
{
	const struct actor by = me();
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	int fd = new_socket(d);
	struct end *client, *request;
	struct event *ev;

	drop_input(d, fd);
	client = begin_connect(d, fd, &at, "client");
	request = new_address(d, "server", &at, &client->local);
	check(d, reaches_kernel_state(d, request, TCP_SYN_RECV),
	      "server is in SYN_RECV");
	expect_silent(d, client, "connect-cancelled", "SYN_SENT", &by);
	close_end(d, client);
	ev = expect_rst(d, client, "connect-abandoned", NULL, NULL);
	with_provocation(ev, 0);
	expect_received(d, request, "reset-in-handshake", NULL);
	check(d, reaches_kernel_state(d, request, 0),
	      "RST ends the server's request");
	close_listener(d, listener);
}

const struct demo_case connect_cases[] = {
	{
		.name = "connect-cancelled",
		.sentence =
			"close() in SYN_SENT ends the attempt without a word.",
		.calls =
			"server listen(), SO_ATTACH_FILTER dropping all input; client connect(), close()",
		.peer_sees = "nothing",
		.causes = "client connect-cancelled (verdict none)",
		.run = connect_cancelled_run,
	},
	{
		.name = "connect-abandoned",
		.sentence =
			"A SYN-ACK for a connection given up is answered with RST.",
		.calls =
			"client SO_ATTACH_FILTER dropping the SYN-ACK, connect(), close(); the listener repeats its SYN-ACK",
		.peer_sees = "RST in SYN_RECV, nothing to accept",
		.causes =
			"client connect-cancelled, then connect-abandoned (kernel); server reset-in-handshake",
		.run = connect_abandoned_run,
	},
	{ 0 },
};
