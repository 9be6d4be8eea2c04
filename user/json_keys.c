// SPDX-License-Identifier: GPL-2.0
/*
 * NDJSON, schema version 1. Every key is always there, in this order; what is
 * not known is null. The functions below each write a run of keys, so that
 * read from top to bottom they are the schema.
 */
#include "json_keys.h"

#include "cgroup.h"
#include "community_id.h"
#include "json.h"
#include "lookup.h"
#include "names.h"
#include "rst_shape.h"
#include "suspect.h"

#define STRING_MAX 256 /* of strings this program chose, bytes shown */
#define REASON_MAX 64  /* of a name in enum sk_rst_reason */

char *json_verdict(char *p, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	p = JSON_KEY(p, "verdict");
	p = json_name(p, name_verdict(ev->kind));
	p = JSON_KEY(p, "direction");
	p = json_name(p, name_direction(ev->kind));
	p = JSON_KEY(p, "cause");
	p = json_name(p, name_cause(e->cause));
	p = JSON_KEY(p, "kernel_reason");
	p = json_string_or_null(p, lookup(LOOKUP_REASON, e), REASON_MAX);
	p = JSON_KEY(p, "family");
	return e->family == 6 ? JSON_RAW(p, "\"ipv6\"")
			      : JSON_RAW(p, "\"ipv4\"");
}

char *json_community_id(char *p, const struct rw_event *e)
{
	*p++ = '"';
	p = community_id(p, e->family, &e->tuple);
	*p++ = '"';
	return p;
}

char *json_state(char *p, const struct rw_evidence *ev)
{
	bool fin = ev->kind == RW_KIND_FIN;

	p = JSON_KEY(p, "state");
	p = json_name(p, name_state(ev->state));
	p = JSON_KEY(p, "order");
	return json_name(p, fin ? name_order(ev->order) : NULL);
}

char *json_queues(char *p, const struct rw_evidence *ev, uint32_t hz)
{
	bool known = ev->flags & RW_F_QUEUES;

	p = JSON_KEY(p, "unread_bytes");
	p = json_u64_or_null(p, known, ev->unread);
	p = JSON_KEY(p, "unsent_bytes");
	p = json_u64_or_null(p, known, ev->unsent);
	p = JSON_KEY(p, "unacked_bytes");
	p = json_u64_or_null(p, known, ev->unacked);
	p = JSON_KEY(p, "linger_s");
	p = json_u64_or_null(p, ev->flags & RW_F_LINGER, ev->linger / hz);
	p = JSON_KEY(p, "linger_waited_ms");
	return json_u64_or_null(p, ev->flags & RW_F_LINGER_WAIT,
				ev->linger_wait_ms);
}

static uint64_t jiffies_to_ms(uint32_t jiffies, uint32_t hz)
{
	return (uint64_t)jiffies * 1000 / hz;
}

char *json_idle(char *p, const struct rw_evidence *ev, uint32_t hz)
{
	p = JSON_RAW(p, ",\"idle_ms\":{\"rx\":");
	p = json_u64_or_null(p, ev->flags & RW_F_IDLE_RX,
			     jiffies_to_ms(ev->idle_rx, hz));
	p = JSON_KEY(p, "tx");
	p = json_u64_or_null(p, ev->flags & RW_F_IDLE_TX,
			     jiffies_to_ms(ev->idle_tx, hz));
	*p++ = '}';
	return p;
}

char *json_retransmits(char *p, const struct rw_evidence *ev)
{
	bool known = (ev->flags & (RW_F_SK | RW_F_TW)) == RW_F_SK;

	p = JSON_KEY(p, "retransmits");
	return json_u64_or_null(p, known, ev->retransmits);
}

char *json_provoker(char *p, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	p = JSON_KEY(p, "since_close_ms");
	p = json_u64_or_null(p, ev->flags & RW_F_SINCE_CLOSE,
			     e->since_close_ms);
	p = JSON_KEY(p, "provoked_by");
	if (!(ev->flags & RW_F_TRIGGER))
		return json_null(p);
	p = JSON_RAW(p, "{\"flags\":\"");
	p = name_flags(p, ev->trigger);
	p = JSON_RAW(p, "\",\"payload_bytes\":");
	p = json_u64(p, ev->trigger_payload);
	p = JSON_KEY(p, "after_suspect");
	p = ev->rst_shape & RW_RST_AFTER_SUSPECT ? json_bool(p, true)
						 : json_null(p);
	*p++ = '}';
	return p;
}

static char *put_signal(char *p, uint8_t how)
{
	char *start = p + 1;

	p = name_signal(start, how & RW_EXIT_SIGNAL);
	if (p == start)
		return json_null(p - 1);
	start[-1] = '"';
	*p++ = '"';
	return p;
}

static char *put_ns_pid(char *p, const struct rw_task *task)
{
	p = JSON_KEY(p, "ns_pid");
	return json_u64_or_null(p, task->ns_pid, task->ns_pid);
}

char *json_actor(char *p, const struct rw_event *e, bool knows_oom)
{
	bool exiting = e->evidence.flags & RW_F_EXITING;
	uint8_t how = exiting ? e->evidence.exit : 0;

	p = JSON_KEY(p, "actor");
	if (!(e->evidence.flags & RW_F_ACTOR))
		return json_null(p);
	p = JSON_RAW(p, "{\"pid\":");
	p = json_u64(p, e->actor.pid);
	p = JSON_KEY(p, "tid");
	p = json_u64(p, e->actor.tid);
	p = JSON_KEY(p, "comm");
	p = json_string(p, e->actor.comm, RW_COMM_LEN);
	p = JSON_KEY(p, "exiting");
	p = json_bool(p, exiting);
	p = JSON_KEY(p, "signal");
	p = put_signal(p, how);
	p = JSON_KEY(p, "oom");
	p = knows_oom ? json_bool(p, how & RW_EXIT_OOM) : json_null(p);
	p = put_ns_pid(p, &e->actor);
	*p++ = '}';
	return p;
}

