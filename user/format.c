// SPDX-License-Identifier: GPL-2.0
/* Numbers and addresses as text: see format.h. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "format.h"

/* "00" to "99": two digits for one division. */
static const char pairs[] =
	"00010203040506070809101112131415161718192021222324"
	"25262728293031323334353637383940414243444546474849"
	"50515253545556575859606162636465666768697071727374"
	"75767778798081828384858687888990919293949596979899";

static char *put_pair(char *p, uint32_t value)
{
	memcpy(p, pairs + value * 2, 2);
	return p + 2;
}

/* Below 10^4, no leading zeros. */
static char *put_small(char *p, uint32_t value)
{
	if (value >= 1000)
		return put_pair(put_pair(p, value / 100), value % 100);
	if (value < 10) {
		*p = (char)('0' + value);
		return p + 1;
	}
	if (value < 100)
		return put_pair(p, value);
	*p = (char)('0' + value / 100);
	return put_pair(p + 1, value % 100);
}

/* Eight or four digits at a time, the highest first. */
char *format_u64(char *p, uint64_t value)
{
	uint32_t low;

	if (value >= 100000000) {
		p = format_u64(p, value / 100000000);
		return format_eight(p, (uint32_t)(value % 100000000));
	}
	low = (uint32_t)value;
	if (low >= 10000) {
		p = put_small(p, low / 10000);
		low %= 10000;
		return put_pair(put_pair(p, low / 100), low % 100);
	}
	return put_small(p, low);
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
	if (digits == 8)
		return format_eight(p, (uint32_t)(value % 100000000));
	for (char *at = p + digits; at > p; value /= 100) {
		at -= 2;
		memcpy(at, pairs + value % 100 * 2, 2);
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
