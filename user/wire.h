/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fields with a number, in the wire format of Protocol Buffers: a tag, then a
 * varint or a length and bytes. A reader steps over fields it does not know.
 * https://protobuf.dev/programming-guides/encoding/
 */
#ifndef RSTWATCH_WIRE_H
#define RSTWATCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIRE_VARINT 0
#define WIRE_BYTES 2

#define WIRE_NUMBER_MAX 13 /* a tag below 2^21 and a varint */

static inline char *wire_varint(char *p, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		*p++ = (char)(value | 0x80);
	*p++ = (char)value;
	return p;
}

/* wire_number() - a field that is 0 is left out */
static inline char *wire_number(char *p, uint32_t id, uint64_t value)
{
	if (!value)
		return p;
	p = wire_varint(p, id << 3 | WIRE_VARINT);
	return wire_varint(p, value);
}

/* wire_bytes() - written also when @len is 0 */
static inline char *wire_bytes(char *p, uint32_t id, const void *data,
			       size_t len)
{
	p = wire_varint(p, id << 3 | WIRE_BYTES);
	p = wire_varint(p, len);
	return (char *)memcpy(p, data, len) + len;
}

/* Numbers that may be below 0, so that small ones stay short. */
static inline uint64_t wire_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline int64_t wire_unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ -(value & 1));
}

/* What is left to be read. */
struct wire {
	const uint8_t *p;
	const uint8_t *end;
};

/* One field as it was found. */
struct wire_field {
	uint32_t id;
	bool is_bytes;
	uint64_t number;   /* the varint, or how many bytes */
	struct wire bytes; /* empty for a varint */
};

/**
 * wire_next() - read the next field
 *
 * Return: 1, 0 when nothing is left, -1 when what follows is no field.
 */
int wire_next(struct wire *wire, struct wire_field *field);

#endif
