// SPDX-License-Identifier: GPL-2.0
/* Evidence in words: see evidence_text.h. */
#include <stdbool.h>
#include <string.h>

#include "evidence_text.h"
#include "format.h"
#include "lookup.h"
#include "names.h"
#include "text.h"

#define INDENT "        "

/* Words separated by commas: the first has another lead. */
struct phrase {
	char *p;
	const char *lead;
};

static void add_text(struct phrase *phrase, const char *text)
{
	phrase->p = mempcpy(phrase->p, text, strlen(text));
}

static void next_word(struct phrase *phrase)
{
	add_text(phrase, phrase->lead);
	phrase->lead = ", ";
}

static void add_number(struct phrase *phrase, uint64_t value)
{
	phrase->p = format_u64(phrase->p, value);
}

/* "linger 5 s": what is empty before or after the number is left out */
static void say(struct phrase *phrase, const char *before, uint64_t value,
		const char *after)
{
	next_word(phrase);
	add_text(phrase, before);
	add_number(phrase, value);
	add_text(phrase, after);
}

static void say_word(struct phrase *phrase, const char *before,
		     const char *word)
{
	next_word(phrase);
	add_text(phrase, before);
	add_text(phrase, word);
}

static void say_order(struct phrase *phrase, const struct rw_evidence *ev)
{
	const struct name *order = NULL;

	if (ev->kind == RW_KIND_FIN)
		order = name_order(ev->order);
	if (order)
		say_word(phrase, "", order->text);
}

static void say_linger(struct phrase *phrase, const struct rw_evidence *ev,
		       uint32_t hz)
{
	if (ev->flags & RW_F_LINGER)
		say(phrase, "linger ", ev->linger / hz, " s");
	if (ev->flags & RW_F_LINGER_WAIT)
		say(phrase, "waited ", ev->linger_wait_ms, " ms");
}

/* Bytes the application wrote that its peer will never get. */
static void say_discarded(struct phrase *phrase, const struct rw_evidence *ev)
{
	uint64_t bytes = (uint64_t)ev->unsent + ev->unacked;

	if (ev->flags & RW_F_QUEUES && bytes)
		say(phrase, "", bytes, " bytes discarded");
}

static void say_exit(struct phrase *phrase, const struct rw_event *e)
{
	const uint32_t both = RW_F_ACTOR | RW_F_EXITING;
	char *p;

	if ((e->evidence.flags & both) != both)
		return;
	next_word(phrase);
	p = name_signal(phrase->p, e->actor.exit_code);
	if (p == phrase->p)
		add_text(phrase, "exit");
	else
		phrase->p = p;
}

static void say_since_close(struct phrase *phrase, const struct rw_event *e)
{
	if (e->evidence.flags & RW_F_SINCE_CLOSE)
		say(phrase, "", e->since_close_ms, " ms after close");
}

static void say_retransmits(struct phrase *phrase, const struct rw_evidence *ev)
{
	const uint32_t kind = ev->flags & (RW_F_SK | RW_F_TW);

	if (kind == RW_F_SK && ev->retransmits)
		say(phrase, "", ev->retransmits, " retransmits");
}

