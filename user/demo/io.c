// SPDX-License-Identifier: GPL-2.0
/* Data and time. */
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* A reader that keeps up with us would take data for ever. */
#define FILL_LIMIT (8L << 20)

long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
			      .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

void send_bytes(struct demo *d, struct end *end, size_t n)
{
	static const char data[4096];
	ssize_t sent = send(end->fd, data, n, MSG_NOSIGNAL);

	if (sent != (ssize_t)n)
		give_up(d, "%s send of %zu bytes: %s", end->role, n,
			sent < 0 ? strerror(errno) : "cut short");
}

void read_bytes(struct demo *d, struct end *end, size_t n)
{
	char data[4096];
	ssize_t got = recv(end->fd, data, n, MSG_WAITALL);

	if (got != (ssize_t)n)
		give_up(d, "%s read of %zu bytes: %s", end->role, n,
			got < 0 ? strerror(errno) : "cut short");
}

int read_to_end(int fd, long *total)
{
	static _Thread_local char data[65536];
	ssize_t got;

	*total = 0;
	while ((got = read(fd, data, sizeof(data))) > 0)
		*total += got;
	return got < 0 ? errno : 0;
}

long fill_send_queue(struct demo *d, struct end *end)
{
	static const char data[16384];
	struct pollfd p = { .fd = end->fd, .events = POLLOUT };
	long total = 0;

	/* Full means: still not writable after the peer had time to ACK. */
	while (total < FILL_LIMIT && poll(&p, 1, 2 * QUIET_MS) == 1) {
		ssize_t n = send(end->fd, data, sizeof(data),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			give_up(d, "%s send: %s", end->role, strerror(errno));
		if (n > 0)
			total += n;
	}
	return total;
}

int unread_bytes(struct demo *d, struct end *end)
{
	int n;

	if (ioctl(end->fd, FIONREAD, &n))
		give_up(d, "FIONREAD: %s", strerror(errno));
	return n;
}

int await_data(struct demo *d, struct end *end, int n)
{
	long limit = now_ms() + WAIT_MS;
	int want = d->server ? 1 : n;
	int got;

	while ((got = unread_bytes(d, end)) < want) {
		if (now_ms() > limit)
			give_up(d, "%s: %d of %d bytes in %d s", end->role, got,
				want, WAIT_MS / 1000);
		sleep_ms(1);
	}
	return got;
}

static void *read_all(void *arg)
{
	struct reader *r = arg;

	sleep_ms(r->delay_ms);
	r->error = read_to_end(r->fd, &r->total);
	return NULL;
}

void start_reader(struct demo *d, struct reader *r, struct end *end,
		  int delay_ms)
{
	int error;

	r->fd = end->fd;
	r->delay_ms = delay_ms;
	error = pthread_create(&r->thread, NULL, read_all, r);
	if (error)
		give_up(d, "thread: %s", strerror(error));
}

void join_reader(struct demo *d, struct reader *r)
{
	int error = pthread_join(r->thread, NULL);

	if (error)
		give_up(d, "thread: %s", strerror(error));
}
