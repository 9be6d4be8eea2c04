/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of kernel addresses, from /proc/kallsyms. The kernel, its modules and
 * BPF programs are there; who may not read addresses is shown zeroes
 * (kernel.kptr_restrict), and then nothing has a name.
 */
#ifndef RSTWATCH_KERNEL_SYMBOLS_H
#define RSTWATCH_KERNEL_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_symbols;

struct kernel_symbol {
	const char *name;   /* until the symbols are freed */
	const char *module; /* "" for the kernel itself */
	uint64_t offset;    /* of the address from the start of the function */
};

/**
 * kernel_symbols_new() - read the table
 * @kallsyms: path, /proc/kallsyms
 * @modules: path, /proc/modules: where modules end
 *
 * Return: to be freed with kernel_symbols_free(), or NULL when the table cannot
 * be read, or has no addresses.
 */
struct kernel_symbols *kernel_symbols_new(const char *kallsyms,
					  const char *modules);

void kernel_symbols_free(struct kernel_symbols *symbols);

/**
 * kernel_symbols_find() - the function an address lies in
 *
 * Return: whether there is one; an address outside the kernel's text and that
 * of its modules has none.
 */
bool kernel_symbols_find(const struct kernel_symbols *symbols, uint64_t address,
			 struct kernel_symbol *found);

#endif
