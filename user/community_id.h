/* SPDX-License-Identifier: GPL-2.0 */
/* Community ID: one name for a connection in Zeek, Suricata and here. */
#ifndef RSTWATCH_COMMUNITY_ID_H
#define RSTWATCH_COMMUNITY_ID_H

#include <stdint.h>

#include "bpf/event.h"

#define COMMUNITY_ID_LEN 30

/**
 * community_id() - version 1, seed 0; both ends of a connection get the same
 * @p: receives COMMUNITY_ID_LEN bytes, no NUL
 * @family: 4 or 6
 *
 * Formula: https://github.com/corelight/community-id-spec. It takes about half
 * a microsecond.
 *
 * Return: the end of what was written.
 */
char *community_id(char *p, uint8_t family, const struct rw_tuple *tuple);

#endif
