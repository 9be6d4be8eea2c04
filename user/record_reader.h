/* SPDX-License-Identifier: GPL-2.0 */
/* Frames out of a recording; nothing is handed on whose checksum is wrong. */
#ifndef RSTWATCH_RECORD_READER_H
#define RSTWATCH_RECORD_READER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct record_reader {
	int fd; /* not owned */
	const volatile sig_atomic_t *stop;
	uint8_t *data;
	size_t size;  /* of data */
	size_t begin; /* of what has not been handed out, in data */
	size_t end;   /* of what has been read, in data */
	uint64_t at;  /* where in the file begin is: what is before was good */
	uint32_t crc;
	bool at_end; /* of the file */
};

/* What a reading function found. */
enum record_found {
	RECORD_FOUND,
	RECORD_STOPPED,	   /* a signal says so */
	RECORD_OVER,	   /* the file ends where a frame would begin */
	RECORD_CUT,	   /* the file ends within a frame */
	RECORD_DAMAGED,	   /* the frame at this place is not what was written */
	RECORD_FOREIGN,	   /* this is no recording */
	RECORD_NEWER,	   /* it is one of a later version */
	RECORD_UNREADABLE, /* errno says why */
};

/**
 * record_reader_open() - read what stands before the first frame
 * @fd: stays the caller's; may be a pipe
 * @stop: becomes non-zero when a signal says so
 * @version: set, also with RECORD_NEWER, which means that it is above ours
 */
enum record_found record_reader_open(struct record_reader *reader, int fd,
				     const volatile sig_atomic_t *stop,
				     uint32_t *version);

/**
 * record_reader_next() - the next frame
 * @type: enum record_frame, or a number that this version does not know
 * @payload: valid until the next call
 */
enum record_found record_reader_next(struct record_reader *reader,
				     uint8_t *type, struct wire *payload);

/* record_reader_waits() - whether the next frame has yet to be read */
bool record_reader_waits(const struct record_reader *reader);

void record_reader_close(struct record_reader *reader);

#endif
