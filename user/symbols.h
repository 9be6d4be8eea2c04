/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where function names come from: libdw, which knows debug information, its
 * separate files and inlined calls; without it the file's own symbol table.
 */
#ifndef RSTWATCH_SYMBOLS_H
#define RSTWATCH_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct symbols;

/* A function, and those that were inlined at the place asked for. */
#define SYMBOLS_DEPTH 16
struct symbol_names {
	/* innermost first, the function itself last; valid until the next call */
	const char *names[SYMBOLS_DEPTH];
	unsigned int n;
	uint64_t start; /* of the function: address as the file has it */
};

struct symbol_source {
	/* @fd, @path: stay the caller's and must outlive it. NULL: failed */
	struct symbols *(*open)(int fd, const char *path);
	void (*close)(struct symbols *symbols);
	/* @address: as the file has it. Return: whether there is a function */
	bool (*find)(struct symbols *symbols, uint64_t address,
		     struct symbol_names *found);
};

#ifdef HAVE_LIBDW
extern const struct symbol_source symbols_dwarf;
#endif
extern const struct symbol_source symbols_elf;

#endif
