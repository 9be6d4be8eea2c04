// SPDX-License-Identifier: GPL-2.0
/* Ends by FIN: close() and shutdown(), and descriptors that are shared. */
#include "case.h"
#include "harness.h"
#include "helper.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* --- close --- */

static void close_act(struct demo *d, struct end *client)
{
	check(d, unread_bytes(d, client) == 0, "client has read everything");
	with_null(expect_fin(d, client, "close", "ESTABLISHED", "first",
			     &(struct actor){ .pid = getpid() }),
		  "linger_s");
	close_end(d, client);
}

static void eof_then_close(struct demo *d, struct end *server)
{
	check_eof(d, server);
	close_second(d, server);
}

/* --- shutdown --- */

static void shutdown_act(struct demo *d, struct end *client)
{
	shutdown_end(d, client, SHUT_WR);
}

static void shutdown_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	shutdown_act(d, p.client);
	check_eof(d, p.server);
	send_bytes(d, p.server, 6);
	check(d, await_data(d, p.client, 6) == 6,
	      "client still receives after its shutdown");
	read_bytes(d, p.client, 6);
	close_second(d, p.server);
	check_eof(d, p.client);
	close_dead(d, p.client);
}

static void shutdown_client(struct demo *d, struct end *client)
{
	long total;
	int error;

	shutdown_act(d, client);
	error = read_to_end(client->fd, &total);
	check(d, !error, "client reads on to EOF after its shutdown (%s)",
	      error ? strerrorname_np(error) : "EOF");
	close_end(d, client);
}

/* --- shutdown-rdwr --- */

static void shutdown_rdwr_act(struct demo *d, struct end *client)
{
	long total;

	shutdown_end(d, client, SHUT_RDWR);
	check(d, read_to_end(client->fd, &total) == 0, "client reads EOF");
	check(d, send(client->fd, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE,
	      "client write gives EPIPE");
}

/* --- disconnect --- */

static void disconnect_act(struct demo *d, struct end *client)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	const struct actor by = me();

	expect_rst(d, client, "disconnect", "ESTABLISHED", &by);
	check(d, !connect(client->fd, &nowhere, sizeof(nowhere)),
	      "connect(AF_UNSPEC) returns 0");
	close_dead(d, client);
}

/* --- fork-close --- */

static void close_when_told(struct demo *d, int channel, void *arg)
{
	struct end *client = arg;

	hear_go(d, channel);
	close(client->fd);
	tell_go(d, channel);
	hear_go(d, channel); /* so that the close is no exit */
}

static void fork_close_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	struct helper h = start_helper(d, close_when_told, p.client);
	const struct actor by = { .pid = h.pid };

	close_end(d, p.client);
	check_quiet(d, p.server);
	expect_fin(d, p.client, "close", "ESTABLISHED", "first", &by);
	tell_go(d, h.channel);
	hear_go(d, h.channel);
	check_eof(d, p.server);
	tell_go(d, h.channel);
	reap(d, &h);
	close_second(d, p.server);
}

/* --- dup-close --- */

static void dup_close_act(struct demo *d, struct end *client)
{
	int copy = dup(client->fd);

	if (copy < 0)
		give_up(d, "dup: %s", strerror(errno));
	close_end(d, client);
	check(d, kernel_state(d, client) == TCP_ESTABLISHED,
	      "connection lives on after the first of two closes");
	client->fd = copy;
	close_first(d, client);
}

/* --- simultaneous-close --- */

static void simultaneous_close_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	const struct actor by = me();

	/* Neither FIN arrives before both are under way. */
	drop_input(d, p.client->fd);
	drop_input(d, p.server->fd);
	expect_fin(d, p.client, "shutdown", "ESTABLISHED", NULL, &by);
	expect_fin(d, p.server, "shutdown", "ESTABLISHED", NULL, &by);
	if (shutdown(p.client->fd, SHUT_WR) || shutdown(p.server->fd, SHUT_WR))
		give_up(d, "shutdown: %s", strerror(errno));
	check(d, socket_state(d, p.client->fd) == TCP_FIN_WAIT1,
	      "client is in FIN_WAIT1");
	check(d, socket_state(d, p.server->fd) == TCP_FIN_WAIT1,
	      "server is in FIN_WAIT1");
	stop_dropping(d, p.client->fd);
	stop_dropping(d, p.server->fd);
	check_eof(d, p.client);
	check_eof(d, p.server);
	check(d, reaches_kernel_state(d, p.client, TCP_TIME_WAIT),
	      "client ends in TIME_WAIT");
	check(d, reaches_kernel_state(d, p.server, TCP_TIME_WAIT),
	      "server ends in TIME_WAIT");
	close_dead(d, p.client);
	close_dead(d, p.server);
}

const struct demo_case close_cases[] = {
	{
		.name = "close",
		.sentence = "close() with everything read sends FIN.",
		.calls = "client close(); server read() = 0, close()",
		.peer_sees = "FIN, read() returns 0",
		.causes = "client close (first), server close (second)",
		.act = close_act,
		.observe = eof_then_close,
	},
	{
		.name = "shutdown",
		.sentence =
			"shutdown(SHUT_WR) sends FIN, the other direction stays open.",
		.calls =
			"client shutdown(SHUT_WR); server read() = 0, write(), close(); client read(), close()",
		.peer_sees =
			"FIN, read() returns 0; its own writes still arrive",
		.causes = "client shutdown (first), server close (second)",
		.run = shutdown_run,
		.act = shutdown_client,
	},
	{
		.name = "shutdown-rdwr",
		.sentence =
			"shutdown(SHUT_RDWR) sends FIN and ends reading at once.",
		.calls =
			"client shutdown(SHUT_RDWR), read() = 0, write() = EPIPE; server read() = 0, close()",
		.peer_sees = "FIN, read() returns 0",
		.causes = "client shutdown (first), server close (second)",
		.act = shutdown_rdwr_act,
		.observe = eof_then_close,
	},
	{
		.name = "disconnect",
		.sentence = "connect(AF_UNSPEC) on a connection sends RST.",
		.calls = "client connect(AF_UNSPEC), close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "client disconnect, server reset-by-peer",
		.act = disconnect_act,
		.observe = check_reset,
	},
	{
		.name = "fork-close",
		.sentence =
			"A descriptor shared by fork: only the last close sends FIN.",
		.calls =
			"client fork(); parent close() (nothing sent); child close()",
		.peer_sees = "nothing, then FIN",
		.causes =
			"client close (first, actor: the child), server close (second)",
		.run = fork_close_run,
	},
	{
		.name = "dup-close",
		.sentence =
			"A duplicated descriptor: only the last close sends FIN.",
		.calls =
			"client dup(), close() (nothing sent), close() of the copy",
		.peer_sees = "nothing, then FIN",
		.causes = "client close (first), server close (second)",
		.act = dup_close_act,
		.observe = eof_then_close,
	},
	{
		.name = "simultaneous-close",
		.sentence =
			"Both ends send FIN before either has seen the other's.",
		.calls =
			"SO_ATTACH_FILTER dropping all input on both; shutdown(SHUT_WR) on both; SO_DETACH_FILTER on both",
		.peer_sees = "FIN while in FIN_WAIT1, read() returns 0",
		.causes = "client shutdown, server shutdown",
		.run = simultaneous_close_run,
	},
	{ 0 },
};
