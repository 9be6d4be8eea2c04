// SPDX-License-Identifier: GPL-2.0
/* A block of addresses: see cidr.h. */
#include <arpa/inet.h>
#include <string.h>

#include "cidr.h"

#define MAPPED_BITS 96 /* ::ffff:0:0/96 */

/* @text: "0" to "128", no sign, no blank. Return: -1: it is none. */
static int parse_bits(const char *text)
{
	size_t len = strlen(text);
	int bits = 0;

	if (!len || len > 3 || strspn(text, "0123456789") != len)
		return -1;
	for (; *text; text++)
		bits = 10 * bits + (*text - '0');
	return bits;
}

/* Return: 4 or 6, 0: it is none. */
static uint8_t parse_address(uint8_t *address, const char *text)
{
	if (inet_pton(AF_INET, text, address) == 1)
		return 4;
	return inet_pton(AF_INET6, text, address) == 1 ? 6 : 0;
}

static void unmap(struct cidr *net, int *bits)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	if (net->family != 6 || *bits < MAPPED_BITS ||
	    memcmp(net->address, prefix, sizeof(prefix)))
		return;
	memmove(net->address, net->address + sizeof(prefix), 4);
	memset(net->address + 4, 0, RW_ADDR_LEN - 4);
	net->family = 4;
	*bits -= MAPPED_BITS;
}

static void apply_mask(struct cidr *net, int bits)
{
	for (int i = 0; i < RW_ADDR_LEN; i++, bits -= 8) {
		if (bits >= 8)
			net->mask[i] = 0xff;
		else if (bits > 0)
			net->mask[i] = (uint8_t)(0xff << (8 - bits));
		net->address[i] &= net->mask[i];
	}
}

bool cidr_parse(struct cidr *result, const char *text)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN] = "";
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct cidr net = { 0 };
	int bits, max;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	net.family = parse_address(net.address, address);
	if (!net.family)
		return false;
	max = net.family == 4 ? 32 : 128;
	bits = slash ? parse_bits(slash + 1) : max;
	if (bits < 0 || bits > max)
		return false;
	unmap(&net, &bits);
	apply_mask(&net, bits);
	*result = net;
	return true;
}
