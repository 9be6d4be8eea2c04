/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other end of a connection, where it is on this host, too: loopback, network
 * namespaces, containers. Of resets and silent ends, and of those FINs whose other
 * end is on this host but not beside them (pairs.h): nearly every event is a FIN,
 * and pays little for it.
 */
#ifndef RSTWATCH_PEER_H
#define RSTWATCH_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bpf/event.h"

/* What is remembered of the other ends; bounded. Begin with all zero. */
#define PEER_SETS 512 /* a power of two */
#define PEER_WAYS 4

struct peer_end {
	struct rw_tuple tuple;
	uint64_t ktime_ns;
	struct rw_task owner; /* pid 0: not known */
	bool is_fin;
	bool is_told; /* shown: it waits for nobody */
};

struct peers {
	uint32_t next[PEER_SETS]; /* the way that is written next */
	struct peer_end ends[PEER_SETS][PEER_WAYS];
};

/* peer_is_mirror() - the same addresses and ports, the other way round */
static inline bool peer_is_mirror(const struct rw_tuple *a,
				  const struct rw_tuple *b)
{
	return a->lport == b->rport && a->rport == b->lport &&
	       !memcmp(a->laddr, b->raddr, RW_ADDR_LEN) &&
	       !memcmp(a->raddr, b->laddr, RW_ADDR_LEN);
}

/* peer_note() - remember whose end this was; an owner record, too, tells */
void peer_note(struct peers *peers, const struct rw_event *event);

/**
 * peer_owner() - who owned the other end
 *
 * Found by the same addresses the other way round, within a minute. Addresses of
 * the host itself count in their own network namespace only; others are taken to
 * be the same host's wherever they are, so that NAT between the two ends is not
 * seen through. Where network namespaces use the same addresses for different
 * ends it is not known which of them it was.
 *
 * Return: valid until the next peer_note(); NULL when it is not known.
 */
const struct rw_task *peer_owner(const struct peers *peers,
				 const struct rw_event *event);

/*
 * peer_told() - a FIN has been shown. When both ends have been, they are
 * forgotten: the ports may be used again.
 */
void peer_told(struct peers *peers, const struct rw_event *event);

/* What the next two are about. */
extern const struct rw_task *peer_of_shown;

/*
 * peer_set() - who owned the other end of the event that is shown next, or NULL
 * if it is not known. Stays the caller's, until the next call.
 */
static inline void peer_set(const struct rw_task *owner)
{
	peer_of_shown = owner;
}

/* peer_shown() - as it was set; pid, uid and name count */
static inline const struct rw_task *peer_shown(void)
{
	return peer_of_shown;
}

/*
 * peer_text() - the same for a recording: pid, uid and name with a blank between.
 * Valid until the next event; NULL when it is not known.
 */
const char *peer_text(const struct rw_event *event);

/* peer_set_text() - peer_set() out of a recording; @text: peer_text()'s, or NULL */
void peer_set_text(const char *text);

#endif
