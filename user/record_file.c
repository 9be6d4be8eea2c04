// SPDX-License-Identifier: GPL-2.0
/* Files of recordings: see record_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "record_file.h"
#include "text.h"

/* Whatever the user typed, on one line. Return: @status */
static int refuse(const char *path, const char *why, int status)
{
	char name[PATH_MAX + 1] = "";

	text_printable(name, path, PATH_MAX);
	fprintf(stderr, "rstwatch: cannot write '%s': %s\n", name, why);
	return status;
}

static bool is_same(const struct stat *a, int fd)
{
	struct stat b;

	return fd >= 0 && !fstat(fd, &b) && a->st_dev == b.st_dev &&
	       a->st_ino == b.st_ino;
}

static int use_stdout(struct record_file *file)
{
	if (isatty(STDOUT_FILENO))
		return refuse("-", "a recording is nothing for a terminal",
			      EX_USAGE);
	file->fd = STDOUT_FILENO;
	return 0;
}

static int open_new(const char *path, int flags)
{
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | flags,
		    0666);
}

int record_file_open(struct record_file *file, const struct options *o,
		     int not_this)
{
	struct stat st = { 0 };
	int err = 0;

	*file = (struct record_file){ .path = o->write,
				      .fd = -1,
				      .rotate_bytes = o->rotate_bytes,
				      .keep = o->rotate_keep };
	if (!strcmp(file->path, "-"))
		return use_stdout(file);
	file->fd = open_new(file->path, 0);
	if (file->fd < 0 || fstat(file->fd, &st))
		return refuse(file->path, strerror(errno), EXIT_FAILURE);
	if (is_same(&st, not_this))
		return refuse(file->path, "it is the file to be read",
			      EX_USAGE);
	if (!S_ISREG(st.st_mode))
		return file->rotate_bytes
			       ? refuse(file->path,
					"only regular files can be rotated",
					EX_USAGE)
			       : 0;
	if (file->rotate_bytes && st.st_size)
		err = record_file_rotate(file);
	else if (ftruncate(file->fd, 0))
		err = -errno;
	return err ? refuse(file->path, strerror(-err), EXIT_FAILURE) : 0;
}

/* The name of an older file; false when it would be too long. */
static bool older_name(char *name, const struct record_file *file,
		       uint32_t number)
{
	int len = number ? snprintf(name, PATH_MAX, "%s.%u", file->path, number)
			 : snprintf(name, PATH_MAX, "%s", file->path);

	return len > 0 && len < PATH_MAX;
}

/* How many older files there are, without a gap. */
static uint32_t count_older(const struct record_file *file)
{
	char name[PATH_MAX];
	uint32_t n = 0;

	while (n < file->keep && older_name(name, file, n + 1) &&
	       !access(name, F_OK))
		n++;
	return n;
}

/* Make room for the plain name, oldest first. */
static int shift(const struct record_file *file)
{
	uint32_t n = count_older(file);
	char from[PATH_MAX], to[PATH_MAX];

	if (!file->keep)
		return unlink(file->path) ? -errno : 0;
	if (n == file->keep)
		n--; /* the last is overwritten */
	for (uint32_t i = n + 1; i-- > 0;) {
		if (!older_name(from, file, i) || !older_name(to, file, i + 1))
			return -ENAMETOOLONG;
		if (rename(from, to))
			return -errno;
	}
	return 0;
}

int record_file_rotate(struct record_file *file)
{
	int err = record_file_close(file);

	if (!err)
		err = shift(file);
	if (err)
		return err;
	file->fd = open_new(file->path, O_EXCL);
	return file->fd < 0 ? -errno : 0;
}

int record_file_close(struct record_file *file)
{
	int fd = file->fd;

	file->fd = -1;
	if (fd < 0 || fd == STDOUT_FILENO)
		return 0;
	return close(fd) ? -errno : 0;
}
