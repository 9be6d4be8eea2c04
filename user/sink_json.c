// SPDX-License-Identifier: GPL-2.0
/*
 * NDJSON, schema version 1. Every key is always there, in this order; what is
 * not known is null. The functions below each write a run of keys, so that
 * read from top to bottom they are the schema.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "audit_text.h"
#include "cgroup.h"
#include "community_id.h"
#include "json.h"
#include "lookup.h"
#include "names.h"
#include "peer.h"
#include "rst_shape.h"
#include "sink.h"
#include "stack.h"
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

struct sink_json {
	struct sink sink; /* first: the address is that of the sink */
	struct out *out;
	struct clock *clock;
	bool community_id;
	uint32_t hz;		     /* jiffies a second */
	bool knows_oom;		     /* as in struct run_info */
	struct cached_number second; /* of ktime_ns */
	struct piece verdict;
	struct piece queues[RW_ORDER_SIMULTANEOUS + 1]; /* by order */
	struct side sides[SIDES_KEPT];			/* by port */
	struct whose whose[WHOSE_KEPT];
	struct rest rest[REST_KEPT];
};

/* Copies the whole array, which is cheaper than looking at the length. */
static char *put_name(char *p, const struct name *name)
{
	if (!name)
		return json_null(p);
	*p++ = '"';
	memcpy(p, name->text, sizeof(name->text));
	p += name->len;
	*p++ = '"';
	return p;
}

static char *put_time(struct sink_json *s, char *p, uint64_t ktime_ns)
{
	*p++ = '"';
	p = clock_utc(s->clock, p, ktime_ns);
	*p++ = '"';
	return p;
}

