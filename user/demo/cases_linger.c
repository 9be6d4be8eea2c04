// SPDX-License-Identifier: GPL-2.0
/*
 * SO_LINGER: off, {1,0} and {1,N}. What close() does with data that is not yet
 * delivered, and how long it waits.
 */
#include "case.h"
#include "harness.h"
#include "helper.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reading starts so late that a lingering close has to wait for it. */
#define READ_DELAY_MS 400
/* The kernel waits a second of ticks, and a busy machine's ticks bunch. */
#define ABOUT_A_SECOND_MS 700

/* Ask an ioctl of the send queue. */
static int queue_bytes(struct demo *d, struct end *end, unsigned long what)
{
	int n;

	if (ioctl(end->fd, what, &n))
		give_up(d, "ioctl of the send queue: %s", strerror(errno));
	return n;
}

/*
 * A zero-window probe may still push a segment out between the question and
 * the close, so the numbers are ranges.
 */
static void with_queues(struct demo *d, struct end *end, struct event *ev)
{
	int queued = queue_bytes(d, end, SIOCOUTQ);
	int unsent = queue_bytes(d, end, SIOCOUTQNSD);

	check(d, unsent > 0, "%s has unsent data (%d bytes)", end->role,
	      unsent);
	with_range(ev, "unsent_bytes", 1, unsent);
	with_range(ev, "unacked_bytes", 0, queued);
}

/* The peer reads what was written, to the last byte, and closes. */
static void check_delivered(struct demo *d, struct end *end, long written)
{
	long total;
	int error = read_to_end(end->fd, &total);

	check(d, error == 0 && total == written,
	      "%s reads all %ld bytes and EOF (%ld, %s)", end->role, written,
	      total, error ? strerrorname_np(error) : "EOF");
	close_second(d, end);
}

/* --- linger-off --- */

static void linger_off_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	const struct actor by = me();
	struct event *ev;
	long written, ms;

	set_linger(d, p.client, 0, 0);
	written = fill_send_queue(d, p.client);
	ev = expect_fin(d, p.client, "close", "ESTABLISHED", "first", &by);
	with_null(ev, "linger_s");
	with_queues(d, p.client, ev);
	ms = close_end(d, p.client);
	check(d, ms < 2000, "close does not wait (%ld ms)", ms);
	check_delivered(d, p.server, written);
}

/* --- linger-zero --- */

static void linger_zero_act(struct demo *d, struct end *client)
{
	check(d, unread_bytes(d, client) == 0, "client has read everything");
	drop_end(d, client, "ESTABLISHED");
}

/* --- linger-zero-unsent --- */

static void linger_zero_unsent_run(struct demo *d)
{
	struct pair p = connect_pair(d);
	const struct actor by = me();
	struct event *ev;
	long written, total;
	int error;

	written = fill_send_queue(d, p.client);
	set_linger(d, p.client, 1, 0);
	ev = expect_rst(d, p.client, "linger-zero", "ESTABLISHED", &by);
	with_number(ev, "linger_s", 0);
	with_queues(d, p.client, ev);
	close_end(d, p.client);
	with_made_by(expect_received(d, p.server, "reset-by-peer",
				     "ESTABLISHED"),
		     "active-abort");
	error = read_to_end(p.server->fd, &total);
	check(d, error == ECONNRESET, "server read ends with ECONNRESET");
	check(d, total < written, "server gets %ld of %ld bytes", total,
	      written);
	close_dead(d, p.server);
}

/* --- linger-zero-exit --- */

struct start {
	union addr at;
	int seconds; /* of SO_LINGER */
};

static void exit_with_linger(struct demo *d, int channel, void *arg)
{
	const struct start *s = arg;
	struct end *client = connect_to(d, &s->at, "client");
	long written = 0;

	set_linger(d, client, 1, s->seconds);
	hear_go(d, channel); /* accepted */
	if (s->seconds > 0)
		written = fill_send_queue(d, client);
	tell(d, channel, &written, sizeof(written));
	_exit(0);
}

