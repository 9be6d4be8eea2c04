// SPDX-License-Identifier: GPL-2.0
/*
 * A listener that ends with connections nobody has accepted:
 * inet_csk_listen_stop(), net/ipv4/inet_connection_sock.c, resets each.
 */
#include "case.h"
#include "harness.h"
#include "helper.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define QUEUED 2

/* The clients, and for each the child socket that waits to be accepted. */
struct queue {
	struct end *client[QUEUED];
	struct end *child[QUEUED];
};

static struct queue fill_queue(struct demo *d, const union addr *at)
{
	struct queue q;

	for (int i = 0; i < QUEUED; i++) {
		q.client[i] = connect_to(d, at, "client");
		q.child[i] = new_address(d, "server", at, &q.client[i]->local);
	}
	return q;
}

static void expect_resets(struct demo *d, struct queue *q,
			  const struct actor *by)
{
	for (int i = 0; i < QUEUED; i++)
		expect_rst(d, q->child[i], "listener-closed", "ESTABLISHED",
			   by);
}

static void check_resets(struct demo *d, struct queue *q)
{
	for (int i = 0; i < QUEUED; i++)
		check_reset(d, q->client[i]);
}

/* --- listener-closed --- */

static void listener_closed_run(struct demo *d)
{
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	struct queue q = fill_queue(d, &at);
	const struct actor by = me();

	await_queued(d, listener, QUEUED);
	expect_resets(d, &q, &by);
	close_listener(d, listener);
	check_resets(d, &q);
}

/* --- listener-shutdown --- */

static void listener_shutdown_run(struct demo *d)
{
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	struct queue q = fill_queue(d, &at);
	const struct actor by = me();

	await_queued(d, listener, QUEUED);
	expect_resets(d, &q, &by);
	check(d, !shutdown(listener, SHUT_RD), "shutdown(SHUT_RD) returns 0");
	check_resets(d, &q);
	check(d, accept(listener, NULL, NULL) < 0 && errno == EINVAL,
	      "accept gives EINVAL");
	close_listener(d, listener);
}

/* --- listener-exit --- */

static void listen_and_exit(struct demo *d, int channel, void *arg)
{
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);

	(void)arg;
	tell(d, channel, &at, sizeof(at));
	hear_go(d, channel);
	await_queued(d, listener, QUEUED);
}

static void listener_exit_run(struct demo *d)
{
	struct helper h = start_helper(d, listen_and_exit, NULL);
	const struct actor by = { .pid = h.pid, .exiting = true };
	struct queue q;
	union addr at;

	hear(d, h.channel, &at, sizeof(at));
	q = fill_queue(d, &at);
	expect_resets(d, &q, &by);
	tell_go(d, h.channel);
	check(d, reap(d, &h) == 0, "server process exits with status 0");
	check_resets(d, &q);
}

const struct demo_case listener_cases[] = {
	{
		.name = "listener-closed",
		.sentence =
			"Closing a listener resets the connections nobody accepted.",
		.calls =
			"server listen(); two clients connect(); close(listener)",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"server listener-closed (each child), clients reset-by-peer",
		.run = listener_closed_run,
	},
	{
		.name = "listener-shutdown",
		.sentence = "shutdown(SHUT_RD) of a listener does the same.",
		.calls =
			"server listen(); two clients connect(); shutdown(listener, SHUT_RD), close(listener)",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"server listener-closed (each child), clients reset-by-peer",
		.run = listener_shutdown_run,
	},
	{
		.name = "listener-exit",
		.sentence = "Exit of the listening process does the same.",
		.calls =
			"server process listen(); two clients connect(); server process _exit(0)",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"server listener-closed (each child, actor exiting), clients reset-by-peer",
		.run = listener_exit_run,
	},
	{ 0 },
};
