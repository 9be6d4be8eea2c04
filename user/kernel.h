/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this kernel calls things, read from its BTF: argument positions and
 * enum numbers differ between versions, and inside stable series too.
 */
#ifndef RSTWATCH_KERNEL_H
#define RSTWATCH_KERNEL_H

#include <stdbool.h>

#include "bpf/event.h"

/**
 * kernel_open() - load the kernel's BTF
 *
 * Return: 0, or a negative errno when the kernel offers none.
 */
int kernel_open(void);

void kernel_close(void);

/* kernel_has_function() - whether the BTF knows the function @name */
bool kernel_has_function(const char *name);

/* kernel_function_id() - BTF type id of function @name, negative if unknown */
int kernel_function_id(const char *name);

/**
 * kernel_describe() - fill in what the programs have to know of the kernel
 * @config: the fields hz, reason*, reset_has_skb and tp_has_reason
 */
void kernel_describe(struct rw_config *config);

#endif
