/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers and addresses as text, for every sink. Each function writes at the
 * place it is given, adds no NUL, and returns the end of what it wrote; the
 * caller has made room for the most there can be.
 */
#ifndef RSTWATCH_FORMAT_H
#define RSTWATCH_FORMAT_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define FORMAT_U64_MAX 20  /* 18446744073709551615 */
#define FORMAT_IPV4_MAX 15 /* 255.255.255.255 */
#define FORMAT_IPV6_MAX 39 /* 8 groups of 4 digits */

/* format_u64() - decimal, no leading zeros */
char *format_u64(char *p, uint64_t value);

#define FORMAT_GROUPED_MAX 26

/* format_grouped() - the same for people: 4,210; FORMAT_GROUPED_MAX bytes */
char *format_grouped(char *p, uint64_t value);

/* format_i64() - decimal, with a minus sign below zero */
char *format_i64(char *p, int64_t value);

/*
 * format_eight() - eight digits, leading zeros included, of what is below 10^8
 *
 * Without a loop: the halves, then the pairs, then the digits are divided side by side in one word. Multiplying by
 * 10486 >> 20 divides by 100 what is below 10^4, 103 >> 10 by 10 what is below
 * 100.
 */
static inline char *format_eight(char *p, uint32_t value)
{
	uint64_t word = value / 10000 | (uint64_t)(value % 10000) << 32;
	uint64_t high = (word * 10486 >> 20) & 0x0000007f0000007f;

	word = high | (word - high * 100) << 16;
	high = (word * 103 >> 10) & 0x000f000f000f000f;
	word = htole64((high | (word - high * 10) << 8) | 0x3030303030303030);
	memcpy(p, &word, sizeof(word));
	return p + sizeof(word);
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
