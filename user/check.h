/* SPDX-License-Identifier: GPL-2.0 */
/* --check: what this kernel offers, and what that means for rstwatch. */
#ifndef RSTWATCH_CHECK_H
#define RSTWATCH_CHECK_H

#include "options.h"

/**
 * check() - try everything, print it to stdout, leave
 * @options: json, backend, btf and rst_only are honoured
 *
 * Return: the exit code: that of a run with these options (0, 64, 69, 77), or
 * 1 when stdout could not take it.
 */
int check(const struct options *options);

#endif
