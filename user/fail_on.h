/* SPDX-License-Identifier: GPL-2.0 */
/* --fail-on: a run that is a gate. */
#ifndef RSTWATCH_FAIL_ON_H
#define RSTWATCH_FAIL_ON_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"
#include "run.h"

/**
 * fail_on() - whether something was seen that must not be
 * @stream: gets one line that says what, and how often
 *
 * Counted, not only shown: what the ring buffer lost is in it, and what --limit
 * held back.
 */
bool fail_on(const struct options *options, const struct run_totals *totals,
	     FILE *stream);

#endif
