/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file format of recordings, version 1: docs/recording.md. A file is
 *
 *	8 bytes RECORD_MAGIC, version (4 bytes)
 *	frames: type (1 byte), length (3 bytes), payload, checksum (4 bytes)
 *
 * Numbers of more than a byte are little-endian; payloads are fields as wire.h
 * has them. The checksum is the CRC-32 of all that stands before it in the file
 * but for the other checksums: a frame that is damaged, missing or in the wrong
 * place shows at once.
 */
#ifndef RSTWATCH_RECORD_H
#define RSTWATCH_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"
#include "lookup.h"

#define RECORD_MAGIC "\x89RSTW\r\n\x1a"
#define RECORD_MAGIC_LEN 8
#define RECORD_VERSION 1
#define RECORD_PREAMBLE (RECORD_MAGIC_LEN + 4)

#define RECORD_HEAD 4 /* type and length of a frame */
#define RECORD_CRC 4
#define RECORD_PAYLOAD_MAX (1U << 20)

/* A reader steps over types that it does not know. */
enum record_frame {
	RECORD_HEADER = 1, /* always the first */
	RECORD_EVENT = 2,
	RECORD_TEXT = 3,  /* a text that following events refer to */
	RECORD_CLOCK = 4, /* somebody set the wall clock */
	RECORD_END = 5,	  /* always the last */
	RECORD_AUDIT = 6, /* once for each netns, before the last */
};

/* Fields of RECORD_HEADER */
enum record_header_field {
	RECORD_H_PROGRAM = 1, /* version of rstwatch */
	RECORD_H_HOST = 2,
	RECORD_H_KERNEL = 3,
	RECORD_H_BACKEND = 4,
	RECORD_H_PROBE = 5,    /* once for each */
	RECORD_H_DEGRADED = 6, /* once for each */
	RECORD_H_HZ = 7,       /* jiffies a second */
	RECORD_H_START = 8,    /* CLOCK_MONOTONIC when the run started, ns */
	RECORD_H_OFFSET = 9, /* wall clock minus CLOCK_MONOTONIC, ns, zigzag */
	RECORD_H_CAUSE = 10, /* once for each: RECORD_N_* */
	RECORD_H_PATH = 11,  /* once for each bit of path: RECORD_N_* */
	RECORD_H_OOM = 12,   /* 1: evidence.exit knows the OOM killer */
};

/* A name and the number that stands for it in this file. */
enum record_name_field { RECORD_N_NUMBER = 1, RECORD_N_NAME = 2 };

/* Fields of RECORD_TEXT */
enum record_text_field { RECORD_T_SLOT = 1, RECORD_T_TEXT = 2 };
#define RECORD_SLOTS 4096

/* Field of RECORD_CLOCK */
#define RECORD_C_OFFSET 1 /* as RECORD_H_OFFSET */

/* Fields of RECORD_END */
enum record_end_field {
	RECORD_E_TIME = 1, /* CLOCK_MONOTONIC, ns */
	RECORD_E_EVENTS = 2,
	RECORD_E_LOST = 3,
	RECORD_E_MISSED = 4,
	RECORD_E_KIND = 5,	   /* once for each enum rw_kind: RECORD_K_* */
	RECORD_E_CAUSE = 6,	   /* once for each that occurred: RECORD_K_* */
	RECORD_E_HELD = 7,	   /* not shown, because there were too many */
	RECORD_E_UNFOLLOWED = 8,   /* processes of the command not watched */
	RECORD_E_AUDITED = 9,	   /* 1: the RECORD_AUDITs are all there is */
	RECORD_E_UNEXPLAINED = 10, /* differences in them */
	RECORD_E_FORGOTTEN = 11,   /* connections, too soon after their end */
	RECORD_E_MINISOCKS = 12,   /* 1: RSTs that ended one were counted */
	RECORD_E_DISPLACED = 13,   /* calls not followed to their end */
	RECORD_E_UNCLAIMED = 14,   /* dead sockets, before their close */
	RECORD_E_MINISOCK = 16,	   /* plus enum rw_minisock: so many */
};

/* A counter of RECORD_END */
enum record_count_field {
	RECORD_K_WHICH = 1,
	RECORD_K_SEEN = 2,
	RECORD_K_LOST = 3,
	RECORD_K_LOST_RST = 4, /* of the lost, those that were resets */
};

/* Fields of RECORD_AUDIT */
enum record_audit_field {
	RECORD_A_NETNS = 1,   /* inode */
	RECORD_A_UNKNOWN = 2, /* why the kernel's side is not known */
	RECORD_A_LINE = 3,    /* once for each counter: RECORD_L_* */
};

/* A counter of RECORD_AUDIT */
enum record_line_field {
	RECORD_L_COUNTER = 1, /* enum rw_counter */
	RECORD_L_KERNEL = 2,
	RECORD_L_SEEN = 3,
	RECORD_L_EXPLAINED = 4, /* why they differ */
};

#define RECORD_TASK_EXIT_CODE 4 /* the same, a number: only of old files */
#define RECORD_TASK_COMM 5	/* in a TASK of record_fields.def: bytes */

/* The most that record_encode() writes. */
#define RECORD_EVENT_MAX 1024

/**
 * record_encode() - an event as the payload of a frame
 * @p: receives at most RECORD_EVENT_MAX bytes
 * @slots: 1 plus the slot of each text, 0 where there is none
 *
 * Return: the end of what was written.
 */
char *record_encode(char *p, const struct rw_event *event,
		    const uint32_t slots[LOOKUP_MAX]);

/**
 * record_decode() - the opposite
 * @event: filled in; what the payload does not have is 0. The cause and the
 *	   bits of path and deduced are as in the file.
 *
 * Return: 0, or -1 when that is no event.
 */
int record_decode(const void *payload, size_t len, struct rw_event *event,
		  uint32_t slots[LOOKUP_MAX]);

#endif
