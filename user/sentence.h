/* SPDX-License-Identifier: GPL-2.0 */
/* The evidence in plain sentences: the first thing that -v says. */
#ifndef RSTWATCH_SENTENCE_H
#define RSTWATCH_SENTENCE_H

#include <stdint.h>

#include "bpf/event.h"

#define SENTENCE_MAX 1024 /* the most that sentence() writes */

/**
 * sentence() - what was observed, and what to do about it
 * @p: receives one or two sentences and the hint of the cause; no NUL
 * @hz: jiffies a second
 *
 * Only what the event shows is said: what was not observed is left out.
 *
 * Return: the end of what was written.
 */
char *sentence(char *p, const struct rw_event *event, uint32_t hz);

#endif
