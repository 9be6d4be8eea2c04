// SPDX-License-Identifier: GPL-2.0
/*
 * NDJSON, schema version 1. Every key is always there, in this order; what is
 * not known is null. The functions below each write a run of keys, so that
 * read from top to bottom they are the schema.
 */
#include "json_teardown.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "community_id.h"
#include "json.h"
#include "lookup.h"
#include "names.h"
#include "peer.h"
#include "rst_shape.h"
#include "suspect.h"

#define STRING_MAX 256 /* of strings this program chose, bytes shown */
#define REASON_MAX 64  /* of a name in enum sk_rst_reason */

/* A number as it was last written: some hardly ever change. */
struct cached_number {
	uint64_t value;
	size_t len; /* 0: nothing yet */
	char text[24];
};

/*
 * Whose and where, as it was last written of an event: who acts, who owns, and
 * the places they live in, most of a record and mostly the same.
 */
#define WHOSE_KEPT 64 /* processes that are busy at a time */
#define WHOSE_FLAGS                                                         \
	(RW_F_SK | RW_F_TW | RW_F_SINCE_CLOSE | RW_F_TRIGGER | RW_F_ACTOR | \
	 RW_F_EXITING | RW_F_OWNER)

struct whose {
	struct rw_event of;
	uint32_t version; /* lookup_version() */
	size_t len;
	char *text; /* NULL: nothing yet */
};

/*
 * An address and its port, as last written: this host's end is mostly the same,
 * and of a connection within this host each end is told twice.
 */
#define SIDES_KEPT 64 /* a power of two */
#define SIDE_MAX 64
_Static_assert(INET6_ADDRSTRLEN + sizeof("\",\"port\":65535}") <= SIDE_MAX,
	       "the longest side has room");

struct side {
	uint64_t address[2];
	uint32_t key; /* port and family; 0: nothing yet */
	uint32_t len;
	char text[SIDE_MAX];
};

/* A run of keys as it was last written, where little decides about it. */
#define PIECE_MAX 1024
_Static_assert(RW_PATH_BITS *(NAME_ROOM + 3) + 256 < PIECE_MAX,
	       "the longest path has room");

struct piece {
	uint64_t key; /* what its text depends on */
	size_t len;   /* 0: nothing yet */
	char text[PIECE_MAX];
};

/* The last keys, by who had the other end. */
#define REST_KEPT 16 /* a power of two */

struct rest {
	struct rw_task peer; /* pid 0: nobody is known */
	struct piece piece;
};

struct json_teardown {
	struct clock *clock;
	uint32_t hz;		     /* jiffies a second */
	bool community_id;	     /* asked for */
	bool knows_oom;		     /* as in struct run_info */
	struct cached_number second; /* of ktime_ns */
	struct piece verdict;
	struct piece queues[RW_ORDER_SIMULTANEOUS + 1]; /* by order */
	struct side sides[SIDES_KEPT];			/* by port */
	struct whose whose[WHOSE_KEPT];
	struct rest rest[REST_KEPT];
};

static uint64_t jiffies_to_ms(const struct json_teardown *t, uint32_t jiffies)
{
	return (uint64_t)jiffies * 1000 / t->hz;
}

static char *put_cached(struct cached_number *last, char *p, uint64_t value)
{
	if (!last->len || last->value != value) {
		last->value = value;
		last->len = format_u64(last->text, value) - last->text;
	}
	memcpy(p, last->text, sizeof(last->text)); /* what is too much goes */
	return p + last->len;
}

static char *put_ktime(struct json_teardown *t, char *p, uint64_t ktime_ns)
{
	uint64_t second = ktime_ns / 1000000000;
	uint32_t rest = ktime_ns % 1000000000;

	if (!second)
		return json_u64(p, ktime_ns);
	p = put_cached(&t->second, p, second);
	return format_nine(p, rest);
}

/* Mostly it is what it was the last time: then that is copied. */
static char *put_piece(const struct json_teardown *t, struct piece *piece,
		       char *p, const struct rw_event *e, uint64_t key,
		       char *(*render)(const struct json_teardown *, char *,
				       const struct rw_event *))
{
	if (!piece->len || piece->key != key) {
		piece->key = key;
		piece->len = (size_t)(render(t, piece->text, e) - piece->text);
	}
	return json_copy(p, piece->text, piece->len);
}

