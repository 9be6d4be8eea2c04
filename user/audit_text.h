/* SPDX-License-Identifier: GPL-2.0 */
/* The result of an audit, for programs and for people. */
#ifndef RSTWATCH_AUDIT_TEXT_H
#define RSTWATCH_AUDIT_TEXT_H

#include <stdio.h>

#include "audit.h"
#include "out.h"

/* audit_json() - an object, or null where none was made; @audit may be NULL */
void audit_json(struct out *out, const struct audit *audit);

/* audit_print() - a table for each netns, counters that stood still left out */
void audit_print(FILE *stream, const struct audit *audit);

#endif
