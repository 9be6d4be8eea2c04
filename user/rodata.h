/* SPDX-License-Identifier: GPL-2.0 */
/* From options and kernel to the constants of the BPF programs. */
#ifndef RSTWATCH_RODATA_H
#define RSTWATCH_RODATA_H

#include "bpf/event.h"
#include "options.h"

struct bpf_object;

/**
 * rodata_fill() - set the filters of an object that is open, not yet loaded
 * @config: copied in; its filter fields are set from @options first
 *
 * Return: 0, or a negative errno when the object lacks a variable.
 */
int rodata_fill(struct bpf_object *object, struct rw_config *config,
		const struct options *options);

/* rodata_filters() - the fields of @config that bpf/filter.h goes by */
void rodata_filters(struct rw_config *config, const struct options *options);

/* rodata_ports() - add to a set of RW_PORT_WORDS */
void rodata_ports(__u64 *set, const struct number_list *ports);

#endif
