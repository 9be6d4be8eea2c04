/* SPDX-License-Identifier: GPL-2.0 */
/* How large the maps of the BPF programs are, and what is in them at first. */
#ifndef RSTWATCH_MAPS_H
#define RSTWATCH_MAPS_H

#include "bpf/event.h"
#include "options.h"

struct bpf_object;

/* maps_shape() - the fields of @config by which the programs find places */
void maps_shape(struct rw_config *config, const struct options *options);

/**
 * maps_size() - size the maps of an object that is open, not yet loaded
 *
 * Return: NULL, or the name of a map that cannot be sized; errno says why.
 */
const char *maps_size(struct bpf_object *object, const struct options *options,
		      const struct rw_config *config);

/**
 * maps_fill() - give the programs what they begin with; the object is loaded
 *
 * Return: NULL, or the name of a map that cannot be filled; errno says why.
 */
const char *maps_fill(struct bpf_object *object, const struct options *options);

#endif
