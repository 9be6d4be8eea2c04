/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keys of a teardown record, in their order: each function writes a run of
 * them, made anew. What is written again as it was is json_teardown.c's.
 */
#ifndef RSTWATCH_JSON_KEYS_H
#define RSTWATCH_JSON_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/event.h"

/* json_verdict() - "verdict" to "family" */
char *json_verdict(char *p, const struct rw_event *e);

/* json_community_id() - the value alone */
char *json_community_id(char *p, const struct rw_event *e);

/* json_state() - "state", "order" */
char *json_state(char *p, const struct rw_evidence *ev);

/* json_queues() - "unread_bytes" to "linger_waited_ms"; @hz: jiffies a second */
char *json_queues(char *p, const struct rw_evidence *ev, uint32_t hz);

/* json_idle() - "idle_ms" */
char *json_idle(char *p, const struct rw_evidence *ev, uint32_t hz);

/* json_retransmits() - "retransmits" */
char *json_retransmits(char *p, const struct rw_evidence *ev);

/* json_provoker() - "since_close_ms", "provoked_by" */
char *json_provoker(char *p, const struct rw_event *e);

/* json_actor() - "actor"; @knows_oom: as in struct run_info */
char *json_actor(char *p, const struct rw_event *e, bool knows_oom);

/* json_owner() - "owner" */
char *json_owner(char *p, const struct rw_event *e);

/* json_cgroup() - "cgroup" to "unit" */
char *json_cgroup(char *p, const struct rw_event *e);

/* json_netns() - "netns", "netns_name" */
char *json_netns(char *p, const struct rw_event *e);

/* json_path() - "path" */
char *json_path(char *p, const struct rw_evidence *ev);

/* json_confidence() - "confidence" to "suspect_injected" */
char *json_confidence(char *p, const struct rw_evidence *ev);

/* json_peer() - "peer_owner"; @peer: or NULL */
char *json_peer(char *p, const struct rw_task *peer);

/* json_last() - "predates", "stack": to the end, or to the brace of stacks */
char *json_last(char *p, const struct rw_event *e);

#endif
