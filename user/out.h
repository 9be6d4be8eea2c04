/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One large output buffer over a file descriptor. Records are formatted
 * straight into it; nothing is written before the caller flushes or the next
 * record finds no room, so a reader of a pipe gets whole lines.
 */
#ifndef RSTWATCH_OUT_H
#define RSTWATCH_OUT_H

#include <signal.h>
#include <stddef.h>

struct out {
	int fd;	     /* not owned */
	int error;   /* 0, or the negative errno of the first failed write */
	size_t len;  /* bytes waiting in data */
	size_t size; /* bytes that data can hold */
	char *data;
};

/**
 * out_open() - prepare a buffer over a descriptor
 * @out: filled in; release it with out_close()
 * @fd: where the bytes go; stays the caller's
 * @size: bytes of buffer, the most that out_room() can be asked for
 *
 * Return: 0, or -ENOMEM.
 */
int out_open(struct out *out, int fd, size_t size);

/**
 * out_close() - release the buffer
 *
 * Does not flush and does not close the descriptor.
 */
void out_close(struct out *out);

/**
 * out_flush() - write everything that waits
 *
 * Goes on after short writes and EINTR, and waits where the descriptor is
 * non-blocking. After the first error the output is dropped and every later
 * call reports that same error.
 *
 * Return: 0, or a negative errno: -EPIPE when the reader went away.
 */
int out_flush(struct out *out);

/**
 * out_ends_with() - what says that the run shall end; for all outputs
 * @asked: not zero once it shall; kept. A signal must interrupt a write that
 *	began just before, again every second
 *
 * From then on a reader that takes nothing for half a second is not waited for:
 * -ETIMEDOUT.
 */
void out_ends_with(const volatile sig_atomic_t *asked);

/**
 * out_add() - append bytes
 * @data: any number of bytes; more than the buffer holds go out in pieces
 *
 * Return: 0, or the negative errno of a failed write.
 */
int out_add(struct out *out, const char *data, size_t len);

/**
 * out_room() - a place to format into
 * @need: bytes of room; at most the size given to out_open()
 *
 * Flushes first when the buffer is too full. The place is valid even after an
 * error, so that a caller has to check only the result of out_done().
 *
 * Return: where to write; tell out_done() how far you came.
 */
static inline char *out_room(struct out *out, size_t need)
{
	if (out->size - out->len < need)
		out_flush(out);
	return out->data + out->len;
}

/**
 * out_done() - keep what was formatted into out_room()
 * @end: one past the last byte
 *
 * Return: 0, or the negative errno of an earlier failed write.
 */
static inline int out_done(struct out *out, const char *end)
{
	out->len = (size_t)(end - out->data);
	return out->error;
}

#endif
