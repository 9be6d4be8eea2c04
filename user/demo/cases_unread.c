// SPDX-License-Identifier: GPL-2.0
/*
 * Closed with unread data: __tcp_close(), net/ipv4/tcp.c, sends RST instead of
 * FIN when the receive queue holds payload beyond copied_seq.
 */
#include "case.h"
#include "harness.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define SENT 1234
#define READ 1000
#define AFTER_FIN 100
#define WITH_LINGER 64

static void expect_unread(struct demo *d, struct end *client, int unread,
			  const char *state)
{
	const struct actor by = me();
	struct event *ev = expect_rst(d, client, "unread-data", state, &by);

	with_number(ev, "unread_bytes", unread);
	with_number(ev, "unsent_bytes", 0);
	with_number(ev, "unacked_bytes", 0);
}

static void close_unread(struct demo *d, struct end *client, int unread)
{
	expect_unread(d, client, unread, "ESTABLISHED");
	close_end(d, client);
}

static void send_all(struct demo *d, struct end *server)
{
	send_bytes(d, server, SENT);
}

/* --- unread-data --- */

static void unread_data_act(struct demo *d, struct end *client)
{
	close_unread(d, client, await_data(d, client, SENT));
}

/* --- unread-partial --- */

static void unread_partial_act(struct demo *d, struct end *client)
{
	int n = await_data(d, client, SENT);
	int part = n > READ ? READ : n / 2;

	read_bytes(d, client, (size_t)part);
	check(d, unread_bytes(d, client) == n - part,
	      "client has %d bytes left", n - part);
	close_unread(d, client, n - part);
}

/* --- unread-peek --- */

static void unread_peek_act(struct demo *d, struct end *client)
{
	int n = await_data(d, client, SENT);
	char data[SENT];
	ssize_t want = n > SENT ? SENT : n;

	check(d, recv(client->fd, data, (size_t)want, MSG_PEEK) == want,
	      "client peeks at %zd bytes", want);
	close_unread(d, client, n);
}

/* --- unread-after-fin --- */

static void send_and_finish(struct demo *d, struct end *server)
{
	send_bytes(d, server, AFTER_FIN);
	shutdown_end(d, server, SHUT_WR);
	/* The FIN is to be acknowledged before the RST comes. */
	await_state(d, server, TCP_FIN_WAIT2);
}

static void unread_after_fin_act(struct demo *d, struct end *client)
{
	int n = await_data(d, client, AFTER_FIN);

	await_state(d, client, TCP_CLOSE_WAIT);
	expect_unread(d, client, n, "CLOSE_WAIT");
	close_end(d, client);
}

static void reset_after_fin(struct demo *d, struct end *server)
{
	with_made_by(expect_received(d, server, "reset-after-fin", "FIN_WAIT2"),
		     "active-abort");
	check_read_error(d, server, ECONNRESET);
	close_dead(d, server);
}

/* --- unread-oob --- */

static char await_urgent(struct demo *d, struct end *end)
{
	long limit = now_ms() + WAIT_MS;
	char byte;

	while (recv(end->fd, &byte, 1, MSG_OOB) != 1) {
		if (now_ms() > limit)
			give_up(d, "recv(MSG_OOB): %s", strerror(errno));
		sleep_ms(1);
	}
	return byte;
}

static void unread_oob_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	if (send(p.server->fd, "!", 1, MSG_OOB | MSG_NOSIGNAL) != 1)
		give_up(d, "send(MSG_OOB): %s", strerror(errno));
	check(d, await_urgent(d, p.client) == '!',
	      "client reads the urgent byte");
	check(d, unread_bytes(d, p.client) == 0, "FIONREAD says 0");
	/* copied_seq has not moved: the byte still counts. */
	close_unread(d, p.client, 1);
	check_reset(d, p.server);
}

/* --- unread-linger-zero, unread-linger-n --- */

static void send_some(struct demo *d, struct end *server)
{
	send_bytes(d, server, WITH_LINGER);
}

static void close_lingering(struct demo *d, struct end *client, int seconds)
{
	int n = await_data(d, client, WITH_LINGER);
	const struct actor by = me();
	struct event *ev;
	long ms;

	set_linger(d, client, 1, seconds);
	ev = expect_rst(d, client, "unread-data", "ESTABLISHED", &by);
	with_number(ev, "unread_bytes", n);
	with_number(ev, "linger_s", seconds);
	ms = close_end(d, client);
	check(d, ms < 2000, "close does not wait (%ld ms)", ms);
}

static void unread_linger_zero_act(struct demo *d, struct end *client)
{
	close_lingering(d, client, 0);
}

static void unread_linger_n_act(struct demo *d, struct end *client)
{
	close_lingering(d, client, 5);
}

const struct demo_case unread_cases[] = {
	{
		.name = "unread-data",
		.sentence = "close() while received data is unread sends RST.",
		.calls = "server write(1234); client close() without read()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"client unread-data (1234 bytes), server reset-by-peer",
		.prepare = send_all,
		.act = unread_data_act,
		.observe = check_reset,
	},
	{
		.name = "unread-partial",
		.sentence = "close() after reading only a part sends RST.",
		.calls = "server write(1234); client read(1000), close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"client unread-data (234 bytes), server reset-by-peer",
		.prepare = send_all,
		.act = unread_partial_act,
		.observe = check_reset,
	},
	{
		.name = "unread-peek",
		.sentence = "Data only peeked at counts as unread.",
		.calls = "server write(1234); client recv(MSG_PEEK), close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"client unread-data (1234 bytes), server reset-by-peer",
		.prepare = send_all,
		.act = unread_peek_act,
		.observe = check_reset,
	},
	{
		.name = "unread-after-fin",
		.sentence = "Unread data counts after the peer's FIN, too.",
		.calls =
			"server write(100), shutdown(SHUT_WR); client close() in CLOSE_WAIT",
		.peer_sees = "RST in FIN_WAIT2, read() fails with ECONNRESET",
		.causes =
			"server shutdown (first), client unread-data (100 bytes), server reset-after-fin",
		.prepare = send_and_finish,
		.act = unread_after_fin_act,
		.observe = reset_after_fin,
	},
	{
		.name = "unread-oob",
		.sentence =
			"An urgent byte read with MSG_OOB still counts as unread.",
		.calls =
			"server send(MSG_OOB); client recv(MSG_OOB), FIONREAD = 0, close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "client unread-data (1 byte), server reset-by-peer",
		.run = unread_oob_run,
	},
	{
		.name = "unread-linger-zero",
		.sentence = "Unread data is looked at before SO_LINGER {1,0}.",
		.calls = "server write(64); client SO_LINGER {1,0}, close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "client unread-data (64 bytes), server reset-by-peer",
		.prepare = send_some,
		.act = unread_linger_zero_act,
		.observe = check_reset,
	},
	{
		.name = "unread-linger-n",
		.sentence =
			"With unread data SO_LINGER {1,5} does not wait: RST at once.",
		.calls = "server write(64); client SO_LINGER {1,5}, close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "client unread-data (64 bytes), server reset-by-peer",
		.prepare = send_some,
		.act = unread_linger_n_act,
		.observe = check_reset,
	},
	{ 0 },
};
