/* SPDX-License-Identifier: GPL-2.0 */
/* The places the options name, as the kernel numbers them. */
#ifndef RSTWATCH_WHERE_H
#define RSTWATCH_WHERE_H

#include "options.h"

/**
 * where_find() - look up what -N and --cgroup name
 * @options: the fields netns_inode, cgroup_id and cgroup_level are filled in
 *
 * What is wrong is said in one line on stderr.
 *
 * Return: OPTIONS_RUN to go on, else the status to exit with.
 */
int where_find(struct options *options);

#endif
