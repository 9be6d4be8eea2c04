// SPDX-License-Identifier: GPL-2.0
/*
 * The evidence in plain sentences: see sentence.h. One function a cause, in
 * the order of bpf/causes.def; each says what its event shows and no more.
 */
#include <stdbool.h>
#include <string.h>

#include "cause_text.h"
#include "lookup.h"
#include "names.h"
#include "phrase.h"
#include "sentence.h"
#include "suspect.h"
#include "text.h"

#define REASON_MAX 64 /* bytes shown of a kernel reason */

struct story {
	struct phrase says;
	const struct rw_event *e;
	uint32_t hz;
};

static bool has(const struct story *s, uint32_t flags)
{
	return (s->e->evidence.flags & flags) == flags;
}

static void add(struct story *s, const char *text)
{
	phrase_add(&s->says, text);
}

static void add_ms(struct story *s, uint32_t jiffies)
{
	phrase_add_number(&s->says, (uint64_t)jiffies * 1000 / s->hz);
	add(s, " ms");
}

static void add_state(struct story *s)
{
	const struct name *state = name_state(s->e->evidence.state);

	add(s, state ? state->text : "an unknown state");
}

/* "this end", and whose it is when that is known */
static void add_this_end(struct story *s, const char *begin)
{
	add(s, begin);
	if (!has(s, RW_F_OWNER))
		return;
	add(s, ", ");
	phrase_add_task(&s->says, &s->e->owner);
	add(s, ",");
}

/* Who made the kernel act, and whether it was dying then. */
static void add_actor(struct story *s)
{
	char name[NAME_SIGNAL_MAX + 1], *signal;

	if (!has(s, RW_F_ACTOR)) {
		add_this_end(s, "This end");
		return;
	}
	phrase_add_task(&s->says, &s->e->actor);
	if (!has(s, RW_F_EXITING))
		return;
	signal = name_signal(name, s->e->evidence.exit & RW_EXIT_SIGNAL);
	*signal = '\0';
	add(s, *name ? ", killed by " : ", exiting");
	add(s, name);
	if (s->e->evidence.exit & RW_EXIT_OOM)
		add(s, " for want of memory");
	add(s, ",");
}

/* The segment that was answered. */
static void add_segment(struct story *s)
{
	const struct rw_evidence *ev = &s->e->evidence;

	add(s, "A segment");
	if (!has(s, RW_F_TRIGGER))
		return;
	add(s, " (");
	s->says.p = name_flags(s->says.p, ev->trigger);
	add(s, ", ");
	phrase_add_count(&s->says, ev->trigger_payload, "byte");
	add(s, " of data)");
}

static void add_data(struct story *s)
{
	if (has(s, RW_F_TRIGGER) && s->e->evidence.trigger_payload)
		phrase_add_count(&s->says, s->e->evidence.trigger_payload,
				 "byte");
	else
		add(s, "Data");
}

static void add_no_data_for(struct story *s)
{
	if (!has(s, RW_F_IDLE_RX))
		return;
	add(s, "; no data had come for ");
	add_ms(s, s->e->evidence.idle_rx);
}

static void add_retransmits(struct story *s, const char *noun)
{
	const struct rw_evidence *ev = &s->e->evidence;

	if (!has(s, RW_F_SK) || has(s, RW_F_TW) || !ev->retransmits)
		return;
	add(s, " after ");
	phrase_add_count(&s->says, ev->retransmits, noun);
}

/* Some ends are silent in some states. */
static void add_nothing_sent(struct story *s)
{
	if (s->e->evidence.kind != RW_KIND_SILENT)
		return;
	add(s, "; in ");
	add_state(s);
	add(s, " that sends nothing");
}

static void on_close(struct story *s)
{
	const struct rw_evidence *ev = &s->e->evidence;

	add_actor(s);
	add(s, " closed");
	if (has(s, RW_F_QUEUES) && !ev->unread)
		add(s, " with everything read");
	if (ev->order == RW_ORDER_FIRST)
		add(s, ", before a FIN of the peer had come");
	else if (ev->order == RW_ORDER_SECOND)
		add(s, ", after the peer's FIN");
	else if (ev->order == RW_ORDER_SIMULTANEOUS)
		add(s, ", and the two FINs crossed");
	if (!has(s, RW_F_LINGER_WAIT))
		return;
	add(s, "; SO_LINGER made close() wait ");
	phrase_add_number(&s->says, ev->linger_wait_ms);
	add(s, " ms");
}

