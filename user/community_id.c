// SPDX-License-Identifier: GPL-2.0
/* Community ID: see community_id.h. */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <sha1.h>

#include "community_id.h"

/* seed, two addresses, protocol and padding, two ports */
#define INPUT_MAX (2 + 2 * RW_ADDR_LEN + 2 + 2 * 2)

static uint8_t *put_port(uint8_t *p, uint16_t port)
{
	*p++ = (uint8_t)(port >> 8);
	*p++ = (uint8_t)port;
	return p;
}

/* The end with the smaller address comes first, or with the smaller port. */
static bool is_ordered(const struct rw_tuple *t, size_t len)
{
	int order = memcmp(t->laddr, t->raddr, len);

	return order < 0 || (!order && t->lport < t->rport);
}

/* 20 bytes as base64 (RFC 4648): six groups of three, and two bytes. */
static char *put_base64(char *p, const uint8_t *bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t group;

	for (size_t i = 0; i < SHA1_DIGEST_LENGTH; i += 3) {
		group = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < SHA1_DIGEST_LENGTH)
			group |= bytes[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*p++ = digits[group >> shift & 63];
	}
	p[-1] = '=';
	return p;
}

char *community_id(char *p, uint8_t family, const struct rw_tuple *tuple)
{
	size_t len = family == 6 ? 16 : 4;
	bool ordered = is_ordered(tuple, len);
	uint8_t input[INPUT_MAX] = { 0 }, digest[SHA1_DIGEST_LENGTH];
	uint8_t *end = input + 2; /* seed 0 */
	SHA1_CTX context;

	end = mempcpy(end, ordered ? tuple->laddr : tuple->raddr, len);
	end = mempcpy(end, ordered ? tuple->raddr : tuple->laddr, len);
	*end = IPPROTO_TCP;
	end = put_port(end + 2, ordered ? tuple->lport : tuple->rport);
	end = put_port(end, ordered ? tuple->rport : tuple->lport);
	SHA1Init(&context);
	SHA1Update(&context, input, (size_t)(end - input));
	SHA1Final(digest, &context);
	return put_base64(mempcpy(p, "1:", 2), digest);
}
