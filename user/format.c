// SPDX-License-Identifier: GPL-2.0
/* Numbers and addresses as text: see format.h. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "format.h"

#define BILLION 1000000000

/* Ten in a row, all with as many leading zeros. */
#define ONES(tens, zeros)                                               \
	tens "0" zeros, tens "1" zeros, tens "2" zeros, tens "3" zeros, \
		tens "4" zeros, tens "5" zeros, tens "6" zeros,         \
		tens "7" zeros, tens "8" zeros, tens "9" zeros
#define TENS(hundreds, zeros)                                         \
	ONES(hundreds "1", zeros), ONES(hundreds "2", zeros),         \
		ONES(hundreds "3", zeros), ONES(hundreds "4", zeros), \
		ONES(hundreds "5", zeros), ONES(hundreds "6", zeros), \
		ONES(hundreds "7", zeros), ONES(hundreds "8", zeros), \
		ONES(hundreds "9", zeros)
#define HUNDRED(digit) ONES(digit "0", "\0"), TENS(digit, "\0")

const char format_triples[1000][4] = {
	ONES("00", "\2"), TENS("0", "\1"), HUNDRED("1"), HUNDRED("2"),
	HUNDRED("3"),	  HUNDRED("4"),	   HUNDRED("5"), HUNDRED("6"),
	HUNDRED("7"),	  HUNDRED("8"),	   HUNDRED("9"),
};

/* Below 10^9, no leading zeros. */
static char *put_low(char *p, uint32_t value)
{
	uint32_t thousands = value / 1000;

	if (value < 1000000)
		return format_six(p, value);
	p = format_six(p, thousands);
	return format_three(p, value - thousands * 1000);
}

/* Nine digits at a time, the highest first. */
char *format_u64(char *p, uint64_t value)
{
	uint64_t high = value / BILLION;
	uint32_t low = (uint32_t)(value % BILLION);

	if (!high)
		return put_low(p, low);
	if (high < BILLION) {
		p = put_low(p, (uint32_t)high);
	} else {
		p = put_low(p, (uint32_t)(high / BILLION));
		p = format_nine(p, (uint32_t)(high % BILLION));
	}
	return format_nine(p, low);
}

char *format_grouped(char *p, uint64_t value)
{
	char digits[FORMAT_U64_MAX];
	size_t n = (size_t)(format_u64(digits, value) - digits);

	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	return p;
}

char *format_i64(char *p, int64_t value)
{
	if (value >= 0)
		return format_u64(p, (uint64_t)value);
	*p = '-';
	return format_u64(p + 1, -(uint64_t)value);
}

char *format_padded(char *p, uint64_t value, unsigned int digits)
{
	for (char *at = p + digits; at > p; value /= 100) {
		at -= 2;
		memcpy(at, format_triples[value % 100] + 1, 2);
	}
	return p + digits;
}

struct octet {
	char text[7]; /* with the dot that follows */
	uint8_t len;
};

#define OCTET(digits)                      \
	{                                  \
		digits ".", sizeof(digits) \
	}
#define OCTETS(tens)                                                        \
	OCTET(tens "0"), OCTET(tens "1"), OCTET(tens "2"), OCTET(tens "3"), \
		OCTET(tens "4"), OCTET(tens "5"), OCTET(tens "6"),          \
		OCTET(tens "7"), OCTET(tens "8"), OCTET(tens "9")

static const struct octet octets[256] = {
	OCTETS(""),   OCTETS("1"),  OCTETS("2"),  OCTETS("3"),	OCTETS("4"),
	OCTETS("5"),  OCTETS("6"),  OCTETS("7"),  OCTETS("8"),	OCTETS("9"),
	OCTETS("10"), OCTETS("11"), OCTETS("12"), OCTETS("13"), OCTETS("14"),
	OCTETS("15"), OCTETS("16"), OCTETS("17"), OCTETS("18"), OCTETS("19"),
	OCTETS("20"), OCTETS("21"), OCTETS("22"), OCTETS("23"), OCTETS("24"),
	OCTET("250"), OCTET("251"), OCTET("252"), OCTET("253"), OCTET("254"),
	OCTET("255"),
};

char *format_ipv4(char *p, const uint8_t *address)
{
	for (int i = 0; i < 4; i++) {
		const struct octet *octet = &octets[address[i]];

		memcpy(p, octet->text, 4);
		p += octet->len;
	}
	return p - 1; /* the last dot */
}

static uint16_t group(const uint8_t *address, int i)
{
	return (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
}

/* The longest run of two or more zero groups, the first of equals. */
static int longest_zeros(const uint8_t *address, int *len)
{
	int best = -1;

	*len = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !group(address, i + n))
			n++;
		if (n > *len) {
			best = i;
			*len = n;
		}
		i += n;
	}
	return best;
}

static char *format_hex(char *p, uint16_t value)
{
	static const char digits[] = "0123456789abcdef";
	bool started = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		started |= value >> shift || !shift;
		if (started)
			*p++ = digits[value >> shift & 0xf];
	}
	return p;
}

static bool is_mapped_ipv4(const uint8_t *address)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(address, prefix, sizeof(prefix));
}

char *format_ipv6(char *p, const uint8_t *address)
{
	int zeros_len, zeros = longest_zeros(address, &zeros_len);

	if (is_mapped_ipv4(address)) {
		memcpy(p, "::ffff:", 7);
		return format_ipv4(p + 7, address + 12);
	}
	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			*p++ = ':';
			i += zeros_len - 1;
			if (i == 7)
				*p++ = ':';
			continue;
		}
		if (i)
			*p++ = ':';
		p = format_hex(p, group(address, i));
	}
	return p;
}