static void on_shutdown(struct story *s)
{
	add_actor(s);
	add(s, " called shutdown()");
}

static void on_unread_data(struct story *s)
{
	const struct rw_evidence *ev = &s->e->evidence;

	add_actor(s);
	add(s, " closed with ");
	if (has(s, RW_F_QUEUES) && ev->unread)
		phrase_add_count(&s->says, ev->unread, "byte");
	else
		add(s, "data");
	add(s, " unread");
	if (has(s, RW_F_IDLE_RX)) {
		add(s, "; the last data had come ");
		add_ms(s, ev->idle_rx);
		add(s, " before");
	}
	if (has(s, RW_F_QUEUES))
		add(s, has(s, RW_F_PEER_FIN)
			       ? ", and the peer's FIN had come"
			       : ", and the peer had not sent a FIN");
}

static void on_linger_zero(struct story *s)
{
	add_actor(s);
	add(s, " closed with SO_LINGER {1,0}");
	add_nothing_sent(s);
}

static void on_disconnect(struct story *s)
{
	add_actor(s);
	add(s, " dissolved the connection with connect(AF_UNSPEC)");
	add_nothing_sent(s);
}

static void on_listener_closed(struct story *s)
{
	if (has(s, RW_F_ACTOR)) {
		add_actor(s);
		add(s, " ended the listener");
	} else {
		add(s, "The listener ended");
	}
	add(s, " before anybody had accepted this connection");
}

static void on_socket_destroyed(struct story *s)
{
	if (has(s, RW_F_ACTOR)) {
		add_actor(s);
		add(s, " destroyed the socket");
	} else {
		add(s, "The socket was destroyed");
	}
	if (has(s, RW_F_OWNER)) {
		add(s, " of ");
		phrase_add_task(&s->says, &s->e->owner);
	}
	add_nothing_sent(s);
}

static void on_linger2(struct story *s)
{
	add_actor(s);
	add(s, has(s, RW_F_ACTOR) ? " closed" : " had closed");
	add(s, " with TCP_LINGER2 below zero: no waiting for the peer's FIN");
}

static void on_fin_wait2_timeout(struct story *s)
{
	add_this_end(s, "This end");
	add(s, " had closed and waited in FIN_WAIT2 for the peer's FIN until "
	       "its time was up");
}

static void on_orphan_limit(struct story *s)
{
	add_this_end(s, "This end");
	add(s, " had closed, and the kernel gave the socket up: too many such "
	       "sockets, or TCP out of memory");
}

static void on_keepalive_timeout(struct story *s)
{
	add(s, "Keepalive probes were not answered");
	add_no_data_for(s);
}

static void on_user_timeout(struct story *s)
{
	add(s, "TCP_USER_TIMEOUT ran out");
	if (s->e->evidence.kind == RW_KIND_SILENT)
		add_retransmits(s, "retransmit");
	else
		add(s, " while keepalive probes were not answered");
	add_no_data_for(s);
}

static void on_data_after_close(struct story *s)
{
	add_data(s);
	add(s, " came ");
	if (has(s, RW_F_SINCE_CLOSE)) {
		phrase_add_number(&s->says, s->e->since_close_ms);
		add(s, " ms ");
	}
	add_this_end(s, "after this end");
	add(s, " had closed");
}

static void on_data_after_shutdown(struct story *s)
{
	add_data(s);
	add_this_end(s, " came after this end");
	add(s, " had shut down both directions; the socket is still held");
}

static void on_no_listener(struct story *s)
{
	add(s, "A SYN came for port ");
	phrase_add_number(&s->says, s->e->tuple.lport);
	add(s, ", and nobody listens there");
}