char *json_owner(char *p, const struct rw_event *e)
{
	p = JSON_KEY(p, "owner");
	if (!(e->evidence.flags & RW_F_OWNER))
		return json_null(p);
	p = JSON_RAW(p, "{\"pid\":");
	p = json_u64(p, e->owner.pid);
	p = JSON_KEY(p, "comm");
	p = json_string(p, e->owner.comm, RW_COMM_LEN);
	p = JSON_KEY(p, "uid");
	p = json_u64(p, e->owner.uid);
	p = JSON_KEY(p, "source");
	p = json_name(p, name_owner_source(e->owner_source));
	p = put_ns_pid(p, &e->owner);
	*p++ = '}';
	return p;
}

char *json_cgroup(char *p, const struct rw_event *e)
{
	p = JSON_KEY(p, "cgroup");
	if (e->cgroup) {
		p = JSON_RAW(p, "{\"id\":");
		p = json_u64(p, e->cgroup);
		p = JSON_KEY(p, "path");
		p = json_string_or_null(p, lookup(LOOKUP_CGROUP, e),
					CGROUP_PATH_MAX);
		*p++ = '}';
	} else {
		p = json_null(p);
	}
	p = JSON_KEY(p, "container_id");
	p = json_string_or_null(p, lookup(LOOKUP_CONTAINER, e), STRING_MAX);
	p = JSON_KEY(p, "unit");
	return json_string_or_null(p, lookup(LOOKUP_UNIT, e), STRING_MAX);
}

char *json_netns(char *p, const struct rw_event *e)
{
	uint32_t netns = e->tuple.netns;

	p = JSON_KEY(p, "netns");
	p = json_u64_or_null(p, netns, netns);
	p = JSON_KEY(p, "netns_name");
	return json_string_or_null(p, lookup(LOOKUP_NETNS, e), STRING_MAX);
}

char *json_path(char *p, const struct rw_evidence *ev)
{
	uint32_t path = ev->path & ((1u << RW_PATH_BITS) - 1);

	p = JSON_RAW(p, ",\"path\":[");
	if (!path)
		return JSON_RAW(p, "]");
	for (; path; path &= path - 1) {
		p = json_name(p, name_path((unsigned int)__builtin_ctz(path)));
		*p++ = ',';
	}
	p[-1] = ']';
	return p;
}

/* What a suspicion rests on. */
static char *put_hops(char *p, const struct rw_evidence *ev)
{
	if (!ev->hops_established && !ev->hops_rst)
		return JSON_RAW(p, ",\"hop_limit\":null");
	p = JSON_RAW(p, ",\"hop_limit\":{\"established\":");
	p = json_u64_or_null(p, ev->hops_established, ev->hops_established);
	p = JSON_KEY(p, "rst");
	p = json_u64_or_null(p, ev->hops_rst, ev->hops_rst);
	*p++ = '}';
	return p;
}

/* The segment that was received, and how a Linux peer makes such a one. */
static char *put_rst(char *p, const struct rw_evidence *ev)
{
	p = JSON_RAW(p, ",\"rst\":{\"ack\":");
	p = json_bool(p, ev->rst_shape & RW_RST_ACK);
	p = JSON_KEY(p, "seq_zero");
	p = json_bool(p, ev->rst_shape & RW_RST_SEQ_ZERO);
	p = JSON_KEY(p, "window");
	p = json_u64(p, ev->rst_window);
	p = JSON_KEY(p, "timestamps");
	p = json_bool(p, ev->rst_shape & RW_RST_TIMESTAMPS);
	p = JSON_KEY(p, "made_by");
	p = json_string_or_null(p, rst_made_by(ev), REASON_MAX);
	p = put_hops(p, ev);
	*p++ = '}';
	return p;
}

char *json_confidence(char *p, const struct rw_evidence *ev)
{
	p = JSON_KEY(p, "confidence");
	p = ev->flags & RW_F_INFERRED ? JSON_RAW(p, "\"inferred\"")
				      : JSON_RAW(p, "\"observed\"");
	p = rst_is_seen(ev) ? put_rst(p, ev) : JSON_RAW(p, ",\"rst\":null");
	p = JSON_KEY(p, "suspect_injected");
	return suspect_is_known(ev) ? json_bool(p, suspect_is_injected(ev))
				    : json_null(p);
}

char *json_peer(char *p, const struct rw_task *peer)
{
	p = JSON_KEY(p, "peer_owner");
	if (!peer)
		return json_null(p);
	p = JSON_RAW(p, "{\"pid\":");
	p = json_u64(p, peer->pid);
	p = JSON_KEY(p, "uid");
	p = json_u64(p, peer->uid);
	p = JSON_KEY(p, "comm");
	p = json_string(p, peer->comm, RW_COMM_LEN);
	*p++ = '}';
	return p;
}

char *json_last(char *p, const struct rw_event *e)
{
	p = JSON_KEY(p, "predates");
	p = json_bool(p, e->evidence.flags & RW_F_PREDATES);
	if (e->stacks)
		return JSON_RAW(p, ",\"stack\":{");
	return JSON_RAW(p, ",\"stack\":null}\n");
}