static uint64_t jiffies_to_ms(const struct sink_json *s, uint32_t jiffies)
{
	return (uint64_t)jiffies * 1000 / s->hz;
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

static char *put_ktime(struct sink_json *s, char *p, uint64_t ktime_ns)
{
	uint64_t second = ktime_ns / 1000000000;
	uint32_t rest = ktime_ns % 1000000000;

	if (!second)
		return json_u64(p, ktime_ns);
	p = put_cached(&s->second, p, second);
	*p++ = (char)('0' + rest / 100000000);
	return format_eight(p, rest % 100000000);
}

/* Mostly it is what it was the last time: then that is copied. */
static char *put_piece(const struct sink_json *s, struct piece *piece, char *p,
		       const struct rw_event *e, uint64_t key,
		       char *(*render)(const struct sink_json *, char *,
				       const struct rw_event *))
{
	if (!piece->len || piece->key != key) {
		piece->key = key;
		piece->len = (size_t)(render(s, piece->text, e) - piece->text);
	}
	return json_copy(p, piece->text, piece->len);
}

static char *render_verdict(const struct sink_json *s, char *p,
			    const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	(void)s;
	p = JSON_KEY(p, "verdict");
	p = put_name(p, name_verdict(ev->kind));
	p = JSON_KEY(p, "direction");
	p = put_name(p, name_direction(ev->kind));
	p = JSON_KEY(p, "cause");
	p = put_name(p, name_cause(e->cause));
	p = JSON_KEY(p, "kernel_reason");
	p = json_string_or_null(p, lookup(LOOKUP_REASON, e), REASON_MAX);
	p = JSON_KEY(p, "family");
	return e->family == 6 ? JSON_RAW(p, "\"ipv6\"")
			      : JSON_RAW(p, "\"ipv4\"");
}

/* The kernel's reason is looked up each time: it may be a recording's. */
static char *put_verdict(struct sink_json *s, char *p, const struct rw_event *e)
{
	uint64_t key = e->cause | (uint64_t)e->evidence.kind << 8 |
		       (uint64_t)e->family << 16;

	if (e->evidence.flags & RW_F_REASON)
		return render_verdict(s, p, e);
	return put_piece(s, &s->verdict, p, e, key, render_verdict);
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
static char *put_side(struct sink_json *s, char *p, const struct rw_event *e,
		      const uint8_t *address, uint16_t port)
{
	struct side *side = &s->sides[port & (SIDES_KEPT - 1)];
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

static char *put_tuple(struct sink_json *s, char *p, const struct rw_event *e)
{
	p = JSON_RAW(p, ",\"local\":{\"address\":\"");
	p = put_side(s, p, e, e->tuple.laddr, e->tuple.lport);
	p = JSON_RAW(p, ",\"remote\":{\"address\":\"");
	p = put_side(s, p, e, e->tuple.raddr, e->tuple.rport);
	return s->community_id ? put_community_id(p, e)
			       : JSON_RAW(p, ",\"community_id\":null");
}

static char *render_queues(const struct sink_json *s, char *p,
			   const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;
	bool known = ev->flags & RW_F_QUEUES;
	bool fin = ev->kind == RW_KIND_FIN;

	p = JSON_KEY(p, "state");
	p = put_name(p, name_state(ev->state));
	p = JSON_KEY(p, "order");
	p = put_name(p, fin ? name_order(ev->order) : NULL);
	p = JSON_KEY(p, "unread_bytes");
	p = json_u64_or_null(p, known, ev->unread);
	p = JSON_KEY(p, "unsent_bytes");
	p = json_u64_or_null(p, known, ev->unsent);
	p = JSON_KEY(p, "unacked_bytes");
	p = json_u64_or_null(p, known, ev->unacked);
	p = JSON_KEY(p, "linger_s");
	p = json_u64_or_null(p, ev->flags & RW_F_LINGER, ev->linger / s->hz);
	p = JSON_KEY(p, "linger_waited_ms");
	p = json_u64_or_null(p, ev->flags & RW_F_LINGER_WAIT,
			     ev->linger_wait_ms);
	return JSON_RAW(p, ",\"idle_ms\":{\"rx\":");
}

/* Most connections end with everything read and sent. */
static char *put_queues(struct sink_json *s, char *p, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;
	uint64_t key = ev->state | (uint64_t)(ev->flags & RW_F_QUEUES) << 8;

	if (ev->kind != RW_KIND_FIN || ev->order > RW_ORDER_SIMULTANEOUS ||
	    ev->unread | ev->unsent | ev->unacked ||
	    ev->flags & (RW_F_LINGER | RW_F_LINGER_WAIT))
		return render_queues(s, p, e);
	return put_piece(s, &s->queues[ev->order], p, e, key, render_queues);
}

static char *put_idle(const struct sink_json *s, char *p,
		      const struct rw_evidence *ev)
{
	p = json_u64_or_null(p, ev->flags & RW_F_IDLE_RX,
			     jiffies_to_ms(s, ev->idle_rx));
	p = JSON_KEY(p, "tx");
	p = json_u64_or_null(p, ev->flags & RW_F_IDLE_TX,
			     jiffies_to_ms(s, ev->idle_tx));
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

static char *render_actor(const struct sink_json *s, char *p,
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
	p = s->knows_oom ? json_bool(p, how & RW_EXIT_OOM) : json_null(p);
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
	p = put_name(p, name_owner_source(e->owner_source));
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

static char *render_whose(const struct sink_json *s, char *p,
			  const struct rw_event *e)
{
	p = render_history(p, e);
	p = render_provoker(p, &e->evidence);
	p = render_actor(s, p, e);
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

static char *put_whose(struct sink_json *s, char *p, const struct rw_event *e)
{
	struct whose *kept = &s->whose[e->owner.pid % WHOSE_KEPT];
	uint32_t version = lookup_version();
	char *begin = p;

	if (e->evidence.flags & (RW_F_SINCE_CLOSE | RW_F_TRIGGER))
		return render_whose(s, p, e);
	if (kept->text && kept->version == version &&
	    has_same_text(&kept->of, e))
		return json_copy(p, kept->text, kept->len);
	p = render_whose(s, p, e);
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
		p = put_name(p, name_path((unsigned int)__builtin_ctz(path)));
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

/* The record ends here, unless stacks follow: see add_stacks(). */
static char *render_rest(const struct sink_json *s, char *p,
			 const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	(void)s;
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

static char *put_rest(struct sink_json *s, char *p, const struct rw_event *e)
{
	static const struct rw_task nobody;
	const struct rw_evidence *ev = &e->evidence;
	uint64_t key = ev->path |
		       (uint64_t)(ev->flags & (RW_F_INFERRED | RW_F_PREDATES))
			       << 32;
	const struct rw_task *peer = peer_shown() ? peer_shown() : &nobody;
	struct rest *rest = &s->rest[peer->pid & (REST_KEPT - 1)];

	if (ev->kind != RW_KIND_FIN || e->stacks)
		return render_rest(s, p, e);
	if (memcmp(&rest->peer, peer, sizeof(*peer))) {
		rest->peer = *peer;
		rest->piece.len = 0;
	}
	return put_piece(s, &rest->piece, p, e, key, render_rest);
}

static char *put_teardown(struct sink_json *s, char *p,
			  const struct rw_event *e)
{
	p = JSON_RAW(p, "{\"type\":\"teardown\",\"time\":");
	p = put_time(s, p, e->ktime_ns);
	p = JSON_KEY(p, "ktime_ns");
	p = put_ktime(s, p, e->ktime_ns);
	p = put_verdict(s, p, e);
	p = put_tuple(s, p, e);
	p = put_queues(s, p, e);
	p = put_idle(s, p, &e->evidence);
	p = put_whose(s, p, e);
	p = put_cookie(p, e);
	return put_rest(s, p, e);
}

/* The owner of a connection whose end was told before it was known. */
static char *put_late_owner(char *p, const struct rw_event *e)
{
	p = JSON_RAW(p, "{\"type\":\"owner\",\"cookie\":");
	p = json_u64_or_null(p, e->cookie, e->cookie);
	p = render_owner(p, e);
	return JSON_RAW(p, "}\n");
}

static void add_frames(struct sink_json *s, const char *key, const char *text)
{
	char *p;

	out_add(s->out, key, strlen(key));
	if (!text) {
		out_add(s->out, "null", 4);
		return;
	}
	for (const char *between = "["; text; between = ",") {
		size_t len = strcspn(text, "\n");

		p = out_room(s->out, SINK_ROOM);
		*p++ = *between;
		p = json_string(p, text, len < FRAME_MAX ? len : FRAME_MAX);
		out_done(s->out, p);
		text = text[len] ? text + len + 1 : NULL;
	}
	out_add(s->out, "]", 1);
}

/* What is left of a teardown record. */
static void add_stacks(struct sink_json *s, const struct rw_event *e)
{
	add_frames(s, "\"kernel\":", lookup(LOOKUP_KERNEL_STACK, e));
	add_frames(s, ",\"user\":", lookup(LOOKUP_USER_STACK, e));
	out_add(s->out, "}}\n", 3);
}

_Static_assert(JSON_STRING_MAX(FRAME_MAX) < SINK_ROOM, "a frame has room");

static int json_event(struct sink *sink, const struct rw_event *event)
{
	struct sink_json *s = (struct sink_json *)sink;
	char *p = out_room(s->out, SINK_ROOM);

	if (event->evidence.kind == RW_KIND_OWNER)
		p = put_late_owner(p, event);
	else
		p = put_teardown(s, p, event);
	out_done(s->out, p);
	if (event->stacks)
		add_stacks(s, event);
	return s->out->error;
}

/* A string of the start record, with whatever stands before it. */
static void add_string(struct sink_json *s, const char *before,
		       const char *string)
{
	char *p;

	out_add(s->out, before, strlen(before));
	p = out_room(s->out, JSON_STRING_MAX(STRING_MAX));
	out_done(s->out, json_string_or_null(p, string, STRING_MAX));
}

static void add_array(struct sink_json *s, const char *key,
		      const char *const *strings, size_t n)
{
	out_add(s->out, key, strlen(key));
	for (size_t i = 0; i < n; i++)
		add_string(s, i ? "," : "", strings[i]);
}

static int json_start(struct sink *sink, const struct run_info *info)
{
	struct sink_json *s = (struct sink_json *)sink;
	char *p;

	s->hz = info->hz;
	s->knows_oom = info->knows_oom;
	add_string(s, "{\"type\":\"start\",\"schema\":1,\"version\":",
		   info->version);
	p = out_room(s->out, SINK_ROOM);
	p = JSON_KEY(p, "time");
	out_done(s->out, put_time(s, p, info->start_ktime_ns));
	add_string(s, ",\"kernel\":", info->kernel);
	add_string(s, ",\"backend\":", info->backend);
	add_array(s, ",\"probes\":[", info->probes, info->n_probes);
	add_array(s, "],\"degraded\":[", info->degraded, info->n_degraded);
	return out_add(s->out, "]}\n", 3);
}

static char *put_sums(char *p, const struct tally_sums *sums)
{
	p = JSON_FIRST(p, "events");
	p = json_u64(p, sums->events);
	p = JSON_KEY(p, "fin");
	p = json_u64(p, sums->fin);
	p = JSON_KEY(p, "rst_sent");
	p = json_u64(p, sums->rst_sent);
	p = JSON_KEY(p, "rst_received");
	p = json_u64(p, sums->rst_received);
	p = JSON_KEY(p, "silent");
	p = json_u64(p, sums->silent);
	p = JSON_KEY(p, "unread_bytes");
	p = json_u64(p, sums->unread);
	p = JSON_KEY(p, "unsent_bytes");
	return json_u64(p, sums->unsent);
}

static void add_row(struct sink_json *s, const struct tally_row *row)
{
	char *p = out_room(s->out, SINK_ROOM);

	p = JSON_RAW(p, "{\"cause\":");
	p = put_name(p, name_cause(row->cause));
	p = JSON_KEY(p, "comm");
	p = json_string_or_null(p, row->known ? row->comm : NULL, RW_COMM_LEN);
	p = JSON_KEY(p, "pid");
	p = json_u64_or_null(p, row->pid, row->pid);
	*p++ = ',';
	p = put_sums(p, &row->sums);
	out_done(s->out, JSON_RAW(p, "},"));
}

static void add_remote(struct sink_json *s, const struct tally_remote *remote)
{
	char *p = out_room(s->out, SINK_ROOM);

	p = JSON_RAW(p, "{\"address\":\"");
	p = format_address(p, remote->family, remote->address);
	p = JSON_RAW(p, "\",\"events\":");
	p = json_u64(p, remote->events);
	p = JSON_KEY(p, "resets");
	p = json_u64(p, remote->resets);
	p = JSON_KEY(p, "over");
	p = json_u64(p, remote->over);
	out_done(s->out, JSON_RAW(p, "},"));
}

static char *put_ratio(char *p, const struct report *report)
{
	uint64_t ratio;

	p = JSON_KEY(p, "fin_per_rst");
	if (!report_ratio(report, &ratio))
		return json_null(p);
	p = json_u64(p, ratio / 100);
	*p++ = '.';
	return format_padded(p, ratio % 100, 2);
}

/* @of: which number of a count */
static char *put_counts(char *p, const struct rw_count *by_cause, size_t of)
{
	bool first = true;

	*p++ = '{';
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		uint64_t n =
			*(const uint64_t *)((const char *)&by_cause[i] + of);

		if (!n)
			continue;
		if (!first)
			*p++ = ',';
		p = put_name(p, name_cause(i));
		*p++ = ':';
		p = json_u64(p, n);
		first = false;
	}
	*p++ = '}';
	return p;
}

/* The comma after the last element of an array goes. */
static char *end_array(struct sink_json *s, size_t n)
{
	if (n)
		s->out->len--;
	return JSON_RAW(out_room(s->out, SINK_ROOM), "]");
}

static char *put_report(struct sink_json *s, char *p,
			const struct report *report)
{
	p = JSON_RAW(p, "{\"type\":\"summary\",\"time\":");
	p = put_time(s, p, report->end_ns);
	p = JSON_KEY(p, "since");
	p = put_time(s, p, report->begin_ns);
	p = JSON_KEY(p, "held");
	p = json_u64(p, report->held);
	p = JSON_KEY(p, "lost");
	p = json_u64(p, report->lost);
	p = JSON_KEY(p, "counts");
	p = put_counts(p, report->counts, offsetof(struct rw_count, seen));
	p = put_ratio(p, report);
	p = JSON_RAW(p, ",\"sums\":{");
	p = put_sums(p, &report->sums);
	return JSON_RAW(p, "},\"rows\":[");
}

static int json_summary(struct sink *sink, const struct report *report)
{
	struct sink_json *s = (struct sink_json *)sink;
	char *p = out_room(s->out, SINK_ROOM);

	out_done(s->out, put_report(s, p, report));
	for (size_t i = 0; i < report->n_rows; i++)
		add_row(s, &report->rows[i]);
	p = end_array(s, report->n_rows);
	p = JSON_RAW(p, ",\"others\":{");
	p = put_sums(p, &report->others);
	out_done(s->out, JSON_RAW(p, "},\"remotes\":["));
	for (size_t i = 0; i < report->n_remotes; i++)
		add_remote(s, &report->remotes[i]);
	p = end_array(s, report->n_remotes);
	return out_done(s->out, JSON_RAW(p, "}\n"));
}

/* RSTs that ended what is left of a connection after its socket. */
static char *put_minisocks(char *p, const struct run_totals *totals)
{
	if (!totals->has_minisocks)
		return JSON_RAW(p, ",\"minisock_resets\":null");
	p = JSON_RAW(p, ",\"minisock_resets\":{\"time_wait\":");
	p = json_u64(p, totals->minisocks[RW_MINISOCK_TIME_WAIT]);
	p = JSON_KEY(p, "fin_wait2");
	p = json_u64(p, totals->minisocks[RW_MINISOCK_FIN_WAIT2]);
	*p++ = '}';
	return p;
}

static int json_end(struct sink *sink, const struct run_totals *totals)
{
	struct sink_json *s = (struct sink_json *)sink;
	char *p = out_room(s->out, SINK_ROOM);

	p = JSON_RAW(p, "{\"type\":\"end\",\"time\":");
	p = put_time(s, p, totals->end_ktime_ns);
	p = JSON_KEY(p, "events");
	p = json_u64(p, totals->events);
	p = JSON_KEY(p, "lost");
	p = json_u64_or_null(p, !totals->part, totals->lost);
	p = JSON_KEY(p, "held");
	p = json_u64(p, totals->held);
	p = JSON_KEY(p, "unfollowed");
	p = json_u64(p, totals->full[RW_FULL_PIDS]);
	p = JSON_KEY(p, "forgotten");
	p = json_u64(p, totals->full[RW_FULL_ENDED]);
	p = JSON_KEY(p, "missed");
	p = json_u64_or_null(p, !totals->part, totals->missed);
	p = JSON_KEY(p, "counts");
	p = put_counts(p, totals->by_cause, offsetof(struct rw_count, seen));
	p = JSON_KEY(p, "lost_counts");
	p = totals->part ? json_null(p)
			 : put_counts(p, totals->by_cause,
				      offsetof(struct rw_count, lost));
	p = put_minisocks(p, totals);
	p = JSON_KEY(p, "audit");
	out_done(s->out, p);
	audit_json(s->out, totals->audit);
	out_add(s->out, "}\n", 2);
	return out_flush(s->out);
}

static int json_flush(struct sink *sink)
{
	return out_flush(((struct sink_json *)sink)->out);
}

static void json_free(struct sink *sink)
{
	struct sink_json *s = (struct sink_json *)sink;

	for (size_t i = 0; i < WHOSE_KEPT; i++)
		free(s->whose[i].text);
	free(sink);
}

struct sink *sink_json_new(struct out *out, struct clock *clock,
			   const struct json_style *style)
{
	struct sink_json *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct sink_json){
		.sink = { .start = json_start,
			  .event = json_event,
			  .end = json_end,
			  .flush = json_flush,
			  .summary = json_summary,
			  .free = json_free },
		.out = out,
		.clock = clock,
		.community_id = style->community_id,
		.hz = 1000,
	};
	return &s->sink;
}
