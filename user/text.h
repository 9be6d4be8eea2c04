/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names that somebody else chose (a task's comm, an argument) made safe to
 * show: a process may call itself an escape sequence.
 */
#ifndef RSTWATCH_TEXT_H
#define RSTWATCH_TEXT_H

#include <stddef.h>

/**
 * text_utf8() - length of the UTF-8 sequence at the start of a string
 * @s: first byte
 * @len: bytes available
 *
 * Well-formed by table 3-7 of the Unicode standard: no overlong forms, no
 * surrogates, nothing above U+10FFFF.
 *
 * Return: 1 to 4, or 0 when no well-formed sequence starts here.
 */
size_t text_utf8(const char *s, size_t len);

/**
 * text_printable() - copy for a terminal
 * @dst: receives at most @max bytes, no terminating NUL
 * @src: ends at a NUL or after @max bytes
 * @max: bytes
 *
 * Printable ASCII is kept. Every other character becomes one '?', a byte that
 * is not UTF-8 too: bytes above 0x7f are control characters to some terminals.
 *
 * Return: bytes stored, which are also the columns they take.
 */
size_t text_printable(char *dst, const char *src, size_t max);

#endif
