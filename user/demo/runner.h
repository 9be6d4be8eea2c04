/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSTDEMO_RUNNER_H
#define RSTDEMO_RUNNER_H

#include "demo.h"

/** runner_init - once, before the first case. Returns false on error. */
bool runner_init(void);

/**
 * run_case - play the case of @d in a process of its own, which cannot outlive
 * its time, and undo what it changed. *signal is set to the signal that asks
 * this program to end, if one came meanwhile; then there is no report.
 */
enum result run_case(struct demo *d, int *signal);

#endif
