/* SPDX-License-Identifier: GPL-2.0 */
/* The audit of a run in its recording: a frame for each netns. */
#ifndef RSTWATCH_RECORD_AUDIT_H
#define RSTWATCH_RECORD_AUDIT_H

#include "audit.h"
#include "wire.h"

#define RECORD_AUDIT_TEXT_MAX 256 /* bytes of a reason */
/* The most that record_audit_encode() writes. */
#define RECORD_AUDIT_MAX \
	((1 + RW_COUNTER_MAX) * (RECORD_AUDIT_TEXT_MAX + 6 * WIRE_NUMBER_MAX))

/**
 * record_audit_encode() - one netns as the payload of a RECORD_AUDIT
 * @p: receives at most RECORD_AUDIT_MAX bytes
 *
 * Return: the end of what was written.
 */
char *record_audit_encode(char *p, const struct audit_netns *netns);

/**
 * record_audit_decode() - the opposite: one more netns in @audit
 *
 * Reasons are made printable: a file may come from anybody.
 *
 * Return: 0, -ENOMEM, or -EBADMSG when that is no netns.
 */
int record_audit_decode(struct audit *audit, struct wire payload);

/* record_audit_free() - release what record_audit_decode() has made */
void record_audit_free(struct audit *audit);

#endif
