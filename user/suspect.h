/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RSTs that may have been injected: their hop limit is not that of the
 * handshake. And what speaks for it: the peer goes on sending.
 */
#ifndef RSTWATCH_SUSPECT_H
#define RSTWATCH_SUSPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "bpf/event.h"

/* suspect_is_known() - whether both hop limits of this received RST are known */
static inline bool suspect_is_known(const struct rw_evidence *e)
{
	return e->kind == RW_KIND_RST_RECEIVED && e->hops_established &&
	       e->hops_rst;
}

/* suspect_is_injected() - whether they are, and differ */
static inline bool suspect_is_injected(const struct rw_evidence *e)
{
	return suspect_is_known(e) && e->hops_established != e->hops_rst;
}

/* So many connections that a suspect ended are remembered. */
#define SUSPECTS_MAX 256

struct suspects {
	struct {
		struct rw_tuple tuple;
		__u64 ktime_ns;
	} ended[SUSPECTS_MAX];
	size_t n; /* ever; the oldest goes first */
};

/* suspect_compare() - with the suspects there are, or is one of them */
void suspect_compare(struct suspects *suspects, struct rw_event *event);

/**
 * suspect_note() - look at an event in the order in which they came
 *
 * A suspect is remembered. A segment that was answered by RST because a suspect
 * had ended its connection gets RW_RST_AFTER_SUSPECT; not if another connection
 * with the same addresses was seen, or ended, in between.
 */
static inline void suspect_note(struct suspects *suspects,
				struct rw_event *event)
{
	if (suspects->n || suspect_is_injected(&event->evidence))
		suspect_compare(suspects, event);
}

#endif
