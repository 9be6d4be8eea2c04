/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers and addresses as text, for every sink. Each function writes at the
 * place it is given, adds no NUL, and returns the end of what it wrote; the
 * caller has made room for the most there can be.
 */
#ifndef RSTWATCH_FORMAT_H
#define RSTWATCH_FORMAT_H

#include <stdint.h>
#include <string.h>

#define FORMAT_U64_MAX 21  /* 18446744073709551615, and a byte to spare */
#define FORMAT_IPV4_MAX 15 /* 255.255.255.255 */
#define FORMAT_IPV6_MAX 39 /* 8 groups of 4 digits */

/* format_u64() - decimal, no leading zeros; may write all of FORMAT_U64_MAX */
char *format_u64(char *p, uint64_t value);

#define FORMAT_GROUPED_MAX 26

/* format_grouped() - the same for people: 4,210; FORMAT_GROUPED_MAX bytes */
char *format_grouped(char *p, uint64_t value);

/* format_i64() - decimal, with a minus sign below zero */
char *format_i64(char *p, int64_t value);

/* Three digits for one division, and how many of them are leading zeros. */
extern const char format_triples[1000][4];

/*
 * format_three() - three digits, leading zeros included, of what is below 1000
 *
 * Writes a fourth byte, for what follows to overwrite: one store, not two.
 */
static inline char *format_three(char *p, uint32_t value)
{
	memcpy(p, format_triples[value], 4);
	return p + 3;
}

/* format_first() - what is below 1000 without its zeros; otherwise the same */
static inline char *format_first(char *p, uint32_t value)
{
	const char *digits = format_triples[value];
	size_t zeros = (size_t)digits[3];

	memcpy(p, digits + zeros, 4);
	return p + 3 - zeros;
}

/* format_six() - below 10^6, no leading zeros; otherwise the same */
static inline char *format_six(char *p, uint32_t value)
{
	uint32_t thousands = value / 1000;

	if (!thousands)
		return format_first(p, value);
	p = format_first(p, thousands);
	return format_three(p, value - thousands * 1000);
}

/* format_nine() - nine digits of what is below 10^9; otherwise the same */
static inline char *format_nine(char *p, uint32_t value)
{
	uint32_t millions = value / 1000000, thousands = value / 1000;

	p = format_three(p, millions);
	p = format_three(p, thousands - millions * 1000);
	return format_three(p, value - thousands * 1000);
}

/**
 * format_padded() - decimal with leading zeros
 * @digits: how many, even; higher digits of @value are cut off
 */
char *format_padded(char *p, uint64_t value, unsigned int digits);

/* format_ipv4() - dotted decimal; @address in network order, 4 bytes */
char *format_ipv4(char *p, const uint8_t *address);

/* format_ipv6() - as RFC 5952 says; @address in network order, 16 bytes */
char *format_ipv6(char *p, const uint8_t *address);

/* format_address() - @family is 4 or 6, as in struct rw_event */
static inline char *format_address(char *p, uint8_t family,
				   const uint8_t *address)
{
	return family == 6 ? format_ipv6(p, address) : format_ipv4(p, address);
}

#endif
