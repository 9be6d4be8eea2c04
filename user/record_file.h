/* SPDX-License-Identifier: GPL-2.0 */
/* The file, or the row of files, that a recording is written to. */
#ifndef RSTWATCH_RECORD_FILE_H
#define RSTWATCH_RECORD_FILE_H

#include <stdint.h>

#include "options.h"

struct record_file {
	const char *path; /* "-": standard output */
	int fd;
	uint64_t rotate_bytes; /* begin a new file after so many; 0: never */
	uint32_t keep;	       /* older files that stay; OPTIONS_KEEP_ALL */
};

/**
 * record_file_open() - create or empty the file the options name
 * @not_this: a descriptor that is being read, or -1: refused, rather than
 *	      emptied
 *
 * With rotation a file that is already there moves on as if it were full. What
 * is wrong is said in one line on stderr.
 *
 * Return: 0, or the exit code of the program.
 */
int record_file_open(struct record_file *file, const struct options *options,
		     int not_this);

/**
 * record_file_rotate() - close the file, rename it, begin the next
 *
 * The newest file has always the plain name; FILE becomes FILE.1, FILE.1
 * becomes FILE.2 and so on, as logrotate does it.
 *
 * Return: 0, or a negative errno; fd is -1 then.
 */
int record_file_rotate(struct record_file *file);

/* record_file_close() - Return: 0, or the negative errno of a late failure */
int record_file_close(struct record_file *file);

#endif
