// SPDX-License-Identifier: GPL-2.0
/* Network namespaces by inode number and by name: see netns.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "netns.h"

#define DIRECTORY "/run/netns" /* iproute2's; /var/run is a link to /run */
#define NAMES_MAX 4096

/*
 * A directory that was changed this short a time before it was read may change
 * again without a new time stamp: one tick of a clock of 100 Hz, and to spare.
 */
#define TICK_NS 30000000LL
#define BELIEVED_NS 1000000000LL

struct entry {
	uint32_t inode;
	char name[NAME_MAX + 1];
};

static struct {
	struct entry *entries; /* sorted by inode, then by name */
	size_t n, room;
	struct timespec changed; /* the directory, when it was read */
	int64_t read_ns; /* CLOCK_MONOTONIC; 0: it is to be read again */
	bool expired;
	uint32_t version;
} names = { .expired = true };

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int by_inode(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool is_netns(int fd)
{
	return ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

static struct entry *new_entry(void)
{
	if (names.n == NAMES_MAX)
		return NULL;
	if (names.n == names.room) {
		size_t room = names.room ? 2 * names.room : 16;
		struct entry *more =
			realloc(names.entries, room * sizeof(*more));

		if (!more)
			return NULL;
		names.entries = more;
		names.room = room;
	}
	return &names.entries[names.n];
}

/* Return: false: `ip netns add` has made the file and is to mount on it. */
static bool add_name(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct entry *entry = new_entry();
	bool settled = fd >= 0 && is_netns(fd);
	struct stat st;

	if (settled && entry && !fstat(fd, &st)) {
		entry->inode = (uint32_t)st.st_ino;
		snprintf(entry->name, sizeof(entry->name), "%s", name);
		names.n++;
	}
	if (fd >= 0)
		close(fd);
	return settled;
}

/* Return: whether all of it is settled. */
static bool read_entries(DIR *dir)
{
	bool settled = true;
	struct dirent *d;

	names.n = 0;
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			settled &= add_name(dirfd(dir), d->d_name);
	qsort(names.entries, names.n, sizeof(*names.entries), by_inode);
	return settled;
}

static void read_directory(const struct stat *st)
{
	int64_t age = now_ns(CLOCK_REALTIME) -
		      (st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec);
	DIR *dir = opendir(DIRECTORY);

	names.version++;
	names.changed = st->st_mtim;
	names.read_ns = 0;
	names.n = 0;
	if (!dir)
		return;
	if (age > (read_entries(dir) ? TICK_NS : BELIEVED_NS))
		names.read_ns = now_ns(CLOCK_MONOTONIC);
	closedir(dir);
}

static bool is_believed(const struct stat *st)
{
	return names.read_ns && st->st_mtim.tv_sec == names.changed.tv_sec &&
	       st->st_mtim.tv_nsec == names.changed.tv_nsec &&
	       now_ns(CLOCK_MONOTONIC) - names.read_ns < BELIEVED_NS;
}

static void look(void)
{
	struct stat st;

	if (!names.expired)
		return;
	names.expired = false;
	if (!stat(DIRECTORY, &st)) {
		if (!is_believed(&st))
			read_directory(&st);
	} else if (names.n) {
		names.n = 0;
		names.read_ns = 0;
		names.version++;
	}
}

void netns_expire(void)
{
	names.expired = true;
}

uint32_t netns_version(void)
{
	look();
	return names.version;
}

const char *netns_name(uint32_t inode)
{
	size_t low = 0, high;

	look();
	for (high = names.n; low < high;) {
		size_t middle = (low + high) / 2;

		if (names.entries[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low < names.n && names.entries[low].inode == inode
		       ? names.entries[low].name
		       : NULL;
}

static int inode_of(const char *path, uint32_t *inode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!is_netns(fd))
		err = -EINVAL;
	else if (fstat(fd, &st))
		err = -errno;
	else
		*inode = (uint32_t)st.st_ino;
	close(fd);
	return err;
}

/* Is some task in it? */
static bool has_task(uint32_t inode)
{
	glob_t tasks;
	struct stat st;
	bool found = false;

	if (glob("/proc/[0-9]*/task/[0-9]*/ns/net", GLOB_NOSORT, NULL, &tasks))
		return false;
	for (size_t i = 0; !found && i < tasks.gl_pathc; i++)
		found = !stat(tasks.gl_pathv[i], &st) && st.st_ino == inode;
	globfree(&tasks);
	return found;
}

/* Is it kept by a mount, wherever? */
static bool is_mounted(uint32_t inode)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	bool found = false;
	char *line = NULL;
	size_t size = 0;
	char root[32];

	if (!mounts)
		return false;
	snprintf(root, sizeof(root), " net:[%u] ", inode);
	while (!found && getline(&line, &size, mounts) > 0)
		found = strstr(line, root);
	free(line);
	fclose(mounts);
	return found;
}

static bool is_number(const char *what, uint32_t *number)
{
	unsigned long long value;

	if (!*what || what[strspn(what, "0123456789")] || strlen(what) > 10)
		return false;
	value = strtoull(what, NULL, 10);
	*number = (uint32_t)value;
	return value && value <= UINT32_MAX;
}

int netns_find(const char *what, uint32_t *inode)
{
	char path[sizeof(DIRECTORY) + 1 + NAME_MAX];
	int err = -ENOENT;

	if (strchr(what, '/'))
		return inode_of(what, inode);
	if (*what && what[0] != '.' && strlen(what) <= NAME_MAX) {
		snprintf(path, sizeof(path), DIRECTORY "/%s", what);
		err = inode_of(path, inode);
	}
	if (err == -ENOENT && is_number(what, inode) &&
	    (has_task(*inode) || is_mounted(*inode)))
		return 0;
	return err;
}
