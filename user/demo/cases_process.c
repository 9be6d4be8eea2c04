// SPDX-License-Identifier: GPL-2.0
/* Ends made by a process that ends: exit and kill. */
#include "case.h"
#include "harness.h"
#include "helper.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNREAD 77

/* Connect, wait until told, then exit with the socket open. */
static void hold_connection(struct demo *d, int channel, void *arg)
{
	struct end *client = connect_to(d, arg, "client");

	hear_go(d, channel);
	(void)client;
}

/* Connect, say when the data is there, then wait to be killed. */
static void leave_unread(struct demo *d, int channel, void *arg)
{
	struct end *client = connect_to(d, arg, "client");

	await_data(d, client, UNREAD);
	tell_go(d, channel);
	hear_go(d, channel);
}

static struct pair pair_with(struct demo *d, struct helper *h,
			     void (*body)(struct demo *d, int channel,
					  void *arg))
{
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	struct pair p;

	*h = start_helper(d, body, &at);
	p.server = accept_from(d, listener, "server");
	p.client =
		new_address(d, "client", &p.server->remote, &p.server->local);
	close_listener(d, listener);
	return p;
}

/* --- exit-clean --- */

static void exit_clean_run(struct demo *d)
{
	struct helper h;
	struct pair p = pair_with(d, &h, hold_connection);
	const struct actor by = { .pid = h.pid, .exiting = true };

	expect_fin(d, p.client, "close", "ESTABLISHED", "first", &by);
	tell_go(d, h.channel);
	check(d, reap(d, &h) == 0, "client process exits with status 0");
	check_eof(d, p.server);
	close_second(d, p.server);
}

/* --- kill-unread --- */

static void kill_unread_run(struct demo *d)
{
	struct helper h;
	struct pair p = pair_with(d, &h, leave_unread);
	const struct actor by = { .pid = h.pid,
				  .exiting = true,
				  .signal = "SIGKILL" };
	struct event *ev;
	int status;

	ev = expect_rst(d, p.client, "unread-data", "ESTABLISHED", &by);
	with_number(ev, "unread_bytes", UNREAD);
	send_bytes(d, p.server, UNREAD);
	hear_go(d, h.channel);
	kill(h.pid, SIGKILL);
	status = reap(d, &h);
	check(d, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "client process dies of SIGKILL");
	check_reset(d, p.server);
}

const struct demo_case process_cases[] = {
	{
		.name = "exit-clean",
		.sentence = "Exit without close() sends FIN.",
		.calls =
			"client process connect(), _exit(0); server read() = 0, close()",
		.peer_sees = "FIN, read() returns 0",
		.causes =
			"client close (first, actor exiting), server close (second)",
		.run = exit_clean_run,
	},
	{
		.name = "kill-unread",
		.sentence = "kill -9 of a process with unread data sends RST.",
		.calls = "server write(77); kill(client process, SIGKILL)",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"client unread-data (77 bytes, actor exiting, SIGKILL), server reset-by-peer",
		.run = kill_unread_run,
	},
	{ 0 },
};
