/* SPDX-License-Identifier: GPL-2.0 */
/* The last words of a run, for a person. */
#ifndef RSTWATCH_SUMMARY_H
#define RSTWATCH_SUMMARY_H

#include <stdio.h>

#include "run.h"

/**
 * summary_print() - how many events, of what kind, and what was lost
 * @stream: stderr, as stdout is for data
 *
 * One line, then one for each cause that occurred.
 */
void summary_print(FILE *stream, const struct run_totals *totals);

#endif
