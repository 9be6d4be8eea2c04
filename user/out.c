// SPDX-License-Identifier: GPL-2.0
/* The output buffer: see out.h. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

int out_open(struct out *out, int fd, size_t size)
{
	*out = (struct out){ .fd = fd, .size = size };
	out->data = malloc(size);
	return out->data ? 0 : -ENOMEM;
}

void out_close(struct out *out)
{
	free(out->data);
	out->data = NULL;
	out->len = 0;
	out->size = 0;
}

/* Shorter than a signal is repeated: see out_ends_with() */
#define PATIENCE_MS 500

static const volatile sig_atomic_t *ending;

void out_ends_with(const volatile sig_atomic_t *asked)
{
	ending = asked;
}

static bool is_ending(void)
{
	return ending && *ending;
}

/* Somebody may have made a shared terminal or pipe non-blocking. */
static void wait_writable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	poll(&poll_fd, 1, -1);
}

/* Once the end was asked for, never more than surely fits. */
static ssize_t write_some(int fd, const char *data, size_t len)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	int n;

	if (!is_ending())
		return write(fd, data, len);
	n = poll(&poll_fd, 1, PATIENCE_MS);
	if (n == 0)
		errno = ETIMEDOUT;
	return n <= 0 ? -1 : write(fd, data, len < PIPE_BUF ? len : PIPE_BUF);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write_some(fd, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			if (!is_ending())
				wait_writable(fd);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int out_flush(struct out *out)
{
	if (!out->error && out->len)
		out->error = write_all(out->fd, out->data, out->len);
	out->len = 0;
	return out->error;
}

int out_add(struct out *out, const char *data, size_t len)
{
	while (len) {
		size_t room = out->size - out->len;
		size_t n = len < room ? len : room;

		memcpy(out->data + out->len, data, n);
		out->len += n;
		data += n;
		len -= n;
		if (len && out_flush(out))
			break;
	}
	return out->error;
}
