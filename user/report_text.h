/* SPDX-License-Identifier: GPL-2.0 */
/* A summary as a table for people. */
#ifndef RSTWATCH_REPORT_TEXT_H
#define RSTWATCH_REPORT_TEXT_H

#include "tally.h"

#define REPORT_TEXT_MAX 6144

/* report_text() - at most REPORT_TEXT_MAX bytes, no NUL. Return: the end */
char *report_text(char *p, const struct report *report);

#endif
