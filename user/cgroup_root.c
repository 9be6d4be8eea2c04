// SPDX-License-Identifier: GPL-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_root.h"

#define ROOT_ID 1 /* of every hierarchy: kernfs_create_root() */

/* A mount of our own, which nobody sees: where else it is does not matter. */
int cgroup_root(void)
{
	int fs = fsopen("cgroup2", FSOPEN_CLOEXEC), root = -1;
	struct stat st;

	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		root = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	if (root >= 0 && (fstat(root, &st) || st.st_ino != ROOT_ID)) {
		close(root);
		root = -1;
	}
	return root;
}
