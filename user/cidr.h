/* SPDX-License-Identifier: GPL-2.0 */
/* A block of addresses, as --net takes it. */
#ifndef RSTWATCH_CIDR_H
#define RSTWATCH_CIDR_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/event.h"

struct cidr {
	uint8_t family; /* 4 or 6; 0: none */
	/* as addresses are in struct rw_tuple; host bits are cleared */
	uint8_t address[RW_ADDR_LEN];
	uint8_t mask[RW_ADDR_LEN];
};

/**
 * cidr_parse() - read "10.0.0.0/8", "2001:db8::/32", or one address
 *
 * IPv4-mapped IPv6 is IPv4, as it is everywhere in the output.
 *
 * Return: whether it is one; @net is not touched otherwise.
 */
bool cidr_parse(struct cidr *net, const char *text);

#endif
