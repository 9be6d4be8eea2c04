// SPDX-License-Identifier: GPL-2.0
/* JSON strings: see json.h. */
#include "json.h"
#include "text.h"

static char *put_escaped(char *p, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	p = JSON_RAW(p, "\\u00");
	*p++ = digits[c >> 4];
	*p++ = digits[c & 0xf];
	return p;
}

/* Anything but plain ASCII; @used says how many bytes of @s it stands for. */
static char *put_special(char *p, const char *s, size_t len, size_t *used)
{
	unsigned char c = (unsigned char)*s;

	*used = text_utf8(s, len);
	if (!*used) {
		*used = 1;
		return JSON_RAW(p, "\xef\xbf\xbd"); /* U+FFFD */
	}
	if (c == '"' || c == '\\') {
		*p++ = '\\';
		*p++ = *s;
		return p;
	}
	if (*used == 1)
		return put_escaped(p, c);
	if (c == 0xc2 && (unsigned char)s[1] < 0xa0)
		return put_escaped(p, (unsigned char)s[1]);
	return json_copy(p, s, *used);
}

/* What stands for itself; 0 ends a string and is not among it. */
static const bool plain[256] = {
	[' '] = true,
	['!'] = true,
	['#' ... '['] = true,
	[']' ... '~'] = true,
};

char *json_string(char *p, const char *s, size_t max)
{
	*p++ = '"';
	for (size_t i = 0; i < max;) {
		size_t used;

		if (plain[(unsigned char)s[i]]) {
			*p++ = s[i++];
			continue;
		}
		if (!s[i])
			break;
		p = put_special(p, s + i, max - i, &used);
		i += used;
	}
	*p++ = '"';
	return p;
}
