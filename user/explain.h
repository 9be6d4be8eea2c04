/* SPDX-License-Identifier: GPL-2.0 */
/* --explain: the table of causes for reading. Needs no root and no kernel. */
#ifndef RSTWATCH_EXPLAIN_H
#define RSTWATCH_EXPLAIN_H

#include <stdio.h>

/* explain_list() - every cause with its meaning, a line each */
void explain_list(FILE *stream);

/**
 * explain_cause() - what a cause is, how it comes about, what to do
 * @cause: enum rw_cause
 */
void explain_cause(FILE *stream, unsigned int cause);

#endif