/* The client lives in the helper; its addresses are those of the server. */
static struct pair pair_with_helper(struct demo *d, struct helper *h,
				    int seconds)
{
	struct start s = { .seconds = seconds };
	int listener = listen_at(d, BACKLOG, &s.at);
	struct pair p;

	*h = start_helper(d, exit_with_linger, &s);
	p.server = accept_from(d, listener, "server");
	p.client =
		new_address(d, "client", &p.server->remote, &p.server->local);
	close_listener(d, listener);
	return p;
}

static void linger_zero_exit_run(struct demo *d)
{
	struct helper h;
	struct pair p = pair_with_helper(d, &h, 0);
	const struct actor by = { .pid = h.pid, .exiting = true };
	struct event *ev;
	long written;

	ev = expect_rst(d, p.client, "linger-zero", "ESTABLISHED", &by);
	with_number(ev, "linger_s", 0);
	tell_go(d, h.channel);
	hear(d, h.channel, &written, sizeof(written));
	check_reset(d, p.server);
	check(d, reap(d, &h) == 0, "client process exits with status 0");
}

/* --- linger-zero-syn-sent --- */

static void linger_zero_syn_sent_run(struct demo *d)
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
	with_number(expect_silent(d, client, "linger-zero", "SYN_SENT", &by),
		    "linger_s", 0);
	set_linger(d, client, 1, 0);
	close_end(d, client);
	check(d, kernel_state(d, client) == 0, "nothing is left of the client");
	check(d, poll(&p, 1, 0) == 0, "listener has no connection");
	close_listener(d, p.fd);
}

/* --- linger-n-drained --- */

static struct reader late_reader;

static void read_late(struct demo *d, struct end *server)
{
	start_reader(d, &late_reader, server, READ_DELAY_MS);
}

static void linger_n_drained_act(struct demo *d, struct end *client)
{
	const struct actor by = me();
	struct event *ev;
	long ms;

	fill_send_queue(d, client);
	set_linger(d, client, 1, WAIT_MS / 1000);
	ev = expect_fin(d, client, "close", "ESTABLISHED", "first", &by);
	with_number(ev, "linger_s", WAIT_MS / 1000);
	ms = close_end(d, client);
	with_range(ev, "linger_waited_ms", ms / 2, ms + 10);
	check(d, ms < WAIT_MS - 1000, "close returns early (%ld ms of %d s)",
	      ms, WAIT_MS / 1000);
}

static void reader_got_all(struct demo *d, struct end *server)
{
	join_reader(d, &late_reader);
	check(d, late_reader.error == 0 && late_reader.total > 0,
	      "server reads %ld bytes and EOF", late_reader.total);
	close_second(d, server);
}

/* --- linger-n-timeout, linger-n-nonblocking --- */

static void linger_out(struct demo *d, bool nonblocking)
{
	struct pair p = connect_pair(d);
	const struct actor by = me();
	struct event *ev;
	long written, ms;

	written = fill_send_queue(d, p.client);
	set_linger(d, p.client, 1, 1);
	set_nonblocking(d, p.client->fd, nonblocking);
	ev = expect_fin(d, p.client, "close", "ESTABLISHED", "first", &by);
	with_number(ev, "linger_s", 1);
	with_queues(d, p.client, ev);
	ms = close_end(d, p.client);
	with_range(ev, "linger_waited_ms", ABOUT_A_SECOND_MS, ms + 10);
	check(d, ms >= ABOUT_A_SECOND_MS, "close waits its second (%ld ms)",
	      ms);
	check_delivered(d, p.server, written);
}

static void linger_n_timeout_run(struct demo *d)
{
	linger_out(d, false);
}

static void linger_n_nonblocking_run(struct demo *d)
{
	linger_out(d, true);
}

/* --- linger-n-exit --- */

static void linger_n_exit_run(struct demo *d)
{
	struct helper h;
	struct pair p = pair_with_helper(d, &h, WAIT_MS / 1000);
	const struct actor by = { .pid = h.pid, .exiting = true };
	struct event *ev;
	long written, start;

	ev = expect_fin(d, p.client, "close", "ESTABLISHED", "first", &by);
	with_number(ev, "linger_s", WAIT_MS / 1000);
	tell_go(d, h.channel);
	hear(d, h.channel, &written, sizeof(written));
	start = now_ms();
	check(d, reap(d, &h) == 0, "client process exits with status 0");
	check(d, now_ms() - start < 5000,
	      "exit does not linger (%ld ms of %d s)", now_ms() - start,
	      WAIT_MS / 1000);
	check_delivered(d, p.server, written);
}

