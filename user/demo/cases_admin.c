// SPDX-License-Identifier: GPL-2.0
/* Teardowns only an administrator can cause: SOCK_DESTROY, TCP_REPAIR, sysctl. */
#include "case.h"
#include "diag.h"
#include "harness.h"
#include "sysctl.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define LATE_BYTES 5

/* --- socket-destroyed --- */

static void socket_destroyed_act(struct demo *d, struct end *client)
{
	const struct actor by = me();

	expect_rst(d, client, "socket-destroyed", "ESTABLISHED", &by);
	destroy_socket(d, &client->local, &client->remote);
	check_socket_error(d, client, ECONNABORTED);
	close_dead(d, client);
}

/* --- listener-destroyed --- */

static void listener_destroyed_run(struct demo *d)
{
	const struct actor by = me();
	const union addr any = { .sa.sa_family = (sa_family_t)d->family };
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	struct end *client = connect_to(d, &at, "client");
	struct end *child = new_address(d, "server", &at, &client->local);

	await_queued(d, listener, 1);
	expect_rst(d, child, "listener-closed", "ESTABLISHED", &by);
	destroy_socket(d, &at, &any);
	check(d, accept(listener, NULL, NULL) < 0 && errno == EINVAL,
	      "accept gives EINVAL");
	check_reset(d, client);
	close_listener(d, listener);
}

/* --- repair --- */

static void close_in_repair(struct demo *d, struct end *client)
{
	const struct actor by = me();

	set_option(d, client->fd, IPPROTO_TCP, TCP_REPAIR, 1, "TCP_REPAIR");
	expect_silent(d, client, "repair", "ESTABLISHED", &by);
	close_end(d, client);
}

static void repair_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	close_in_repair(d, p.client);
	check_quiet(d, p.server);
	check(d, socket_state(d, p.server->fd) == TCP_ESTABLISHED,
	      "server has noticed nothing");
	drop_end(d, p.server, "ESTABLISHED");
}

/* --- no-socket --- */

static void no_socket_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	long closed = now_ms();
	struct event *ev;

	close_in_repair(d, p.client);
	ev = expect_rst(d, p.client, "no-socket", NULL, NULL);
	with_provocation(ev, LATE_BYTES);
	with_owner(ev, getpid());
	send_bytes(d, p.server, LATE_BYTES);
	check_reset(d, p.server);
	with_range(ev, "since_close_ms", 0, now_ms() - closed + 10);
}

/* --- handshake-half-open --- */

/*
 * The server has not noticed that its client is gone when the same addresses
 * connect again: it answers the SYN with a challenge ACK for the old
 * connection, which SYN_SENT answers with RST.
 */
static void half_open_run(struct demo *d)
{
	const struct actor by = me();
	union addr at, local;
	int listener = listen_at(d, BACKLOG, &at);
	/* connect() alone may choose a port that another TIME_WAIT holds. */
	int first = bind_fresh(d, &local), fd = new_socket(d);
	struct end *client = begin_connect(d, first, &at, "client");
	struct end *server = accept_from(d, listener, "server");

	/* The second SYN is to reach the old connection only. */
	drop_input(d, listener);
	close_in_repair(d, client);
	bind_to(d, fd, &local);
	expect_rst(d, client, "handshake", "SYN_SENT", NULL);
	expect_silent(d, client, "connect-cancelled", "SYN_SENT", &by);
	connect_again(d, fd, client);
	check_reset(d, server);
	check(d, socket_state(d, client->fd) == TCP_SYN_SENT,
	      "client is still in SYN_SENT");
	close_end(d, client);
	close_listener(d, listener);
}

/* --- accept-overflow --- */

/* One more connection than listen(2) lets into the accept queue. */
#define OVERFLOW_BACKLOG 2
#define OVERFLOW_QUEUED (OVERFLOW_BACKLOG + 1)

static void accept_and_close(struct demo *d, int listener, struct end *client)
{
	struct end *server = accept_from(d, listener, "server");

	close_first(d, client);
	check_eof(d, server);
	close_second(d, server);
}

