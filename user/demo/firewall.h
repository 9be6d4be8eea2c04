/* SPDX-License-Identifier: GPL-2.0 */
/* A network of the case's own, and firewall rules in it. */
#ifndef RSTDEMO_FIREWALL_H
#define RSTDEMO_FIREWALL_H

#include "demo.h"

/**
 * own_network - move the case into a network namespace of its own: what it does
 * to the firewall is gone with its process. New sockets get an address that
 * exists nowhere else. Skips the case where that is not allowed.
 */
void own_network(struct demo *d);

enum chain { CHAIN_INPUT, CHAIN_OUTPUT };

/**
 * reject_port - from now on TCP segments to @port are rejected with a RST, by
 * nft or else iptables. Skips the case when neither is there and works.
 */
void reject_port(struct demo *d, enum chain chain, unsigned int port);

#endif