const struct demo_case linger_cases[] = {
	{
		.name = "linger-off",
		.sentence =
			"SO_LINGER {0,0}: close() returns at once, FIN follows the whole send queue.",
		.calls =
			"client SO_LINGER {0,0}, write() until full, close(); server read() to the end, close()",
		.peer_sees = "every byte, then FIN",
		.causes =
			"client close (first, unsent data), server close (second)",
		.run = linger_off_run,
	},
	{
		.name = "linger-zero",
		.sentence = "SO_LINGER {1,0} and close() sends RST.",
		.calls = "client SO_LINGER {1,0}, close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "client linger-zero, server reset-by-peer",
		.act = linger_zero_act,
		.observe = check_reset,
	},
	{
		.name = "linger-zero-unsent",
		.sentence =
			"SO_LINGER {1,0} discards what the peer has not received.",
		.calls =
			"client write() until full, SO_LINGER {1,0}, close(); server read()",
		.peer_sees = "a part of the data, then ECONNRESET",
		.causes =
			"client linger-zero (unsent data), server reset-by-peer",
		.run = linger_zero_unsent_run,
	},
	{
		.name = "linger-zero-exit",
		.sentence = "SO_LINGER {1,0} resets at exit, too.",
		.calls = "client process SO_LINGER {1,0}, _exit(0)",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes =
			"client linger-zero (actor exiting), server reset-by-peer",
		.run = linger_zero_exit_run,
	},
	{
		.name = "linger-zero-syn-sent",
		.sentence = "SO_LINGER {1,0} in SYN_SENT sends nothing.",
		.calls =
			"server listen(), SO_ATTACH_FILTER dropping all input; client connect(), SO_LINGER {1,0}, close()",
		.peer_sees = "nothing",
		.causes = "client linger-zero (verdict none)",
		.run = linger_zero_syn_sent_run,
	},
	{
		.name = "linger-n-drained",
		.sentence =
			"SO_LINGER {1,15}: close() returns as soon as the peer has acknowledged everything.",
		.calls =
			"client write() until full, SO_LINGER {1,15}, close(); server read() to the end after 400 ms, close()",
		.peer_sees = "every byte, then FIN",
		.causes =
			"client close (first, linger_waited_ms), server close (second)",
		.prepare = read_late,
		.act = linger_n_drained_act,
		.observe = reader_got_all,
	},
	{
		.name = "linger-n-timeout",
		.sentence =
			"SO_LINGER {1,1}: close() gives up waiting after 1 s, returns 0 and discards nothing.",
		.calls =
			"client write() until full, SO_LINGER {1,1}, close() = 0 after 1 s; server read() to the end, close()",
		.peer_sees = "every byte, then FIN",
		.causes =
			"client close (first, waited 1 s), server close (second)",
		.run = linger_n_timeout_run,
	},
	{
		.name = "linger-n-nonblocking",
		.sentence =
			"SO_LINGER {1,1} on a non-blocking socket waits all the same: no EWOULDBLOCK.",
		.calls =
			"client write() until full, SO_LINGER {1,1}, O_NONBLOCK, close() = 0 after 1 s; server read() to the end, close()",
		.peer_sees = "every byte, then FIN",
		.causes =
			"client close (first, waited 1 s), server close (second)",
		.run = linger_n_nonblocking_run,
	},
	{
		.name = "linger-n-exit",
		.sentence =
			"SO_LINGER {1,15}: exit does not wait, and the data still arrives.",
		.calls =
			"client process write() until full, SO_LINGER {1,15}, _exit(0); server read() to the end, close()",
		.peer_sees = "every byte, then FIN",
		.causes =
			"client close (first, actor exiting), server close (second)",
		.run = linger_n_exit_run,
	},
	{ 0 },
};
