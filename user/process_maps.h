/* SPDX-License-Identifier: GPL-2.0 */
/* Which files a process has mapped, and where: /proc/PID/maps. */
#ifndef RSTWATCH_PROCESS_MAPS_H
#define RSTWATCH_PROCESS_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mapping {
	uint64_t begin, end; /* addresses in the process */
	uint64_t offset;     /* of begin, in the file */
	uint64_t inode;	     /* 0: no file */
	dev_t device;
	char *path; /* as the process's own mount namespace has it */
};

/* The executable mappings; n is 0 when the process is gone. */
struct process_maps {
	pid_t pid;
	size_t n, room;
	struct mapping *mappings;
};

/* process_maps_read() - fill in; released by process_maps_free() */
void process_maps_read(struct process_maps *maps, pid_t pid);

void process_maps_free(struct process_maps *maps);

/* process_maps_find() - the mapping an address lies in, or NULL */
const struct mapping *process_maps_find(const struct process_maps *maps,
					uint64_t address);

/**
 * process_maps_open() - open the very file that is mapped
 *
 * Also when it was deleted, or lies in another mount namespace. Only regular
 * files.
 *
 * Return: a descriptor, or -1.
 */
int process_maps_open(const struct process_maps *maps,
		      const struct mapping *mapping);

#endif
