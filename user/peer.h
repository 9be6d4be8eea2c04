/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other end of a connection, where it is on this host, too: loopback, network
 * namespaces, containers. Resets and silent ends only: an ordinary close, which is
 * what nearly every event is, pays nothing for it.
 */
#ifndef RSTWATCH_PEER_H
#define RSTWATCH_PEER_H

#include <stdint.h>

#include "bpf/event.h"

/* What is remembered of the other ends; bounded. Begin with all zero. */
#define PEER_SETS 512 /* a power of two */
#define PEER_WAYS 4

struct peer_end {
	struct rw_tuple tuple;
	uint64_t ktime_ns;
	struct rw_task owner; /* pid 0: not known */
};

struct peers {
	uint32_t next[PEER_SETS]; /* the way that is written next */
	struct peer_end ends[PEER_SETS][PEER_WAYS];
};

/* peer_note() - remember whose end this was; an owner record, too, tells */
void peer_note(struct peers *peers, const struct rw_event *event);

/**
 * peer_owner() - who owned the other end
 *
 * Found by the same addresses the other way round, within a minute. Addresses of
 * the host itself count in their own network namespace only; others are taken to
 * be the same host's wherever they are, so that NAT between the two ends is not
 * seen through.
 *
 * Return: valid until the next peer_note(); NULL when it is not known.
 */
const struct rw_task *peer_owner(const struct peers *peers,
				 const struct rw_event *event);

/* peers_use() - what peer_text() looks in from now on; NULL: nothing */
void peers_use(const struct peers *peers);

/*
 * peer_text() - pid, uid and name of who owned the other end, with a blank
 * between; NULL when it is not known, or for a FIN. Valid until the next call.
 */
const char *peer_text(const struct rw_event *event);

#endif
