/* SPDX-License-Identifier: GPL-2.0 */
/* What a recording tells of its run, read. */
#ifndef RSTWATCH_RECORD_HEADER_H
#define RSTWATCH_RECORD_HEADER_H

#include <stdbool.h>

#include "record.h"
#include "run.h"
#include "wire.h"

#define RECORD_NO_CAUSE 255
_Static_assert(RW_CAUSE_MAX < RECORD_NO_CAUSE, "a cause has no number");

struct record_header {
	struct run_info info; /* its strings belong to this */
	int64_t offset_ns;    /* wall clock minus CLOCK_MONOTONIC */
	uint8_t causes[256];  /* ours, by number in the file */
	uint32_t paths[32];   /* bit of ours, by number in the file; 0: none */
	char *new_cause;      /* a name this version does not know, or NULL */
};

/**
 * record_header_read() - take a RECORD_HEADER apart
 * @header: filled in, to be released also after an error
 *
 * Return: 0, -ENOMEM, or -EBADMSG when that is no header.
 */
int record_header_read(struct record_header *header, struct wire payload);

/*
 * record_header_translate() - from the file's numbers to ours
 *
 * A cause this version has no name for becomes unknown. Return: false when the
 * file's own table has none for it either.
 */
bool record_header_translate(const struct record_header *header,
			     struct rw_event *event);

void record_header_free(struct record_header *header);

#endif
