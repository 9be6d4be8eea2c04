// SPDX-License-Identifier: GPL-2.0
/* Evidence in words: see evidence_text.h. */
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "cgroup.h"
#include "evidence_text.h"
#include "fill.h"
#include "lookup.h"
#include "names.h"
#include "phrase.h"
#include "rst_shape.h"
#include "suspect.h"
#include "sentence.h"
#include "text.h"

#define LINE_BYTES 2560 /* a path, and the names of unit, container, netns */
_Static_assert(LINE_BYTES > CGROUP_PATH_MAX + 3 * NAME_MAX + 128 &&
		       LINE_BYTES >= SENTENCE_MAX,
	       "the longest line has no room");

static void say_order(struct phrase *phrase, const struct rw_evidence *ev)
{
	const struct name *order = NULL;

	if (ev->kind == RW_KIND_FIN)
		order = name_order(ev->order);
	if (order)
		phrase_say_word(phrase, "", order->text);
}

static void say_linger(struct phrase *phrase, const struct rw_evidence *ev,
		       uint32_t hz)
{
	if (ev->flags & RW_F_LINGER)
		phrase_say(phrase, "linger ", ev->linger / hz, " s");
	if (ev->flags & RW_F_LINGER_WAIT)
		phrase_say(phrase, "waited ", ev->linger_wait_ms, " ms");
}

/* Bytes the application wrote that its peer will never get. */
static void say_discarded(struct phrase *phrase, const struct rw_evidence *ev)
{
	uint64_t bytes = (uint64_t)ev->unsent + ev->unacked;

	if (ev->flags & RW_F_QUEUES && bytes)
		phrase_say_count(phrase, bytes, "byte", " discarded");
}

static void say_exit(struct phrase *phrase, const struct rw_event *e)
{
	const uint32_t both = RW_F_ACTOR | RW_F_EXITING;
	char *p;

	if ((e->evidence.flags & both) != both)
		return;
	phrase_next(phrase);
	p = name_signal(phrase->p, e->evidence.exit & RW_EXIT_SIGNAL);
	if (p == phrase->p) {
		phrase_add(phrase, "exit");
		return;
	}
	phrase->p = p;
	if (e->evidence.exit & RW_EXIT_OOM)
		phrase_add(phrase, " (OOM)");
}

/* Somebody else than the owner, whom the line names already: ss -K. */
static void say_actor(struct phrase *phrase, const struct rw_event *e)
{
	uint32_t flags = e->evidence.flags;

	if (!(flags & RW_F_ACTOR) ||
	    (flags & RW_F_OWNER && e->actor.pid == e->owner.pid))
		return;
	phrase_next(phrase);
	phrase_add(phrase, "by ");
	phrase_add_task(phrase, &e->actor);
}

static void say_since_close(struct phrase *phrase, const struct rw_event *e)
{
	if (e->evidence.flags & RW_F_SINCE_CLOSE)
		phrase_say(phrase, "", e->since_close_ms, " ms after close");
}

static void say_retransmits(struct phrase *phrase, const struct rw_evidence *ev)
{
	const uint32_t kind = ev->flags & (RW_F_SK | RW_F_TW);

	if (kind == RW_F_SK && ev->retransmits)
		phrase_say_count(phrase, ev->retransmits, "retransmit", "");
}

/* A RST that somebody on the way may have made, and what came after one. */
static void say_suspicion(struct phrase *phrase, const struct rw_evidence *ev)
{
	if (suspect_is_injected(ev)) {
		phrase_say(phrase, "suspect: hop limit ", ev->hops_rst, "");
		phrase_say(phrase, "not ", ev->hops_established, "");
	}
	if (ev->rst_shape & RW_RST_AFTER_SUSPECT)
		phrase_say_word(phrase, "after ", "a suspect RST");
}

char *evidence_detail(char *p, const struct rw_event *event, uint32_t hz)
{
	const struct rw_evidence *ev = &event->evidence;
	struct phrase phrase = { p, " " };

	switch (event->cause) {
	case RW_CAUSE_UNREAD_DATA:
		if (ev->flags & RW_F_QUEUES)
			phrase_say_count(&phrase, ev->unread, "byte", "");
		break;
	case RW_CAUSE_CLOSE:
	case RW_CAUSE_SHUTDOWN:
		say_order(&phrase, ev);
		say_linger(&phrase, ev, hz);
		break;
	case RW_CAUSE_TIMED_OUT:
	case RW_CAUSE_USER_TIMEOUT:
	case RW_CAUSE_KEEPALIVE_TIMEOUT:
		say_retransmits(&phrase, ev);
		break;
	default:
		if (ev->kind != RW_KIND_FIN)
			say_discarded(&phrase, ev);
	}
	say_suspicion(&phrase, ev);
	say_since_close(&phrase, event);
	say_exit(&phrase, event);
	say_actor(&phrase, event);
	return phrase.p;
}

