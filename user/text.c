// SPDX-License-Identifier: GPL-2.0
/* Hostile names made safe: see text.h. */
#include <stdbool.h>
#include <string.h>

#include "text.h"

/* The rows of table 3-7: the second byte's range depends on the first. */
struct utf8_form {
	unsigned char first, last; /* lead byte */
	unsigned char second_min, second_max;
	unsigned char len;
};

static const struct utf8_form forms[] = {
	{ 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static bool continues(const struct utf8_form *form, const char *s)
{
	if (form->len == 1)
		return true;
	if ((unsigned char)s[1] < form->second_min ||
	    (unsigned char)s[1] > form->second_max)
		return false;
	for (size_t i = 2; i < form->len; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t text_utf8(const char *s, size_t len)
{
	unsigned char lead = len ? (unsigned char)*s : 0;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct utf8_form *form = &forms[i];

		if (lead < form->first || lead > form->last)
			continue;
		return form->len <= len && continues(form, s) ? form->len : 0;
	}
	return 0;
}

size_t text_printable(char *dst, const char *src, size_t max)
{
	size_t stored = 0;

	for (size_t i = 0; i < max && src[i];) {
		size_t n = 1;

		if (src[i] >= ' ' && src[i] <= '~') {
			dst[stored++] = src[i];
		} else {
			dst[stored++] = '?';
			n = text_utf8(src + i, max - i);
		}
		i += n ? n : 1;
	}
	return stored;
}
