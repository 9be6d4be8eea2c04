// SPDX-License-Identifier: GPL-2.0
/* A call, the check that belongs to it, and the event it must give. */
#include "harness.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

long close_end(struct demo *d, struct end *end)
{
	long start = now_ms();
	int rc = close(end->fd);

	check(d, rc == 0, "%s close returns 0%s%s", end->role, rc ? ": " : "",
	      rc ? strerror(errno) : "");
	end->fd = -1;
	return now_ms() - start;
}

void close_first(struct demo *d, struct end *end)
{
	const struct actor by = me();
	struct event *ev;

	ev = expect_fin(d, end, "close", "ESTABLISHED", "first", &by);
	with_number(ev, "unread_bytes", 0);
	close_end(d, end);
}

/*
 * A delayed ACK sent by a timer on another CPU may arrive after our FIN; the
 * peer's TIME_WAIT answers it, and finds our socket gone: one RST too many.
 */
static void settle_ack(struct demo *d, struct end *end)
{
	const struct end peer = { .local = end->remote, .remote = end->local };

	acknowledge_now(d, end);
	check(d, reaches_kernel_state(d, &peer, TCP_FIN_WAIT2),
	      "%s's peer is in FIN_WAIT2", end->role);
}

void close_second(struct demo *d, struct end *end)
{
	const struct actor by = me();
	struct event *ev;

	settle_ack(d, end);
	ev = expect_fin(d, end, "close", "CLOSE_WAIT", "second", &by);
	with_number(ev, "unread_bytes", 0);
	close_end(d, end);
}

void close_dead(struct demo *d, struct end *end)
{
	int state = socket_state(d, end->fd);

	check(d, state == TCP_CLOSE, "%s socket is in %s before its close",
	      end->role, state_name(state));
	close_end(d, end);
}

void drop_end(struct demo *d, struct end *end, const char *state)
{
	const struct actor by = me();
	struct event *ev = expect_rst(d, end, "linger-zero", state, &by);

	with_number(ev, "linger_s", 0);
	set_linger(d, end, 1, 0);
	close_end(d, end);
}

void shutdown_end(struct demo *d, struct end *end, int how)
{
	const struct actor by = me();

	if (how != SHUT_RD)
		expect_fin(d, end, "shutdown", "ESTABLISHED", "first", &by);
	if (shutdown(end->fd, how))
		give_up(d, "%s shutdown: %s", end->role, strerror(errno));
}

/* What read() says: 0 and *error 0 for EOF, -1 and the errno. */
static ssize_t read_once(struct end *end, int *error)
{
	char data[4096];
	ssize_t got = read(end->fd, data, sizeof(data));

	*error = got < 0 ? errno : 0;
	return got;
}

void check_eof(struct demo *d, struct end *end)
{
	int error;
	ssize_t got = read_once(end, &error);

	check(d, got == 0, "%s reads EOF%s%s", end->role, got ? ", not " : "",
	      !got	? ""
	      : got > 0 ? "data"
			: strerror(error));
}

void check_read_error(struct demo *d, struct end *end, int want)
{
	int error;
	ssize_t got = read_once(end, &error);

	check(d, error == want, "%s read gives %s%s%s", end->role,
	      strerrorname_np(want), error == want ? "" : ", not ",
	      error == want ? ""
	      : got > 0	    ? "data"
			    : strerrorname_np(error));
}

void check_socket_error(struct demo *d, struct end *end, int want)
{
	struct pollfd p = { .fd = end->fd };
	socklen_t len = sizeof(int);
	int error = 0;

	/*
	 * POLLERR need not be asked for. A timer reports the error just before
	 * it ends the socket, and neither SO_ERROR nor TCP_INFO waits for that.
	 */
	if (poll(&p, 1, WAIT_MS) == 1 && p.revents & POLLERR)
		await_state(d, end, TCP_CLOSE);
	getsockopt(end->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	check(d, error == want, "%s socket has error %s%s%s", end->role,
	      strerrorname_np(want), error == want ? "" : ", not ",
	      error == want ? "" : strerrorname_np(error));
}

void check_quiet(struct demo *d, struct end *end)
{
	struct pollfd p = { .fd = end->fd, .events = POLLIN | POLLRDHUP };

	check(d, poll(&p, 1, QUIET_MS) == 0, "%s sees nothing for %d ms",
	      end->role, QUIET_MS);
}

void check_reset(struct demo *d, struct end *end)
{
	expect_received(d, end, "reset-by-peer", "ESTABLISHED");
	check_read_error(d, end, ECONNRESET);
	close_dead(d, end);
}

void check_reset_after_eof(struct demo *d, struct end *end)
{
	/* tcp_reset(), net/ipv4/tcp_input.c: CLOSE_WAIT gives EPIPE. */
	expect_received(d, end, "reset-by-peer", "CLOSE_WAIT");
	check_socket_error(d, end, EPIPE);
	close_dead(d, end);
}
