/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A streaming JSON writer without tree, allocation or checks: every function
 * writes at the place it is given and returns the end. The caller makes room
 * for the whole record first. Keys and punctuation are literals, so that each
 * becomes a copy of constant length.
 */
#ifndef RSTWATCH_JSON_H
#define RSTWATCH_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "clock.h"
#include "format.h"
#include "names.h"

/* The most that json_string() writes for a string of max bytes. */
#define JSON_STRING_MAX(max) (6 * (max) + 2)

static inline char *json_copy(char *p, const char *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

/* Punctuation or a constant value, copied as it is. */
#define JSON_RAW(p, literal) json_copy(p, literal, sizeof(literal) - 1)

/* ,"name": and, for the first member of an object, "name": */
#define JSON_KEY(p, name) JSON_RAW(p, ",\"" name "\":")
#define JSON_FIRST(p, name) JSON_RAW(p, "\"" name "\":")

static inline char *json_null(char *p)
{
	return JSON_RAW(p, "null");
}

static inline char *json_bool(char *p, bool value)
{
	return value ? JSON_RAW(p, "true") : JSON_RAW(p, "false");
}

static inline char *json_u64(char *p, uint64_t value)
{
	if (value >= 10)
		return format_u64(p, value);
	*p = (char)('0' + value); /* most counts are 0 */
	return p + 1;
}

static inline char *json_i64(char *p, int64_t value)
{
	return format_i64(p, value);
}

static inline char *json_u64_or_null(char *p, bool known, uint64_t value)
{
	return known ? json_u64(p, value) : json_null(p);
}

/* A word in quotes, or null. Copies the whole array: cheaper than looking. */
static inline char *json_name(char *p, const struct name *name)
{
	if (!name)
		return json_null(p);
	*p++ = '"';
	memcpy(p, name->text, sizeof(name->text));
	p += name->len;
	*p++ = '"';
	return p;
}

/* A time in quotes; @ktime_ns: CLOCK_MONOTONIC */
static inline char *json_time(char *p, struct clock *clock, uint64_t ktime_ns)
{
	*p++ = '"';
	p = clock_utc(clock, p, ktime_ns);
	*p++ = '"';
	return p;
}

/**
 * json_string() - a quoted string
 * @s: any bytes, up to a NUL or @max bytes
 * @max: bytes; room for JSON_STRING_MAX(max) is needed
 *
 * Control characters, DEL and U+0080 to U+009F become \u00XX, bytes that are
 * not UTF-8 become U+FFFD: the line is valid JSON and safe on a terminal.
 */
char *json_string(char *p, const char *s, size_t max);

/* json_string_or_null() - null when @s is NULL */
static inline char *json_string_or_null(char *p, const char *s, size_t max)
{
	return s ? json_string(p, s, max) : json_null(p);
}

#endif
