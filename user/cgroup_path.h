/* SPDX-License-Identifier: GPL-2.0 */
/* What the path of a cgroup says by its shape: container and systemd unit. */
#ifndef RSTWATCH_CGROUP_PATH_H
#define RSTWATCH_CGROUP_PATH_H

#include <stdbool.h>

#define CGROUP_PART_MAX 256 /* bytes of one component and its NUL */

/**
 * cgroup_container() - the container a cgroup belongs to
 * @path: below the root of the hierarchy, "/system.slice/docker-ab...cd.scope"
 * @id: receives CGROUP_PART_MAX bytes at most, with the NUL
 *
 * The 64 digits that docker, containerd, CRI-O and podman name a container by,
 * whatever stands before them; the name of a machine of systemd-nspawn or of a
 * container of LXC. Of nested containers the innermost.
 *
 * Return: whether there is one.
 */
bool cgroup_container(const char *path, char *id);

/**
 * cgroup_unit() - the systemd unit a cgroup belongs to
 * @unit: receives CGROUP_PART_MAX bytes at most, with the NUL
 *
 * As systemctl spells it, that is with systemd's own escapes: "nginx.service".
 * The innermost: of a user's service it is not "user@1000.service". Slices are
 * none.
 *
 * Return: whether there is one.
 */
bool cgroup_unit(const char *path, char *unit);

#endif
