// SPDX-License-Identifier: GPL-2.0
/* What a teardown leaves behind on the local port. */
#include "case.h"
#include "harness.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* --- time-wait-holds-port --- */

static void time_wait_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	int fd = new_socket(d);
	int error;

	close_first(d, p.client);
	check_eof(d, p.server);
	close_second(d, p.server);
	check(d, reaches_kernel_state(d, p.client, TCP_TIME_WAIT),
	      "client is in TIME_WAIT");
	error = bind_at(fd, &p.client->local);
	check(d, error == EADDRINUSE, "bind to its port gives %s",
	      error ? strerrorname_np(error) : "no error");
	close(fd);
}

/* --- port-free-after-rst --- */

static void port_free_run(struct demo *d)
{
	union addr at, local;
	int listener = listen_at(d, BACKLOG, &at);
	/* connect() alone may choose a port that another TIME_WAIT holds. */
	int fd = bind_fresh(d, &local);
	struct end *client = begin_connect(d, fd, &at, "client");
	struct end *server = accept_from(d, listener, "server");
	int error;

	drop_end(d, client, "ESTABLISHED");
	check_reset(d, server);
	fd = new_socket(d);
	error = bind_at(fd, &local);
	check(d, !error, "bind to its port at once gives %s",
	      error ? strerrorname_np(error) : "no error");
	/* The same pair of addresses: a second life of the same ends. */
	connect_again(d, fd, client);
	await_state(d, client, TCP_ESTABLISHED);
	accept_again(d, listener, server);
	close_listener(d, listener);
	close_first(d, client);
	check_eof(d, server);
	close_second(d, server);
}

const struct demo_case port_cases[] = {
	{
		.name = "time-wait-holds-port",
		.sentence =
			"After FIN the closer's port stays taken in TIME_WAIT.",
		.calls =
			"client close(); server close(); bind() to the client's port = EADDRINUSE",
		.peer_sees = "FIN",
		.causes = "client close (first), server close (second)",
		.run = time_wait_run,
	},
	{
		.name = "port-free-after-rst",
		.sentence =
			"After SO_LINGER {1,0} the port is free at once, there is no TIME_WAIT.",
		.calls =
			"client SO_LINGER {1,0}, close(); bind() and connect() with the same addresses, close(); server close()",
		.peer_sees =
			"RST; then a new connection from the same port, and its FIN",
		.causes =
			"client linger-zero, then close (first); server reset-by-peer, then close (second)",
		.run = port_free_run,
	},
	{ 0 },
};
