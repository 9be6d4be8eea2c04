// SPDX-License-Identifier: GPL-2.0
/* Text in lines: see fill.h. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fill.h"

#define WIDTH_MIN 40

/* How much of the text the next line takes: up to a blank, or all of it. */
static size_t line_len(const char *text, size_t len, size_t room)
{
	const char *blank;

	if (len <= room)
		return len;
	blank = memrchr(text, ' ', room + 1);
	if (!blank)
		blank = memchr(text, ' ', len);
	return blank ? (size_t)(blank - text) : len;
}

char *fill(char *p, const char *text, size_t len, size_t indent, size_t width)
{
	size_t room = width > indent ? width - indent : 1;

	while (len) {
		size_t n = width ? line_len(text, len, room) : len;

		memset(p, ' ', indent);
		p = mempcpy(p + indent, text, n);
		*p++ = '\n';
		n += n < len; /* the blank */
		text += n;
		len -= n;
	}
	return p;
}

size_t fill_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) || size.ws_col < WIDTH_MIN)
		return 0;
	return size.ws_col;
}