char *evidence_detail(char *p, const struct rw_event *event, uint32_t hz)
{
	const struct rw_evidence *ev = &event->evidence;
	struct phrase phrase = { p, " " };

	switch (event->cause) {
	case RW_CAUSE_UNREAD_DATA:
		if (ev->flags & RW_F_QUEUES)
			say(&phrase, "", ev->unread, " bytes");
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
	say_since_close(&phrase, event);
	say_exit(&phrase, event);
	return phrase.p;
}

static void say_queues(struct phrase *phrase, const struct rw_evidence *ev)
{
	if (!(ev->flags & RW_F_QUEUES))
		return;
	say(phrase, "unread ", ev->unread, "");
	say(phrase, "unsent ", ev->unsent, "");
	say(phrase, "unacked ", ev->unacked, "");
}

static void say_idle(struct phrase *phrase, const struct rw_evidence *ev,
		     uint32_t hz)
{
	uint64_t rx_ms = (uint64_t)ev->idle_rx * 1000 / hz;
	uint64_t tx_ms = (uint64_t)ev->idle_tx * 1000 / hz;
	bool has_rx = ev->flags & RW_F_IDLE_RX;

	if (has_rx)
		say(phrase, "idle rx ", rx_ms, " ms");
	if (ev->flags & RW_F_IDLE_TX)
		say(phrase, has_rx ? "tx " : "idle tx ", tx_ms, " ms");
}

/* What the socket looked like. */
static void socket_line(struct phrase *phrase, const struct rw_event *e,
			uint32_t hz)
{
	const struct rw_evidence *ev = &e->evidence;
	const struct name *state = name_state(ev->state);

	if (state)
		say_word(phrase, "", state->text);
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
		next_word(phrase);
	for (; path; path &= path - 1) {
		unsigned int bit = (unsigned int)__builtin_ctz(path);

		add_text(phrase, between);
		add_text(phrase, name_path(bit)->text);
		between = " > ";
	}
}

static void say_reason(struct phrase *phrase, const struct rw_event *e)
{
	const char *reason = lookup(LOOKUP_REASON, e);

	if (!reason)
		return;
	next_word(phrase);
	phrase->p += text_printable(phrase->p, reason, EVIDENCE_REASON_MAX);
}

static void say_provoker(struct phrase *phrase, const struct rw_evidence *ev)
{
	if (!(ev->flags & RW_F_TRIGGER))
		return;
	next_word(phrase);
	add_text(phrase, "provoked by ");
	phrase->p = name_flags(phrase->p, ev->trigger);
	add_text(phrase, " with ");
	add_number(phrase, ev->trigger_payload);
	add_text(phrase, " bytes");
}

/* How the kernel got there. */
static void kernel_line(struct phrase *phrase, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	say_path(phrase, ev->path);
	say_reason(phrase, e);
	say_provoker(phrase, ev);
	say_word(phrase, "",
		 ev->flags & RW_F_INFERRED ? "inferred" : "observed");
}

static void add_task(struct phrase *phrase, const struct rw_task *task)
{
	phrase->p += text_printable(phrase->p, task->comm, RW_COMM_LEN);
	add_text(phrase, " pid ");
	add_number(phrase, task->pid);
	add_text(phrase, " uid ");
	add_number(phrase, task->uid);
}

static void say_owner(struct phrase *phrase, const struct rw_event *e)
{
	const struct name *source = name_owner_source(e->owner_source);
	bool acted = e->evidence.flags & RW_F_ACTOR &&
		     e->actor.pid == e->owner.pid;

	if (!(e->evidence.flags & RW_F_OWNER))
		return;
	next_word(phrase);
	add_text(phrase, acted ? "owner too" : "owner ");
	if (!acted)
		add_task(phrase, &e->owner);
	if (!source)
		return;
	add_text(phrase, " (");
	add_text(phrase, source->text);
	add_text(phrase, ")");
}

/* Who acted, and whose socket it was. */
static void people_line(struct phrase *phrase, const struct rw_event *e)
{
	next_word(phrase);
	if (e->evidence.flags & RW_F_ACTOR) {
		add_text(phrase, "actor ");
		add_task(phrase, &e->actor);
		add_text(phrase, " tid ");
		add_number(phrase, e->actor.tid);
	} else {
		add_text(phrase, "the kernel acted by itself");
	}
	say_owner(phrase, e);
}

char *evidence_lines(char *p, const struct rw_event *event, uint32_t hz)
{
	struct phrase phrase = { p, INDENT };

	if (event->evidence.flags & RW_F_SK) {
		socket_line(&phrase, event, hz);
		phrase.lead = "\n" INDENT;
	}
	kernel_line(&phrase, event);
	phrase.lead = "\n" INDENT;
	people_line(&phrase, event);
	add_text(&phrase, "\n");
	return phrase.p;
}
