/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSTDEMO_RUNNER_H
#define RSTDEMO_RUNNER_H

#include "demo.h"

/** runner_init - once, before the first case. Returns false on error. */
bool runner_init(void);

/**
 * run_case - play the case of @d in a process of its own, which cannot outlive
 * its time, and undo what it changed. Returns its result, or -1 when a signal
 * asks this program to end; *signal says which.
 */
int run_case(struct demo *d, int *signal);

#endif
