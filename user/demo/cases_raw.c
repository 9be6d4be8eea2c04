// SPDX-License-Identifier: GPL-2.0
/* Segments and messages no TCP would send: made by hand. */
#include "case.h"
#include "harness.h"
#include "raw.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define STRAY_SEQ 1000
#define STRAY_ACK 2000
#define STRAY_BYTES 3
#define LATE_MS 60

/* --- handshake-stray-ack, handshake-late, no-socket-stray --- */

/* Send @answerer an ACK that belongs to nothing and wait for the RST. */
static struct event *provoke(struct demo *d, const char *cause,
			     struct end *answerer, size_t payload)
{
	int raw = raw_open(d);
	const struct segment s = { .from = answerer->remote,
				   .to = answerer->local,
				   .flags = TH_ACK,
				   .seq = STRAY_SEQ,
				   .ack = STRAY_ACK,
				   .payload = payload };
	struct event *ev = expect_rst(d, answerer, cause, NULL, NULL);

	with_provocation(ev, (unsigned int)payload);
	raw_send(d, raw, &s);
	check(d, raw_await(d, raw, &s.to, &s.from, TH_RST) == STRAY_ACK,
	      "RST comes back, with the ACK's number");
	close(raw);
	return ev;
}

/* The same from an address that never had a connection with @at. */
static struct event *provoke_as_stranger(struct demo *d, const char *cause,
					 const union addr *at, size_t payload)
{
	union addr stranger;
	int reserved = bind_fresh(d, &stranger);
	struct event *ev = provoke(
		d, cause, new_address(d, "server", at, &stranger), payload);

	close(reserved);
	return ev;
}

static void stray_ack_run(struct demo *d)
{
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);

	provoke_as_stranger(d, "handshake", &at, 0);
	close_listener(d, listener);
}

/* The same for a connection that is over. @closed: when, now_ms() */
static void provoke_late(struct demo *d, struct end *end, long closed)
{
	struct event *ev;

	sleep_ms(LATE_MS);
	ev = provoke(d, "handshake", end, STRAY_BYTES);
	with_owner(ev, getpid());
	with_range(ev, "since_close_ms", LATE_MS - 10, now_ms() - closed + 10);
}

static void handshake_late_run(struct demo *d)
{
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	struct end *client = connect_to(d, &at, "client");
	struct end *server = accept_from(d, listener, "server");
	long closed = now_ms();

	drop_end(d, server, "ESTABLISHED");
	check_reset(d, client);
	provoke_late(d, server, closed);

	/* a peer that sends no more still acknowledges */
	client = connect_to(d, &at, "client");
	server = accept_from(d, listener, "server");
	shutdown_end(d, client, SHUT_WR);
	check_eof(d, server);
	acknowledge_now(d, server);
	await_state(d, client, TCP_FIN_WAIT2);
	expect_received(d, client, "reset-after-fin", "FIN_WAIT2");
	closed = now_ms();
	drop_end(d, server, "CLOSE_WAIT");
	check_read_error(d, client, ECONNRESET);
	close_dead(d, client);
	provoke_late(d, server, closed);
	close_listener(d, listener);
}

static void no_socket_stray_run(struct demo *d)
{
	union addr at;
	int reserved = bind_fresh(d, &at);

	provoke_as_stranger(d, "no-socket", &at, STRAY_BYTES);
	close(reserved);
}

/* --- reset-in-handshake --- */

static void reset_in_handshake_run(struct demo *d)
{
	const struct actor by = me();
	struct segment rst = { .flags = TH_RST };
	int raw = raw_open(d);
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	int fd = new_socket(d);
	struct end *client, *request;

	/* The client stays in SYN_SENT: it discards the SYN-ACK. */
	drop_input(d, fd);
	client = begin_connect(d, fd, &at, "client");
	request = new_address(d, "server", &at, &client->local);
	check(d, reaches_kernel_state(d, request, TCP_SYN_RECV),
	      "server is in SYN_RECV");
	expect_received(d, request, "reset-in-handshake", NULL);
	rst.from = client->local;
	rst.to = at;
	rst.seq = raw_await(d, raw, &client->local, &at, TH_SYN) + 1;
	raw_send(d, raw, &rst);
	check(d, reaches_kernel_state(d, request, 0),
	      "RST ends the server's request");
	/* A repeated SYN would make a second one. */
	drop_input(d, listener);
	expect_silent(d, client, "connect-cancelled", "SYN_SENT", &by);
	close_end(d, client);
	close_listener(d, listener);
	close(raw);
}

/* --- unreachable --- */

static void unreachable_run(struct demo *d)
{
	/* ICMP 3/13 and ICMPv6 1/1: administratively prohibited. */
	int error = d->family == AF_INET6 ? EACCES : EHOSTUNREACH;
	int raw = raw_open(d);
	struct segment syn = { .flags = TH_SYN };
	struct end *client;
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);

	drop_input(d, listener);
	client = begin_connect(d, new_socket(d), &at, "client");
	expect_silent(d, client, "unreachable", "SYN_SENT", NULL);
	syn.from = client->local;
	syn.to = at;
	syn.seq = raw_await(d, raw, &client->local, &at, TH_SYN);
	raw_unreachable(d, &syn);
	check_socket_error(d, client, error);
	close_dead(d, client);
	close_listener(d, listener);
	close(raw);
}

const struct demo_case raw_cases[] = {
	{
		.name = "handshake-stray-ack",
		.sentence =
			"An ACK to a listener that asked for none is answered with RST.",
		.calls = "server listen(); a raw socket sends it an ACK",
		.peer_sees = "RST",
		.causes = "server handshake (kernel)",
		.needs_root = true,
		.run = stray_ack_run,
	},
	{
		.name = "handshake-late",
		.sentence =
			"A segment for a connection that was aborted finds the listener, which answers with RST.",
		.calls =
			"server accept(), SO_LINGER {1,0}, close(); 60 ms later a raw socket sends its listener an ACK with 3 bytes, as from the client; the same after the client's shutdown(SHUT_WR)",
		.peer_sees = "RST: read() gives ECONNRESET; then another RST",
		.causes =
			"server linger-zero, then handshake (kernel); client reset-by-peer, reset-after-fin",
		.needs_root = true,
		.run = handshake_late_run,
	},
	{
		.name = "no-socket-stray",
		.sentence =
			"A segment to a port without socket is answered with RST.",
		.calls =
			"a raw socket sends an ACK with 3 bytes to a port nobody listens at",
		.peer_sees = "RST",
		.causes = "server no-socket (kernel)",
		.needs_root = true,
		.run = no_socket_stray_run,
	},
	{
		.name = "reset-in-handshake",
		.sentence =
			"RST ends a request before it becomes a connection.",
		.calls =
			"client SO_ATTACH_FILTER dropping the SYN-ACK, connect(); a raw socket sends RST in its name; client close()",
		.peer_sees = "RST in SYN_RECV, nothing to accept",
		.causes =
			"server reset-in-handshake; client connect-cancelled (verdict none)",
		.needs_root = true,
		.run = reset_in_handshake_run,
	},
	{
		.name = "unreachable",
		.sentence = "An ICMP message ends a connection attempt.",
		.calls =
			"server listen(), SO_ATTACH_FILTER dropping all input; client connect(); a raw socket sends ICMP 'administratively prohibited'; client close()",
		.peer_sees = "nothing but the SYN",
		.causes = "client unreachable (verdict none, kernel)",
		.needs_root = true,
		.run = unreachable_run,
	},
	{ 0 },
};