static void say_queues(struct phrase *phrase, const struct rw_evidence *ev)
{
	if (!(ev->flags & RW_F_QUEUES))
		return;
	phrase_say(phrase, "unread ", ev->unread, "");
	phrase_say(phrase, "unsent ", ev->unsent, "");
	phrase_say(phrase, "unacked ", ev->unacked, "");
}

static void say_idle(struct phrase *phrase, const struct rw_evidence *ev,
		     uint32_t hz)
{
	uint64_t rx_ms = (uint64_t)ev->idle_rx * 1000 / hz;
	uint64_t tx_ms = (uint64_t)ev->idle_tx * 1000 / hz;
	bool has_rx = ev->flags & RW_F_IDLE_RX;

	if (has_rx)
		phrase_say(phrase, "idle rx ", rx_ms, " ms");
	if (ev->flags & RW_F_IDLE_TX)
		phrase_say(phrase, has_rx ? "tx " : "idle tx ", tx_ms, " ms");
}

/* What the socket looked like. */
static void socket_line(struct phrase *phrase, const struct rw_event *e,
			uint32_t hz)
{
	const struct rw_evidence *ev = &e->evidence;
	const struct name *state = name_state(ev->state);

	if (state)
		phrase_say_word(phrase, "", state->text);
	say_queues(phrase, ev);
	say_linger(phrase, ev, hz);
	say_idle(phrase, ev, hz);
	say_retransmits(phrase, ev);
}

static void say_path(struct phrase *phrase, uint32_t path)
{
	const char *between = "";

	path &= (1u << RW_PATH_BITS) - 1;
	if (path)
		phrase_next(phrase);
	for (; path; path &= path - 1) {
		unsigned int bit = (unsigned int)__builtin_ctz(path);

		phrase_add(phrase, between);
		phrase_add(phrase, name_path(bit)->text);
		between = " > ";
	}
}

static void say_reason(struct phrase *phrase, const struct rw_event *e)
{
	const char *reason = lookup(LOOKUP_REASON, e);

	if (!reason)
		return;
	phrase_next(phrase);
	phrase->p += text_printable(phrase->p, reason, EVIDENCE_REASON_MAX);
}

static void say_provoker(struct phrase *phrase, const struct rw_evidence *ev)
{
	if (!(ev->flags & RW_F_TRIGGER))
		return;
	phrase_next(phrase);
	phrase_add(phrase, "provoked by ");
	phrase->p = name_flags(phrase->p, ev->trigger);
	phrase_add(phrase, " with ");
	phrase_add_count(phrase, ev->trigger_payload, "byte");
}

/* How the kernel got there. */
/* "RST+ACK, window 501, timestamps, made as Linux makes active-abort" */
static void say_rst(struct phrase *phrase, const struct rw_evidence *ev)
{
	const char *made_by;

	if (!rst_is_seen(ev))
		return;
	made_by = rst_made_by(ev);
	phrase_next(phrase);
	phrase_add(phrase, ev->rst_shape & RW_RST_ACK ? "RST+ACK" : "RST");
	if (ev->rst_shape & RW_RST_SEQ_ZERO)
		phrase_add(phrase, " seq 0");
	phrase_say(phrase, "window ", ev->rst_window, "");
	if (ev->rst_shape & RW_RST_TIMESTAMPS)
		phrase_say_word(phrase, "", "timestamps");
	phrase_say_word(phrase, made_by ? "as a Linux peer's " : "unlike Linux",
			made_by ? made_by : "");
	if (ev->hops_rst)
		phrase_say(phrase, "hop limit ", ev->hops_rst, "");
	if (ev->hops_established)
		phrase_say(phrase, "of the handshake ", ev->hops_established,
			   "");
}

