// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "process_maps.h"

#define DELETED " (deleted)"

/* A path that was taken away ends so in the table. */
static char *copy_path(const char *path)
{
	size_t len = strcspn(path, "\n"), tail = strlen(DELETED);

	if (len > tail && !memcmp(path + len - tail, DELETED, tail))
		len -= tail;
	return strndup(path, len);
}

/* "begin-end perms offset major:minor inode path" */
static void read_line(struct process_maps *maps, const char *line)
{
	struct mapping m = {}, *more;
	unsigned int major, minor;
	char x;
	int at = 0;

	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %*c%*c%c%*c %" SCNx64
		   " %x:%x %" SCNu64 " %n",
		   &m.begin, &m.end, &x, &m.offset, &major, &minor, &m.inode,
		   &at) != 7 ||
	    x != 'x' || !at)
		return;
	if (maps->n == maps->room) {
		more = reallocarray(maps->mappings, maps->room + 64,
				    sizeof(*more));
		if (!more)
			return;
		maps->mappings = more;
		maps->room += 64;
	}
	m.device = makedev(major, minor);
	m.path = copy_path(line + at);
	if (m.path)
		maps->mappings[maps->n++] = m;
}

void process_maps_read(struct process_maps *maps, pid_t pid)
{
	char path[32], *line = NULL;
	size_t size = 0;
	FILE *file;

	*maps = (struct process_maps){ .pid = pid };
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (getline(&line, &size, file) > 0)
		read_line(maps, line);
	free(line);
	fclose(file);
}

void process_maps_free(struct process_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++)
		free(maps->mappings[i].path);
	free(maps->mappings);
	*maps = (struct process_maps){};
}

const struct mapping *process_maps_find(const struct process_maps *maps,
					uint64_t address)
{
	for (size_t i = 0; i < maps->n; i++)
		if (address >= maps->mappings[i].begin &&
		    address < maps->mappings[i].end)
			return &maps->mappings[i];
	return NULL;
}

/* A process may have put anything there: a FIFO would make us wait. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -1;
}

int process_maps_open(const struct process_maps *maps, const struct mapping *m)
{
	char *path;
	int fd = -1;

	if (!m->inode)
		return -1;
	/* needs CAP_SYS_ADMIN; the link leads to the file itself */
	if (asprintf(&path, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
		     maps->pid, m->begin, m->end) > 0) {
		fd = open_regular(path);
		free(path);
	}
	if (fd < 0 &&
	    asprintf(&path, "/proc/%d/root%s", maps->pid, m->path) > 0) {
		fd = open_regular(path);
		free(path);
	}
	return fd;
}