static void accept_overflow_run(struct demo *d)
{
	union addr at;
	int listener = listen_at(d, OVERFLOW_BACKLOG, &at);
	struct end *queued[OVERFLOW_QUEUED], *late, *request;

	sysctl_set(d, "tcp_abort_on_overflow", "1");
	for (int i = 0; i < OVERFLOW_BACKLOG; i++)
		queued[i] = connect_to(d, &at, "client");
	await_queued(d, listener, OVERFLOW_BACKLOG);
	/* Its SYN finds room, its final ACK is lost. */
	drop_all_but_syn(d, listener);
	late = connect_to(d, &at, "late client");
	request = new_address(d, "server", &at, &late->local);
	stop_dropping(d, listener);
	check(d, kernel_state(d, request) == TCP_SYN_RECV,
	      "the late client's request is in SYN_RECV");
	queued[OVERFLOW_BACKLOG] = connect_to(d, &at, "client");
	await_queued(d, listener, OVERFLOW_QUEUED);
	/* Data brings the ACK again, and now there is no room. */
	with_provocation(expect_rst(d, request, "accept-overflow", NULL, NULL),
			 LATE_BYTES);
	send_bytes(d, late, LATE_BYTES);
	check_reset(d, late);
	sysctl_restore();
	for (int i = 0; i < OVERFLOW_QUEUED; i++)
		accept_and_close(d, listener, queued[i]);
	close_listener(d, listener);
}

const struct demo_case admin_cases[] = {
	{
		.name = "socket-destroyed",
		.sentence = "SOCK_DESTROY (ss -K) sends RST.",
		.calls =
			"client's socket named in a SOCK_DESTROY request; client error ECONNABORTED, close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "client socket-destroyed, server reset-by-peer",
		.needs_root = true,
		.act = socket_destroyed_act,
		.observe = check_reset,
	},
	{
		.name = "listener-destroyed",
		.sentence =
			"SOCK_DESTROY of a listener resets the connections nobody accepted.",
		.calls =
			"server listen(); client connect(); SOCK_DESTROY of the listener",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"server listener-closed (the child), client reset-by-peer",
		.needs_root = true,
		.run = listener_destroyed_run,
	},
	{
		.name = "repair",
		.sentence =
			"close() under TCP_REPAIR ends the connection without a word.",
		.calls =
			"client TCP_REPAIR=1, close(); server SO_LINGER {1,0}, close()",
		.peer_sees = "nothing",
		.causes = "client repair (verdict none), server linger-zero",
		.needs_root = true,
		.run = repair_run,
	},
	{
		.name = "no-socket",
		.sentence =
			"A segment for a connection that is gone is answered with RST.",
		.calls = "client TCP_REPAIR=1, close(); server write(5)",
		.peer_sees = "its write() works, then RST: ECONNRESET",
		.causes =
			"client repair (verdict none), then no-socket (kernel); server reset-by-peer",
		.needs_root = true,
		.run = no_socket_run,
	},
	{
		.name = "handshake-half-open",
		.sentence =
			"Connecting again from the addresses of a half-open connection sends RST.",
		.calls =
			"client TCP_REPAIR=1, close(); bind() and connect() with the same addresses; server answers for the old connection",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"client repair (verdict none), then handshake (kernel), then connect-cancelled; server reset-by-peer",
		.needs_root = true,
		.run = half_open_run,
	},
	{
		.name = "accept-overflow",
		.sentence =
			"With tcp_abort_on_overflow=1 a full accept queue answers the final ACK with RST.",
		.calls =
			"tcp_abort_on_overflow=1, listen(2); nobody accepts, two clients connect(); SO_ATTACH_FILTER drops the final ACK of a third; a fourth connect() fills the queue; the third write(5)",
		.peer_sees =
			"connection established, RST after its first write(): ECONNRESET",
		.causes =
			"server accept-overflow (kernel), late client reset-by-peer; the other connections close on both sides",
		.needs_root = true,
		.changes_sysctl = true,
		.run = accept_overflow_run,
	},
	{ 0 },
};
