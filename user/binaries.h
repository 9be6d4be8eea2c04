/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files whose code was seen on a stack, kept: a process that is gone by the
 * time somebody asks has left its files, or another process has them.
 */
#ifndef RSTWATCH_BINARIES_H
#define RSTWATCH_BINARIES_H

#include "binary.h"
#include "process_maps.h"

struct binaries;

struct binaries *binaries_new(void);
void binaries_free(struct binaries *binaries);

/**
 * binaries_by_id() - the file with a build id
 * @maps: of the process it was seen in; empty when that is gone
 * @comm: its name: a last place to look, believed only with that build id
 *
 * Return: stays the collection's, valid until the next call; or NULL.
 */
struct binary *binaries_by_id(struct binaries *binaries, const uint8_t *id,
			      const struct process_maps *maps,
			      const char *comm);

/* binaries_by_mapping() - the file that is mapped there; otherwise as above */
struct binary *binaries_by_mapping(struct binaries *binaries,
				   const struct process_maps *maps,
				   const struct mapping *mapping);

#endif