static void kernel_line(struct phrase *phrase, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	say_path(phrase, ev->path);
	say_reason(phrase, e);
	say_provoker(phrase, ev);
	say_rst(phrase, ev);
	phrase_say_word(phrase, "",
			ev->flags & RW_F_INFERRED ? "inferred" : "observed");
}

static void add_task(struct phrase *phrase, const struct rw_task *task)
{
	phrase->p += text_printable(phrase->p, task->comm, RW_COMM_LEN);
	phrase_add(phrase, " pid ");
	phrase_add_number(phrase, task->pid);
	if (task->ns_pid && task->ns_pid != task->pid) {
		phrase_add(phrase, " (");
		phrase_add_number(phrase, task->ns_pid);
		phrase_add(phrase, " in its namespace)");
	}
	phrase_add(phrase, " uid ");
	phrase_add_number(phrase, task->uid);
}

static void say_owner(struct phrase *phrase, const struct rw_event *e)
{
	const struct name *source = name_owner_source(e->owner_source);
	bool acted = e->evidence.flags & RW_F_ACTOR &&
		     e->actor.pid == e->owner.pid;

	if (!(e->evidence.flags & RW_F_OWNER))
		return;
	phrase_next(phrase);
	phrase_add(phrase, acted ? "owner too" : "owner ");
	if (!acted)
		add_task(phrase, &e->owner);
	if (!source)
		return;
	phrase_add(phrase, " (");
	phrase_add(phrase, source->text);
	phrase_add(phrase, ")");
}

/* Who acted, and whose socket it was. */
static void people_line(struct phrase *phrase, const struct rw_event *e)
{
	phrase_next(phrase);
	if (e->evidence.flags & RW_F_ACTOR) {
		phrase_add(phrase, "actor ");
		add_task(phrase, &e->actor);
		phrase_add(phrase, " tid ");
		phrase_add_number(phrase, e->actor.tid);
	} else {
		phrase_add(phrase, "the kernel acted by itself");
	}
	say_owner(phrase, e);
}

static void say_name(struct phrase *phrase, const char *what, const char *name)
{
	if (!name)
		return;
	phrase_next(phrase);
	phrase_add(phrase, what);
	phrase->p += text_printable(phrase->p, name, CGROUP_PATH_MAX);
}

static void say_netns(struct phrase *phrase, const struct rw_event *e)
{
	const char *name = lookup(LOOKUP_NETNS, e);

	if (!e->tuple.netns)
		return;
	phrase_say(phrase, "netns ", e->tuple.netns, "");
	if (!name)
		return;
	phrase_add(phrase, " (");
	phrase->p += text_printable(phrase->p, name, NAME_MAX);
	phrase_add(phrase, ")");
}

/* Where the socket lives. */
static void place_line(struct phrase *phrase, const struct rw_event *e)
{
	const char *path = lookup(LOOKUP_CGROUP, e);

	say_netns(phrase, e);
	if (path)
		say_name(phrase, "cgroup ", path);
	else if (e->cgroup)
		phrase_say(phrase, "cgroup ", e->cgroup, " (gone)");
	say_name(phrase, "container ", lookup(LOOKUP_CONTAINER, e));
	say_name(phrase, "unit ", lookup(LOOKUP_UNIT, e));
}

/* Lets one writer make a paragraph, filled to the width. */
static char *paragraph(char *p, size_t width, const char *text, const char *end)
{
	return fill(p, text, (size_t)(end - text), EVIDENCE_INDENT, width);
}

char *evidence_lines(char *p, const struct rw_event *event, uint32_t hz,
		     size_t width)
{
	char text[LINE_BYTES];
	struct phrase phrase = { text, "" };

	if (event->evidence.flags & RW_F_SK) {
		socket_line(&phrase, event, hz);
		p = paragraph(p, width, text, phrase.p);
		phrase = (struct phrase){ text, "" };
	}
	kernel_line(&phrase, event);
	p = paragraph(p, width, text, phrase.p);
	phrase = (struct phrase){ text, "" };
	people_line(&phrase, event);
	p = paragraph(p, width, text, phrase.p);
	phrase = (struct phrase){ text, "" };
	place_line(&phrase, event);
	return phrase.p > text ? paragraph(p, width, text, phrase.p) : p;
}

char *evidence_sentences(char *p, const struct rw_event *event, uint32_t hz,
			 size_t width)
{
	char text[SENTENCE_MAX];

	return paragraph(p, width, text, sentence(text, event, hz));
}
