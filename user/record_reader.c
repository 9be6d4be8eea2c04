// SPDX-License-Identifier: GPL-2.0
/* Frames out of a recording: see record_reader.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "record.h"
#include "record_reader.h"

#define READ_BYTES (128 << 10)

static uint32_t get_le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static size_t available(const struct record_reader *r)
{
	return r->end - r->begin;
}

static size_t payload_len(const struct record_reader *r)
{
	return get_le32(r->data + r->begin) >> 8;
}

/* Room for so many bytes from begin, and for something to read. */
static int make_room(struct record_reader *r, size_t need)
{
	uint8_t *data;

	if (r->begin)
		memmove(r->data, r->data + r->begin, available(r));
	r->end -= r->begin;
	r->begin = 0;
	if (r->size >= need + READ_BYTES)
		return 0;
	data = realloc(r->data, need + READ_BYTES);
	if (!data)
		return -1;
	r->data = data;
	r->size = need + READ_BYTES;
	return 0;
}

/* Read until so many bytes are there. */
static enum record_found fill(struct record_reader *r, size_t need)
{
	ssize_t n;

	if (available(r) < need && make_room(r, need))
		return RECORD_UNREADABLE;
	while (available(r) < need) {
		if (*r->stop)
			return RECORD_STOPPED;
		n = r->at_end ? 0
			      : read(r->fd, r->data + r->end, r->size - r->end);
		if (n < 0 && errno != EINTR)
			return RECORD_UNREADABLE;
		if (!n) {
			r->at_end = true;
			return available(r) ? RECORD_CUT : RECORD_OVER;
		}
		r->end += n > 0 ? (size_t)n : 0;
	}
	return RECORD_FOUND;
}

static void take(struct record_reader *r, size_t len)
{
	r->begin += len;
	r->at += len;
}

/* A file that is cut off here still has to look like the beginning of one. */
static enum record_found cut_preamble(const struct record_reader *r)
{
	size_t len = available(r);

	if (len > RECORD_MAGIC_LEN)
		len = RECORD_MAGIC_LEN;
	if (!len || memcmp(r->data + r->begin, RECORD_MAGIC, len))
		return RECORD_FOREIGN;
	return RECORD_CUT;
}

enum record_found record_reader_open(struct record_reader *r, int fd,
				     const volatile sig_atomic_t *stop,
				     uint32_t *version)
{
	enum record_found found;

	*r = (struct record_reader){ .fd = fd, .stop = stop };
	found = fill(r, RECORD_PREAMBLE);
	if (found == RECORD_CUT || found == RECORD_OVER)
		return cut_preamble(r);
	if (found != RECORD_FOUND)
		return found;
	if (memcmp(r->data, RECORD_MAGIC, RECORD_MAGIC_LEN))
		return RECORD_FOREIGN;
	*version = get_le32(r->data + RECORD_MAGIC_LEN);
	if (*version > RECORD_VERSION)
		return RECORD_NEWER;
	if (!*version)
		return RECORD_FOREIGN;
	r->crc = (uint32_t)crc32(0, r->data, RECORD_PREAMBLE);
	take(r, RECORD_PREAMBLE);
	return RECORD_FOUND;
}

enum record_found record_reader_next(struct record_reader *r, uint8_t *type,
				     struct wire *payload)
{
	enum record_found found = fill(r, RECORD_HEAD);
	const uint8_t *frame;
	size_t len;

	if (found != RECORD_FOUND)
		return found;
	len = payload_len(r);
	if (len > RECORD_PAYLOAD_MAX)
		return RECORD_DAMAGED;
	found = fill(r, RECORD_HEAD + len + RECORD_CRC);
	if (found != RECORD_FOUND)
		return found;
	frame = r->data + r->begin;
	r->crc = (uint32_t)crc32(r->crc, frame, (uInt)(RECORD_HEAD + len));
	if (r->crc != get_le32(frame + RECORD_HEAD + len))
		return RECORD_DAMAGED;
	*type = *frame;
	payload->p = frame + RECORD_HEAD;
	payload->end = payload->p + len;
	take(r, RECORD_HEAD + len + RECORD_CRC);
	return RECORD_FOUND;
}

bool record_reader_waits(const struct record_reader *r)
{
	return available(r) < RECORD_HEAD ||
	       available(r) < RECORD_HEAD + payload_len(r) + RECORD_CRC;
}

void record_reader_close(struct record_reader *r)
{
	free(r->data);
	r->data = NULL;
}