static char *render_verdict(const struct json_teardown *t, char *p,
			    const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	(void)t;
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

/* The kernel's reason is looked up each time: it may be a recording's. */
static char *put_verdict(struct json_teardown *t, char *p,
			 const struct rw_event *e)
{
	uint64_t key = e->cause | (uint64_t)e->evidence.kind << 8 |
		       (uint64_t)e->family << 16;

	if (e->evidence.flags & RW_F_REASON)
		return render_verdict(t, p, e);
	return put_piece(t, &t->verdict, p, e, key, render_verdict);
}

static void render_side(struct side *side, uint8_t family,
			const uint8_t *address, uint16_t port)
{
	char *p = format_address(side->text, family, address);

	p = JSON_RAW(p, "\",\"port\":");
	p = json_u64(p, port);
	*p++ = '}';
	side->len = (uint32_t)(p - side->text);
}

/* Copies all there is room for, which is cheaper than looking at the length. */
static char *put_side(struct json_teardown *t, char *p,
		      const struct rw_event *e, const uint8_t *address,
		      uint16_t port)
{
	struct side *side = &t->sides[port & (SIDES_KEPT - 1)];
	uint32_t key = port | (uint32_t)e->family << 16;
	uint64_t words[2];

	memcpy(words, address, sizeof(words));
	if (side->key != key || side->address[0] != words[0] ||
	    side->address[1] != words[1]) {
		memcpy(side->address, words, sizeof(words));
		side->key = key;
		render_side(side, e->family, address, port);
	}
	memcpy(p, side->text, SIDE_MAX);
	return p + side->len;
}

static char *put_community_id(char *p, const struct rw_event *e)
{
	p = JSON_RAW(p, ",\"community_id\":\"");
	p = community_id(p, e->family, &e->tuple);
	*p++ = '"';
	return p;
}

static char *put_tuple(struct json_teardown *t, char *p,
		       const struct rw_event *e)
{
	p = JSON_RAW(p, ",\"local\":{\"address\":\"");
	p = put_side(t, p, e, e->tuple.laddr, e->tuple.lport);
	p = JSON_RAW(p, ",\"remote\":{\"address\":\"");
	p = put_side(t, p, e, e->tuple.raddr, e->tuple.rport);
	return t->community_id ? put_community_id(p, e)
			       : JSON_RAW(p, ",\"community_id\":null");
}

static char *render_queues(const struct json_teardown *t, char *p,
			   const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;
	bool known = ev->flags & RW_F_QUEUES;
	bool fin = ev->kind == RW_KIND_FIN;

	p = JSON_KEY(p, "state");
	p = json_name(p, name_state(ev->state));
	p = JSON_KEY(p, "order");
	p = json_name(p, fin ? name_order(ev->order) : NULL);
	p = JSON_KEY(p, "unread_bytes");
	p = json_u64_or_null(p, known, ev->unread);
	p = JSON_KEY(p, "unsent_bytes");
	p = json_u64_or_null(p, known, ev->unsent);
	p = JSON_KEY(p, "unacked_bytes");
	p = json_u64_or_null(p, known, ev->unacked);
	p = JSON_KEY(p, "linger_s");
	p = json_u64_or_null(p, ev->flags & RW_F_LINGER, ev->linger / t->hz);
	p = JSON_KEY(p, "linger_waited_ms");
	p = json_u64_or_null(p, ev->flags & RW_F_LINGER_WAIT,
			     ev->linger_wait_ms);
	return JSON_RAW(p, ",\"idle_ms\":{\"rx\":");
}

/* Most connections end with everything read and sent. */
static char *put_queues(struct json_teardown *t, char *p,
			const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;
	uint64_t key = ev->state | (uint64_t)(ev->flags & RW_F_QUEUES) << 8;

	if (ev->kind != RW_KIND_FIN || ev->order > RW_ORDER_SIMULTANEOUS ||
	    ev->unread | ev->unsent | ev->unacked ||
	    ev->flags & (RW_F_LINGER | RW_F_LINGER_WAIT))
		return render_queues(t, p, e);
	return put_piece(t, &t->queues[ev->order], p, e, key, render_queues);
}

static char *put_idle(const struct json_teardown *t, char *p,
		      const struct rw_evidence *ev)
{
	p = json_u64_or_null(p, ev->flags & RW_F_IDLE_RX,
			     jiffies_to_ms(t, ev->idle_rx));
	p = JSON_KEY(p, "tx");
	p = json_u64_or_null(p, ev->flags & RW_F_IDLE_TX,
			     jiffies_to_ms(t, ev->idle_tx));
	*p++ = '}';
	return p;
}

static char *render_history(char *p, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;
	bool has_counters = (ev->flags & (RW_F_SK | RW_F_TW)) == RW_F_SK;

	p = JSON_KEY(p, "retransmits");
	p = json_u64_or_null(p, has_counters, ev->retransmits);
	p = JSON_KEY(p, "since_close_ms");
	return json_u64_or_null(p, ev->flags & RW_F_SINCE_CLOSE,
				e->since_close_ms);
}

static char *render_provoker(char *p, const struct rw_evidence *ev)
{
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

static char *render_actor(const struct json_teardown *t, char *p,
			  const struct rw_event *e)
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
	p = t->knows_oom ? json_bool(p, how & RW_EXIT_OOM) : json_null(p);
	p = put_ns_pid(p, &e->actor);
	*p++ = '}';
	return p;
}

static char *render_owner(char *p, const struct rw_event *e)
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

static char *render_cgroup(char *p, const struct rw_event *e)
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

static char *render_netns(char *p, const struct rw_event *e)
{
	uint32_t netns = e->tuple.netns;

	p = JSON_KEY(p, "netns");
	p = json_u64_or_null(p, netns, netns);
	p = JSON_KEY(p, "netns_name");
	return json_string_or_null(p, lookup(LOOKUP_NETNS, e), STRING_MAX);
}

static char *render_whose(const struct json_teardown *t, char *p,
			  const struct rw_event *e)
{
	p = render_history(p, e);
	p = render_provoker(p, &e->evidence);
	p = render_actor(t, p, e);
	p = render_owner(p, e);
	p = render_cgroup(p, e);
	return render_netns(p, e);
}

_Static_assert(offsetof(struct rw_event, owner) ==
		       offsetof(struct rw_event, actor) +
			       sizeof(struct rw_task),
	       "actor and owner are compared at once");

/* What is not there, such as an owner, may differ: that costs a copy. */
static bool has_same_text(const struct rw_event *a, const struct rw_event *b)
{
	return !((a->evidence.flags ^ b->evidence.flags) & WHOSE_FLAGS) &&
	       a->evidence.exit == b->evidence.exit &&
	       a->evidence.retransmits == b->evidence.retransmits &&
	       a->owner_source == b->owner_source && a->cgroup == b->cgroup &&
	       a->tuple.netns == b->tuple.netns &&
	       !memcmp(&a->actor, &b->actor,
		       sizeof(a->actor) + sizeof(a->owner));
}

static char *put_whose(struct json_teardown *t, char *p,
		       const struct rw_event *e)
{
	/* the same owner often does not: the other end of the connection */
	bool acts = e->evidence.flags & RW_F_ACTOR;
	struct whose *kept = &t->whose[(e->owner.pid * 2 + acts) % WHOSE_KEPT];
	uint32_t version = lookup_version();
	char *begin = p;

	if (e->evidence.flags & (RW_F_SINCE_CLOSE | RW_F_TRIGGER))
		return render_whose(t, p, e);
	if (kept->text && kept->version == version &&
	    has_same_text(&kept->of, e))
		return json_copy(p, kept->text, kept->len);
	p = render_whose(t, p, e);
	free(kept->text);
	*kept = (struct whose){ .of = *e,
				.version = version,
				.len = (size_t)(p - begin),
				.text = malloc((size_t)(p - begin)) };
	if (kept->text)
		memcpy(kept->text, begin, kept->len);
	return p;
}

static char *put_cookie(char *p, const struct rw_event *e)
{
	p = JSON_KEY(p, "cookie");
	return json_u64_or_null(p, e->cookie, e->cookie);
}

static char *put_path(char *p, uint32_t path)
{
	path &= (1u << RW_PATH_BITS) - 1;
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

/* @peer: or NULL */
static char *put_peer(char *p, const struct rw_task *peer)
{
	if (!peer)
		return JSON_RAW(p, ",\"peer_owner\":null");
	p = JSON_RAW(p, ",\"peer_owner\":{\"pid\":");
	p = json_u64(p, peer->pid);
	p = JSON_KEY(p, "uid");
	p = json_u64(p, peer->uid);
	p = JSON_KEY(p, "comm");
	p = json_string(p, peer->comm, RW_COMM_LEN);
	*p++ = '}';
	return p;
}

/* The record ends here, unless stacks follow: see sink_json.c. */
static char *render_rest(const struct json_teardown *t, char *p,
			 const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	(void)t;
	p = put_path(p, ev->path);
	p = JSON_KEY(p, "confidence");
	p = ev->flags & RW_F_INFERRED ? JSON_RAW(p, "\"inferred\"")
				      : JSON_RAW(p, "\"observed\"");
	p = rst_is_seen(ev) ? put_rst(p, ev) : JSON_RAW(p, ",\"rst\":null");
	p = JSON_KEY(p, "suspect_injected");
	p = suspect_is_known(ev) ? json_bool(p, suspect_is_injected(ev))
				 : json_null(p);
	p = put_peer(p, peer_shown());
	p = JSON_KEY(p, "predates");
	p = json_bool(p, ev->flags & RW_F_PREDATES);
	if (e->stacks)
		return JSON_RAW(p, ",\"stack\":{");
	return JSON_RAW(p, ",\"stack\":null}\n");
}

static char *put_rest(struct json_teardown *t, char *p,
		      const struct rw_event *e)
{
	static const struct rw_task nobody;
	const struct rw_evidence *ev = &e->evidence;
	uint64_t key = ev->path |
		       (uint64_t)(ev->flags & (RW_F_INFERRED | RW_F_PREDATES))
			       << 32;
	const struct rw_task *peer = peer_shown() ? peer_shown() : &nobody;
	struct rest *rest = &t->rest[peer->pid & (REST_KEPT - 1)];

	if (ev->kind != RW_KIND_FIN || e->stacks)
		return render_rest(t, p, e);
	if (memcmp(&rest->peer, peer, sizeof(*peer))) {
		rest->peer = *peer;
		rest->piece.len = 0;
	}
	return put_piece(t, &rest->piece, p, e, key, render_rest);
}

char *json_teardown(struct json_teardown *t, char *p, const struct rw_event *e)
{
	p = JSON_RAW(p, "{\"type\":\"teardown\",\"time\":");
	p = json_time(p, t->clock, e->ktime_ns);
	p = JSON_KEY(p, "ktime_ns");
	p = put_ktime(t, p, e->ktime_ns);
	p = put_verdict(t, p, e);
	p = put_tuple(t, p, e);
	p = put_queues(t, p, e);
	p = put_idle(t, p, &e->evidence);
	p = put_whose(t, p, e);
	p = put_cookie(p, e);
	return put_rest(t, p, e);
}

char *json_late_owner(char *p, const struct rw_event *e)
{
	p = JSON_RAW(p, "{\"type\":\"owner\",\"cookie\":");
	p = json_u64_or_null(p, e->cookie, e->cookie);
	p = render_owner(p, e);
	return JSON_RAW(p, "}\n");
}

struct json_teardown *json_teardown_new(struct clock *clock, bool community_id)
{
	struct json_teardown *t = malloc(sizeof(*t));

	if (t)
		*t = (struct json_teardown){ .clock = clock,
					     .hz = 1000,
					     .community_id = community_id };
	return t;
}

void json_teardown_start(struct json_teardown *t, const struct run_info *info)
{
	t->hz = info->hz;
	t->knows_oom = info->knows_oom;
}

void json_teardown_free(struct json_teardown *t)
{
	for (size_t i = 0; t && i < WHOSE_KEPT; i++)
		free(t->whose[i].text);
	free(t);
}
