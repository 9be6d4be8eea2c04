/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSTWATCH_CGROUP_ROOT_H
#define RSTWATCH_CGROUP_ROOT_H

/*
 * cgroup_root() - a descriptor of the root of the hierarchy (v2), mounted or not
 *
 * Return: the caller's, to attach programs to; -1: it is not to be had, from within
 * a cgroup namespace for one.
 */
int cgroup_root(void);

#endif
