// SPDX-License-Identifier: GPL-2.0
/* Cgroups by number and by path: see cgroup.h. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_mount.h"
#include "cgroup_path.h"

#define FILEID_KERNFS 0xfe	     /* include/linux/exportfs.h */
#define INITIAL_NAMESPACE 0xeffffffb /* PROC_CGROUP_INIT_INO */

/* Where the hierarchy is mounted: on hybrid hosts not at /sys/fs/cgroup. */
static struct {
	bool looked;
	int fd; /* -1: nowhere */
	size_t len;
	char path[PATH_MAX];
} mount = { .fd = -1 };

/* Cgroups live longer than connections: one place a number is enough. */
#define CACHE_SIZE 1024

struct cached {
	uint64_t id; /* 0: empty */
	struct cgroup_name name;
	char path[CGROUP_PATH_MAX];
	char unit[CGROUP_PART_MAX];
	char container_id[CGROUP_PART_MAX];
};

static struct cached *cache[CACHE_SIZE];

static bool is_mounted(void)
{
	if (!mount.looked) {
		mount.looked = true;
		mount.fd = cgroup_mount(mount.path, sizeof(mount.path));
		mount.len = strlen(mount.path);
	}
	return mount.fd >= 0;
}

/* The path below the mount; NULL: it is not there. */
static const char *below_mount(const char *path)
{
	if (strncmp(path, mount.path, mount.len))
		return NULL;
	path += mount.len;
	if (!*path)
		return "/";
	return *path == '/' ? path : NULL;
}

/* The kernel opens a cgroup by its number: 5.5 and later. */
static int open_by_id(uint64_t id)
{
	struct {
		struct file_handle handle;
		uint64_t id;
	} h = { .handle = { .handle_bytes = sizeof(id),
			    .handle_type = FILEID_KERNFS } };

	memcpy(h.handle.f_handle, &id, sizeof(id));
	return open_by_handle_at(mount.fd, &h.handle, O_PATH | O_CLOEXEC);
}

static bool path_of_fd(int fd, char *path, size_t size)
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, size - 1);
	if (len < 0 || (size_t)len >= size - 1)
		return false;
	path[len] = '\0';
	return true;
}

/* nftw() has no argument of its own. */
static struct {
	uint64_t id;
	char *path;
} sought;

static int compare(const char *path, const struct stat *st, int type,
		   struct FTW *ftw)
{
	(void)ftw;
	if (type != FTW_D || st->st_ino != sought.id ||
	    strlen(path) >= PATH_MAX)
		return 0;
	strcpy(sought.path, path);
	return 1;
}

/* Without the capability to open by number every directory is looked at. */
static bool walk_to(uint64_t id, char *path)
{
	bool found;

	sought.id = id;
	sought.path = path;
	found = nftw(mount.path, compare, 32, FTW_PHYS | FTW_MOUNT) == 1;
	sought.path = NULL;
	return found;
}

/* @path: PATH_MAX bytes */
static bool path_of_id(uint64_t id, char *path)
{
	int fd = open_by_id(id);
	bool found;

	if (fd < 0)
		return errno == EPERM && walk_to(id, path);
	found = path_of_fd(fd, path, PATH_MAX);
	close(fd);
	return found;
}

static void name(struct cached *c)
{
	char whole[PATH_MAX];
	const char *path = NULL;

	if (is_mounted() && path_of_id(c->id, whole))
		path = below_mount(whole);
	else if (c->id == CGROUP_ROOT_ID)
		path = "/";
	if (!path || strlen(path) >= sizeof(c->path))
		return;
	strcpy(c->path, path);
	c->name.path = c->path;
	if (cgroup_unit(path, c->unit))
		c->name.unit = c->unit;
	if (cgroup_container(path, c->container_id))
		c->name.container_id = c->container_id;
}

const struct cgroup_name *cgroup_name(uint64_t id)
{
	static const struct cgroup_name unknown;
	struct cached **place = &cache[id % CACHE_SIZE];

	if (*place && (*place)->id == id)
		return &(*place)->name;
	if (!*place)
		*place = malloc(sizeof(**place));
	if (!*place)
		return &unknown;
	(*place)->id = id;
	(*place)->name = unknown;
	name(*place);
	return &(*place)->name;
}

static uint32_t depth(const char *path)
{
	uint32_t n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1] && path[1] != '/';
	return n;
}

/* In a namespace the depth of its root is hidden. */
static bool sees_all_levels(void)
{
	struct stat st;

	return !stat("/proc/self/ns/cgroup", &st) &&
	       st.st_ino == INITIAL_NAMESPACE;
}

/* The real path of what the user typed: in the file system, or below the root */
static int resolve(const char *typed, char *path)
{
	char joined[2 * PATH_MAX];
	struct statfs fs;

	if (realpath(typed, path) && !statfs(path, &fs) &&
	    fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	snprintf(joined, sizeof(joined), "%s/%s", mount.path, typed);
	if (!realpath(joined, path))
		return -errno;
	return 0;
}

int cgroup_find(const char *typed, uint64_t *id, uint32_t *level)
{
	char path[PATH_MAX];
	const char *below;
	struct stat st;
	int err;

	if (!is_mounted())
		return -ENODEV;
	if (!*typed)
		return -ENOENT;
	err = resolve(typed, path);
	if (err)
		return err == -ENOTDIR ? -ENOENT : err;
	below = below_mount(path);
	if (!below || stat(path, &st) || !S_ISDIR(st.st_mode))
		return -ENOENT;
	if (!sees_all_levels())
		return -EXDEV;
	*id = st.st_ino;
	*level = depth(below);
	return 0;
}
