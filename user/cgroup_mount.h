/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the hierarchy of cgroups (v2) is mounted. Never mounted anew: that would set
 * its options, which all mounts of it share, to none.
 */
#ifndef RSTWATCH_CGROUP_MOUNT_H
#define RSTWATCH_CGROUP_MOUNT_H

#include <stddef.h>

#define CGROUP_ROOT_ID 1 /* of every hierarchy: kernfs_create_root() */

/**
 * cgroup_mount() - open the directory it is mounted at
 * @path: receives the name of that, of @size bytes
 *
 * Return: a descriptor, the caller's; -1: there is none.
 */
int cgroup_mount(char *path, size_t size);

/*
 * cgroup_root() - the same, if it is the root of the hierarchy
 *
 * In a cgroup namespace, and in most containers, it is not.
 */
int cgroup_root(void);

#endif
