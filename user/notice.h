/* SPDX-License-Identifier: GPL-2.0 */
/* What a person is told about how this run observes. */
#ifndef RSTWATCH_NOTICE_H
#define RSTWATCH_NOTICE_H

#include <stdio.h>

#include "observer.h"

/**
 * notice_losses() - one line on what this flavour does not see here
 *
 * Nothing where nothing is lost. What each loss means is for --check.
 */
void notice_losses(FILE *stream, const struct observer *observer);

/**
 * notice_probes() - what is attached and what is lost, for --dry-run
 *
 * Return: the exit code: 1 when @stream could not take it, else 0.
 */
int notice_probes(FILE *stream, const struct observer *observer);

#endif