/* " came for a connection that had ended" ... */
static void add_ended(struct story *s)
{
	add(s, " came for a connection that had ended ");
	phrase_add_number(&s->says, s->e->since_close_ms);
	add(s, " ms before");
	if (!has(s, RW_F_OWNER))
		return;
	add(s, "; it was that of ");
	phrase_add_task(&s->says, &s->e->owner);
}

/* A segment for something that is no more. */
static void add_gone(struct story *s)
{
	if (has(s, RW_F_SINCE_CLOSE))
		add_ended(s);
	else
		add(s, " came for a connection that this host does not have");
}

static void on_connect_abandoned(struct story *s)
{
	add(s, "A SYN-ACK");
	add_gone(s);
}

static void on_no_socket(struct story *s)
{
	add_segment(s);
	add_gone(s);
}

static void on_accept_overflow(struct story *s)
{
	add(s, "The last ACK of a handshake was refused");
	if (has(s, RW_F_QUEUE_FULL))
		add(s, ": the accept queue was full");
}

static void on_handshake(struct story *s)
{
	add_segment(s);
	if (has(s, RW_F_SINCE_CLOSE)) { /* and found the listener */
		add_ended(s);
		return;
	}
	add(s, " came that does not fit ");
	add_state(s);
}

static void on_bad_segment(struct story *s)
{
	add_segment(s);
	add(s, " was refused in ");
	add_state(s);
}

static void add_reason(struct story *s)
{
	const char *reason = lookup(LOOKUP_REASON, s->e);

	if (!reason)
		return;
	add(s, ", the kernel's reason is ");
	s->says.p += text_printable(s->says.p, reason, REASON_MAX);
}

static void on_mptcp_fastclose(struct story *s)
{
	if (has(s, RW_F_ACTOR)) {
		add_actor(s);
		add(s, " aborted the MPTCP connection");
	} else {
		add(s, "The MPTCP connection was aborted");
	}
	add_reason(s);
}

static void on_mptcp_subflow(struct story *s)
{
	add(s, "One path of an MPTCP connection was refused or reset");
	add_reason(s);
}

static void on_firewall(struct story *s)
{
	add(s, "A firewall rule of this host rejected a segment with a RST");
}

static void on_unknown(struct story *s)
{
	add(s, "What was seen shows none of the causes");
	add_reason(s);
}

static void on_refused(struct story *s)
{
	add(s, "A RST answered the SYN");
	if (!has(s, RW_F_OWNER))
		return;
	add(s, " of ");
	phrase_add_task(&s->says, &s->e->owner);
}

static void on_reset_by_peer(struct story *s)
{
	add_this_end(s, "A RST came; this end");
	add(s, " had not closed");
	if (has(s, RW_F_QUEUES) && has(s, RW_F_PEER_FIN))
		add(s, ", the peer's FIN had come before");
}

static void on_reset_after_fin(struct story *s)
{
	add_this_end(s, "A RST came after this end");
	add(s, " had sent its FIN");
}

static void on_reset_in_handshake(struct story *s)
{
	add(s, "A RST ended a handshake that was no connection yet");
}

static void on_connect_cancelled(struct story *s)
{
	add_actor(s);
	add(s, " gave up connecting");
	add_retransmits(s, "repeated SYN");
	add(s, "; nothing was sent");
}

static void on_timed_out(struct story *s)
{
	add(s, "The kernel gave up in ");
	add_state(s);
	add_retransmits(s, "retransmit");
	add_no_data_for(s);
}

static void on_unreachable(struct story *s)
{
	const char *error = strerrorname_np(s->e->evidence.sk_err);

	add(s, "An ICMP message ended the attempt to connect");
	if (!s->e->evidence.sk_err || !error)
		return;
	add(s, " with ");
	add(s, error);
}

static void on_repair(struct story *s)
{
	add_actor(s);
	add(s, " closed with TCP_REPAIR on, which sends nothing");
}

