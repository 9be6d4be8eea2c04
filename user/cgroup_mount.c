// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup_mount.h"

int cgroup_mount(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char line[2 * PATH_MAX];
	struct mntent entry;
	int fd = -1;

	if (!mounts)
		return -1;
	while (fd < 0 && getmntent_r(mounts, &entry, line, sizeof(line))) {
		size_t len = strlen(entry.mnt_dir);

		if (strcmp(entry.mnt_type, "cgroup2") || len >= size)
			continue;
		fd = open(entry.mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		memcpy(path, entry.mnt_dir, len + 1);
	}
	endmntent(mounts);
	return fd;
}

/* Another file system may be mounted over it, with a root of the same number. */
static bool is_root(int fd)
{
	struct statfs fs;
	struct stat st;

	return !fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC &&
	       !fstat(fd, &st) && st.st_ino == CGROUP_ROOT_ID;
}

int cgroup_root(void)
{
	char path[PATH_MAX];
	int fd = cgroup_mount(path, sizeof(path));

	if (fd >= 0 && !is_root(fd)) {
		close(fd);
		fd = -1;
	}
	return fd;
}
