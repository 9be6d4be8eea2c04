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
 * @path: a file with it, raw or ELF; NULL: the kernel's own. Stays the
 *	caller's, and in use for kernel_btf_path().
 *
 * Return: 0, or a negative errno: -ESRCH when it is not of a kernel, -ESTALE
 * when it is of another one.
 */
int kernel_open(const char *path);

void kernel_close(void);

/* kernel_btf_path() - what kernel_open() was given last, also after closing */
const char *kernel_btf_path(void);

/* kernel_has_function() - whether the BTF knows the function @name */
bool kernel_has_function(const char *name);

/* kernel_function_id() - BTF type id of function @name, negative if unknown */
int kernel_function_id(const char *name);

/* kernel_tracepoint_id() - the same for a tracepoint */
int kernel_tracepoint_id(const char *name);

/*
 * kernel_lockdown() - "none", "integrity" or "confidentiality"
 *
 * Return: a constant; NULL where the kernel does not tell.
 */
const char *kernel_lockdown(void);

/**
 * kernel_describe() - fill in what the programs have to know of the kernel
 * @config: the fields hz, reason*, reset_has_skb, tp_has_reason and returns
 */
void kernel_describe(struct rw_config *config);

#endif