static void (*const tell[RW_CAUSE_MAX])(struct story *s) = {
	[RW_CAUSE_CLOSE] = on_close,
	[RW_CAUSE_SHUTDOWN] = on_shutdown,
	[RW_CAUSE_UNREAD_DATA] = on_unread_data,
	[RW_CAUSE_LINGER_ZERO] = on_linger_zero,
	[RW_CAUSE_DISCONNECT] = on_disconnect,
	[RW_CAUSE_LISTENER_CLOSED] = on_listener_closed,
	[RW_CAUSE_SOCKET_DESTROYED] = on_socket_destroyed,
	[RW_CAUSE_LINGER2] = on_linger2,
	[RW_CAUSE_FIN_WAIT2_TIMEOUT] = on_fin_wait2_timeout,
	[RW_CAUSE_ORPHAN_LIMIT] = on_orphan_limit,
	[RW_CAUSE_KEEPALIVE_TIMEOUT] = on_keepalive_timeout,
	[RW_CAUSE_USER_TIMEOUT] = on_user_timeout,
	[RW_CAUSE_DATA_AFTER_CLOSE] = on_data_after_close,
	[RW_CAUSE_DATA_AFTER_SHUTDOWN] = on_data_after_shutdown,
	[RW_CAUSE_NO_LISTENER] = on_no_listener,
	[RW_CAUSE_CONNECT_ABANDONED] = on_connect_abandoned,
	[RW_CAUSE_NO_SOCKET] = on_no_socket,
	[RW_CAUSE_ACCEPT_OVERFLOW] = on_accept_overflow,
	[RW_CAUSE_HANDSHAKE] = on_handshake,
	[RW_CAUSE_BAD_SEGMENT] = on_bad_segment,
	[RW_CAUSE_MPTCP_FASTCLOSE] = on_mptcp_fastclose,
	[RW_CAUSE_MPTCP_SUBFLOW] = on_mptcp_subflow,
	[RW_CAUSE_FIREWALL] = on_firewall,
	[RW_CAUSE_UNKNOWN] = on_unknown,
	[RW_CAUSE_REFUSED] = on_refused,
	[RW_CAUSE_RESET_BY_PEER] = on_reset_by_peer,
	[RW_CAUSE_RESET_AFTER_FIN] = on_reset_after_fin,
	[RW_CAUSE_RESET_IN_HANDSHAKE] = on_reset_in_handshake,
	[RW_CAUSE_CONNECT_CANCELLED] = on_connect_cancelled,
	[RW_CAUSE_TIMED_OUT] = on_timed_out,
	[RW_CAUSE_UNREACHABLE] = on_unreachable,
	[RW_CAUSE_REPAIR] = on_repair,
};

/* What this end's application wrote and nobody will get. */
static void add_loss(struct story *s)
{
	const struct rw_evidence *ev = &s->e->evidence;
	uint64_t bytes = (uint64_t)ev->unsent + ev->unacked;

	if (ev->kind == RW_KIND_FIN || !has(s, RW_F_QUEUES) || !bytes)
		return;
	add(s, " Discarded: ");
	phrase_add_count(&s->says, bytes, "byte");
	add(s, " written here and not yet ");
	add(s, !ev->unacked ? "sent." : "acknowledged.");
}

/* Whether the peer made the RST, as far as hop limits tell. */
static void add_suspicion(struct story *s)
{
	const struct rw_evidence *ev = &s->e->evidence;

	if (suspect_is_injected(ev)) {
		add(s, " It came with hop limit ");
		phrase_add_number(&s->says, ev->hops_rst);
		add(s, ", the handshake with ");
		phrase_add_number(&s->says, ev->hops_established);
		add(s, ": somebody on the way may have made it.");
	}
	if (ev->rst_shape & RW_RST_AFTER_SUSPECT)
		add(s, " The RST that had ended the connection here may have "
		       "been made on the way: its hop limit was another, and "
		       "the peer goes on sending.");
}

char *sentence(char *p, const struct rw_event *event, uint32_t hz)
{
	struct story s = { { p, "" }, event, hz };
	const struct cause_text *cause = cause_text(event->cause);

	if (!cause || !tell[event->cause])
		return p;
	tell[event->cause](&s);
	add(&s, ".");
	add_loss(&s);
	add_suspicion(&s);
	if (has(&s, RW_F_INFERRED))
		add(&s, " Inferred: the deciding step was not seen.");
	if (*cause->hint) {
		add(&s, " ");
		add(&s, cause->hint);
	}
	return s.says.p;
}
