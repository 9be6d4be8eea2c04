// SPDX-License-Identifier: GPL-2.0
/* A peer that has gone silent: retries, keepalive and TCP_USER_TIMEOUT. */
#include "case.h"
#include "harness.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define LOST_BYTES 10
#define LATE_BYTES 4

static void set_tcp(struct demo *d, struct end *end, int option, int value)
{
	set_option(d, end->fd, IPPROTO_TCP, option, value, "TCP option");
}

/* The client is gone and the server has not noticed. */
static void check_deaf_server(struct demo *d, struct end *server)
{
	check(d, socket_state(d, server->fd) == TCP_ESTABLISHED,
	      "server has noticed nothing");
	drop_end(d, server, "ESTABLISHED");
}

/* --- timed-out-syn --- */

static void timed_out_syn_run(struct demo *d)
{
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	int fd = new_socket(d);
	struct end *client;

	drop_input(d, listener);
	set_option(d, fd, IPPROTO_TCP, TCP_SYNCNT, 1, "TCP_SYNCNT");
	client = begin_connect(d, fd, &at, "client");
	expect_silent(d, client, "timed-out", "SYN_SENT", NULL);
	check_socket_error(d, client, ETIMEDOUT);
	close_dead(d, client);
	close_listener(d, listener);
}

/* --- keepalive-timeout, user-timeout-keepalive --- */

static void keepalive(struct demo *d, struct end *client, int probes)
{
	set_option(d, client->fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
	set_tcp(d, client, TCP_KEEPIDLE, 1);
	set_tcp(d, client, TCP_KEEPINTVL, 1);
	set_tcp(d, client, TCP_KEEPCNT, probes);
}

static void expect_reset_by_timer(struct demo *d, struct pair *p,
				  const char *cause)
{
	struct event *ev = expect_rst(d, p->client, cause, "ESTABLISHED", NULL);

	with_number(ev, "unacked_bytes", 0);
	with_owner(ev, getpid());
	drop_input(d, p->server->fd);
	check_socket_error(d, p->client, ETIMEDOUT);
	close_dead(d, p->client);
	check_deaf_server(d, p->server);
}

static void keepalive_timeout_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	keepalive(d, p.client, 1);
	expect_reset_by_timer(d, &p, "keepalive-timeout");
}

static void user_timeout_keepalive_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	keepalive(d, p.client, 10);
	set_tcp(d, p.client, TCP_USER_TIMEOUT, 1500);
	expect_reset_by_timer(d, &p, "user-timeout");
}

/* --- user-timeout-retransmit, no-socket-timeout --- */

/* The client sends in vain, gives up and closes. */
static void give_up_sending(struct demo *d, struct pair *p)
{
	struct event *ev;

	set_tcp(d, p->client, TCP_USER_TIMEOUT, 700);
	drop_input(d, p->server->fd);
	ev = expect_silent(d, p->client, "user-timeout", "ESTABLISHED", NULL);
	with_number(ev, "unacked_bytes", LOST_BYTES);
	with_owner(ev, getpid());
	send_bytes(d, p->client, LOST_BYTES);
	check_socket_error(d, p->client, ETIMEDOUT);
	close_dead(d, p->client);
}

static void user_timeout_retransmit_run(struct demo *d)
{
	struct pair p = connect_pair(d);

	give_up_sending(d, &p);
	check_deaf_server(d, p.server);
}

static void no_socket_timeout_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	struct event *ev;

	give_up_sending(d, &p);
	stop_dropping(d, p.server->fd);
	ev = expect_rst(d, p.client, "no-socket", NULL, NULL);
	with_provocation(ev, LATE_BYTES);
	with_owner(ev, getpid());
	with_range(ev, "since_close_ms", 0, WAIT_MS);
	send_bytes(d, p.server, LATE_BYTES);
	check_reset(d, p.server);
}

const struct demo_case timeout_cases[] = {
	{
		.name = "timed-out-syn",
		.sentence = "connect() that nobody answers ends silently.",
		.calls =
			"server listen(), SO_ATTACH_FILTER dropping all input; client TCP_SYNCNT=1, connect() = ETIMEDOUT, close()",
		.peer_sees = "nothing but SYNs",
		.causes = "client timed-out (verdict none, kernel)",
		.run = timed_out_syn_run,
	},
	{
		.name = "keepalive-timeout",
		.sentence = "Unanswered keepalive probes end in RST.",
		.calls =
			"client SO_KEEPALIVE, TCP_KEEPIDLE=1, TCP_KEEPINTVL=1, TCP_KEEPCNT=1; server SO_ATTACH_FILTER dropping all input; client error ETIMEDOUT, close(); server SO_LINGER {1,0}, close()",
		.peer_sees = "RST (here dropped like the probes)",
		.causes =
			"client keepalive-timeout (kernel); server linger-zero",
		.run = keepalive_timeout_run,
	},
	{
		.name = "user-timeout-keepalive",
		.sentence =
			"TCP_USER_TIMEOUT exceeded while probing an idle peer ends in RST.",
		.calls =
			"client SO_KEEPALIVE, TCP_KEEPIDLE=1, TCP_KEEPINTVL=1, TCP_KEEPCNT=10, TCP_USER_TIMEOUT=1500; server SO_ATTACH_FILTER dropping all input; client error ETIMEDOUT, close(); server SO_LINGER {1,0}, close()",
		.peer_sees = "RST (here dropped like the probes)",
		.causes =
			"client user-timeout (rst, kernel); server linger-zero",
		.run = user_timeout_keepalive_run,
	},
	{
		.name = "user-timeout-retransmit",
		.sentence =
			"TCP_USER_TIMEOUT exceeded while retransmitting ends silently.",
		.calls =
			"client TCP_USER_TIMEOUT=700; server SO_ATTACH_FILTER dropping all input; client write(10), error ETIMEDOUT, close(); server SO_LINGER {1,0}, close()",
		.peer_sees = "nothing",
		.causes =
			"client user-timeout (verdict none, kernel); server linger-zero",
		.run = user_timeout_retransmit_run,
	},
	{
		.name = "no-socket-timeout",
		.sentence =
			"The peer of a connection that was given up sends again and is answered with RST.",
		.calls =
			"client TCP_USER_TIMEOUT=700; server SO_ATTACH_FILTER dropping all input; client write(10), error ETIMEDOUT, close(); server SO_DETACH_FILTER, write(4)",
		.peer_sees = "nothing, then RST: read() gives ECONNRESET",
		.causes =
			"client user-timeout (verdict none, kernel), then no-socket (kernel); server reset-by-peer",
		.run = no_socket_timeout_run,
	},
	{ 0 },
};
