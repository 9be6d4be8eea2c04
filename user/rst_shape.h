/* SPDX-License-Identifier: GPL-2.0 */
/* How a Linux peer made the RST that was received. */
#ifndef RSTWATCH_RST_SHAPE_H
#define RSTWATCH_RST_SHAPE_H

#include <stdbool.h>

#include "bpf/event.h"

/* rst_is_seen() - is there a received RST whose segment was looked at? */
bool rst_is_seen(const struct rw_evidence *e);

/**
 * rst_made_by() - "active-abort", "answer" or "refusal"
 *
 * tcp_send_active_reset() sends ACK, a sequence number, a window and the
 * timestamps that were agreed on; tcp_v4_send_reset() neither ACK nor window nor
 * options for a segment with ACK, and ACK with sequence number 0 for one without
 * (a SYN). A firewall's REJECT looks like the latter two.
 *
 * Return: NULL where it looks like none of them: no Linux made it so.
 */
const char *rst_made_by(const struct rw_evidence *e);

#endif
