/* SPDX-License-Identifier: GPL-2.0 */
/* The words for the numbers in an event. */
#ifndef RSTWATCH_NAMES_H
#define RSTWATCH_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

/*
 * A word with its length. The array has one size for all words, so that a
 * writer with enough room can copy the whole of it without looking.
 */
#define NAME_ROOM 31

struct name {
	char text[NAME_ROOM]; /* NUL-terminated */
	uint8_t len;
};

/* name_cause() - "unread-data"; NULL when it is no enum rw_cause */
const struct name *name_cause(unsigned int cause);

/* name_cause_usual() - "rst sent"; NULL when it is no enum rw_cause */
const char *name_cause_usual(unsigned int cause);

/**
 * name_find_cause() - the cause that has a name
 *
 * Return: enum rw_cause, or -1 when none is called so.
 */
int name_find_cause(const char *name, size_t len);

/* name_state() - "ESTABLISHED"; NULL when it is no TCP state */
const struct name *name_state(unsigned int state);

/* name_path() - function for a bit number of enum rw_path; NULL for others */
const struct name *name_path(unsigned int bit);

/* name_verdict() - what went on the wire: "fin", "rst" or "none" */
const struct name *name_verdict(unsigned int kind);

/* name_direction() - "sent", "received" or "none" */
const struct name *name_direction(unsigned int kind);

/* name_order() - "first", "second", "simultaneous"; NULL for others */
const struct name *name_order(unsigned int order);

/* name_owner_source() - "close", "connect", "accept", "scan"; NULL: others */
const struct name *name_owner_source(unsigned int source);

/**
 * name_flags() - TCP header flags as letters, in the order FSRPAUEW
 * @p: receives at most 8 bytes, no NUL
 * @flags: byte 13 of the header
 *
 * Return: the end of what was written; @p when no flag was set.
 */
char *name_flags(char *p, uint8_t flags);

#define NAME_SIGNAL_MAX 16

/**
 * name_signal() - "SIGKILL", "SIGRTMIN+3"
 * @p: receives at most NAME_SIGNAL_MAX bytes, no NUL
 * @number: of the signal, 0: none
 *
 * Return: the end of what was written; @p when no signal did it.
 */
char *name_signal(char *p, int number);

#endif
