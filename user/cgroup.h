/* SPDX-License-Identifier: GPL-2.0 */
/* Cgroups (v2) by number and by path, as they are mounted on this host. */
#ifndef RSTWATCH_CGROUP_H
#define RSTWATCH_CGROUP_H

#include <stdint.h>

#define CGROUP_PATH_MAX 1024 /* longer ones are not shown */

/* What a cgroup is called. NULL: not known, or there is none. */
struct cgroup_name {
	const char *path; /* below the root of the hierarchy, "/" is the root */
	const char *unit;
	const char *container_id;
};

/**
 * cgroup_name() - the names of a cgroup
 * @id: as the kernel numbers it; numbers are not used again
 *
 * Remembers what it found, also of cgroups that are removed afterwards. One
 * that was gone before has no names.
 *
 * Return: valid until the next call; never NULL.
 */
const struct cgroup_name *cgroup_name(uint64_t id);

/**
 * cgroup_find() - the cgroup that has a path
 * @path: below the root of the hierarchy, or in the file system
 * @level: receives its depth, 0 for the root
 *
 * Return: 0; -ENOENT: there is no such cgroup; -EXDEV: its depth cannot be
 * known in a cgroup namespace; another negative errno.
 */
int cgroup_find(const char *path, uint64_t *id, uint32_t *level);

#endif
