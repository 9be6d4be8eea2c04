/* SPDX-License-Identifier: GPL-2.0 */
/* Names of the places in an ELF file: a program or a library. */
#ifndef RSTWATCH_BINARY_H
#define RSTWATCH_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUILD_ID_LEN 20

struct binary;

/**
 * binary_open() - look at a file
 * @fd: becomes the binary's, also on failure
 * @path: what it is called; what lies beside it may hold debug information
 *
 * Return: to be released with binary_close(), or NULL when it is no ELF file.
 */
struct binary *binary_open(int fd, const char *path);

void binary_close(struct binary *binary);

const char *binary_path(const struct binary *binary);

/* binary_build_id() - BUILD_ID_LEN bytes, padded with zeroes; NULL: has none */
const uint8_t *binary_build_id(const struct binary *binary);

/**
 * binary_name() - the function at a place of the file
 * @offset: in bytes from the start of the file
 * @returns: the place is where a call returns to, so the call is before it
 * @text: filled in: "function+0xoff", demangled; functions that were inlined
 *	there come before it: "inner (inlined by) outer+0xoff"
 * @size: of @text, longer names are cut
 *
 * Return: whether there is one; @text is empty otherwise.
 */
bool binary_name(struct binary *binary, uint64_t offset, bool returns,
		 char *text, size_t size);

#endif
