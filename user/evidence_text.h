/* SPDX-License-Identifier: GPL-2.0 */
/* Evidence in words: the detail after a cause, and the lines of -v. */
#ifndef RSTWATCH_EVIDENCE_TEXT_H
#define RSTWATCH_EVIDENCE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

#define EVIDENCE_REASON_MAX 64	/* bytes shown of a kernel reason */
#define EVIDENCE_DETAIL_MAX 256 /* the most that evidence_detail() writes */
#define EVIDENCE_INDENT 8	/* columns before the lines of -v */

/**
 * evidence_detail() - what makes this case of a cause clear
 * @p: receives " 1234 bytes", " first, linger 5 s" or nothing; no NUL
 * @hz: jiffies a second
 *
 * Return: the end of what was written.
 */
char *evidence_detail(char *p, const struct rw_event *event, uint32_t hz);

/**
 * evidence_sentences() - what happened and what to do, for newcomers
 * @p: receives indented lines with their newlines, no NUL
 * @hz: jiffies a second
 * @width: columns of a line, 0: no limit
 *
 * Return: the end of what was written.
 */
char *evidence_sentences(char *p, const struct rw_event *event, uint32_t hz,
			 size_t width);

/* evidence_lines() - the facts behind it; otherwise as evidence_sentences() */
char *evidence_lines(char *p, const struct rw_event *event, uint32_t hz,
		     size_t width);

#endif
