/* SPDX-License-Identifier: GPL-2.0 */
/* Text in lines of a limited width, and how wide a terminal is. */
#ifndef RSTWATCH_FILL_H
#define RSTWATCH_FILL_H

#include <stddef.h>

/**
 * fill() - break a text at its blanks into lines
 * @p: receives at most twice @len bytes and @indent for each line; no NUL
 * @text: words, one blank between two; bytes are columns
 * @indent: blanks before each line
 * @width: columns, 0: all in one line; a longer word has a line of its own
 *
 * Every line ends with a newline, the last one too.
 *
 * Return: the end of what was written.
 */
char *fill(char *p, const char *text, size_t len, size_t indent, size_t width);

/**
 * fill_width() - columns of the terminal behind a descriptor
 *
 * Return: 0 when it is no terminal, or one that does not know or is too narrow
 * to be of use.
 */
size_t fill_width(int fd);

#endif
