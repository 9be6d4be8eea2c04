// SPDX-License-Identifier: GPL-2.0
/* The output buffer: see out.h. */
#include <errno.h>
#include <poll.h>
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

/* Somebody may have made a shared terminal or pipe non-blocking. */
static void wait_writable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	poll(&poll_fd, 1, -1);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
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
