// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include "rst_shape.h"

bool rst_is_seen(const struct rw_evidence *e)
{
	return e->kind == RW_KIND_RST_RECEIVED && e->rst_shape & RW_RST_SEEN;
}

const char *rst_made_by(const struct rw_evidence *e)
{
	bool ack = e->rst_shape & RW_RST_ACK;
	bool zero = e->rst_shape & RW_RST_SEQ_ZERO;
	bool timestamps = e->rst_shape & RW_RST_TIMESTAMPS;
	bool agreed = e->rst_shape & RW_RST_TIMESTAMPS_AGREED;

	if (!timestamps && !e->rst_window && !ack)
		return "answer";
	if (!timestamps && !e->rst_window && zero)
		return "refusal";
	if (ack && !zero && timestamps == agreed)
		return "active-abort";
	return NULL;
}
