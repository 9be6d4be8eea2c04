// SPDX-License-Identifier: GPL-2.0
/* Playing a recording: see replay.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"
#include "record.h"
#include "record_audit.h"
#include "record_header.h"
#include "record_reader.h"
#include "peer.h"
#include "record_texts.h"
#include "replay.h"
#include "replay_filter.h"
#include "show.h"
#include "text.h"

/* So many of what was shown without its owner are waited for. */
#define OWNERLESS_MAX 4096

struct replay {
	char name[PATH_MAX + 1]; /* safe to print */
	int fd;
	struct record_reader reader;
	struct record_header header;
	struct clock clock;
	struct record_texts slots;
	const char *texts[LOOKUP_MAX]; /* of the event being shown */
	struct run_totals end;	       /* as recorded */
	struct audit audit;	       /* the same */
	uint64_t last_ktime_ns;	       /* of what was shown */
	uint64_t at;		       /* where the frame at hand begins */
	enum record_found found;       /* what reading ended with */
	int read_errno;
	struct show show;
	bool has_end;	 /* the last frame was read */
	bool has_hidden; /* a filter held something back */
	bool has_new_cause_told;
	uint64_t ownerless[OWNERLESS_MAX]; /* cookies */
	size_t n_ownerless;
};

static enum record_found next_frame(struct replay *r, uint8_t *type,
				    struct wire *payload)
{
	r->at = r->reader.at;
	r->found = record_reader_next(&r->reader, type, payload);
	if (r->found == RECORD_UNREADABLE)
		r->read_errno = errno;
	return r->found;
}

/* Where nothing was shown yet. */
static void complain_open(const struct replay *r, uint32_t version)
{
	fprintf(stderr, "rstwatch: '%s' ", r->name);
	if (r->found == RECORD_FOREIGN)
		fputs("is no recording of rstwatch\n", stderr);
	else
		fprintf(stderr,
			"was written by a newer rstwatch: version %" PRIu32
			" of the format, this one reads %d\n",
			version, RECORD_VERSION);
}

void replay_complain(const struct replay *r)
{
	const char *what = r->found == RECORD_DAMAGED ? "is damaged"
						      : "is cut off";

	if (r->found == RECORD_UNREADABLE)
		fprintf(stderr, "rstwatch: cannot read '%s': %s\n", r->name,
			strerror(r->read_errno));
	else
		fprintf(stderr,
			"rstwatch: '%s' %s at byte %" PRIu64
			", read up to there\n",
			r->name, what, r->at);
}

/* A frame whose checksum is right, but which says nothing sensible. */
static int bad_frame(struct replay *r)
{
	r->found = RECORD_DAMAGED;
	return -EBADMSG;
}

static int read_header(struct replay *r)
{
	struct wire payload;
	uint8_t type;
	int err;

	if (next_frame(r, &type, &payload) != RECORD_FOUND)
		return -EBADMSG;
	if (type != RECORD_HEADER)
		return bad_frame(r);
	err = record_header_read(&r->header, payload);
	if (err == -EBADMSG)
		bad_frame(r);
	return err;
}

/* Return: 0, or -1 after a line on stderr */
static int begin(struct replay *r, const char *path,
		 const volatile sig_atomic_t *stop)
{
	uint32_t version = 0;
	int err;

	text_printable(r->name, path, PATH_MAX);
	r->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				  : STDIN_FILENO;
	r->found = RECORD_UNREADABLE;
	r->read_errno = errno;
	if (r->fd >= 0)
		r->found =
			record_reader_open(&r->reader, r->fd, stop, &version);
	if (r->fd >= 0 && r->found == RECORD_UNREADABLE)
		r->read_errno = errno;
	if (r->found == RECORD_FOREIGN || r->found == RECORD_NEWER) {
		complain_open(r, version);
		return -1;
	}
	err = r->found == RECORD_FOUND ? read_header(r) : -EBADMSG;
	if (err == -ENOMEM)
		fprintf(stderr, "rstwatch: no memory\n");
	else if (err)
		replay_complain(r);
	if (!err)
		clock_init_fixed(&r->clock, r->header.offset_ns);
	return err ? -1 : 0;
}

struct replay *replay_open(const char *path, const volatile sig_atomic_t *stop,
			   int *status)
{
	struct replay *r = calloc(1, sizeof(*r));

	*status = EXIT_FAILURE;
	if (!r) {
		fprintf(stderr, "rstwatch: no memory\n");
		return NULL;
	}
	if (!begin(r, path, stop))
		return r;
	replay_close(r);
	return NULL;
}

const struct run_info *replay_info(const struct replay *r)
{
	return &r->header.info;
}

struct clock *replay_clock(struct replay *r)
{
	return &r->clock;
}

int replay_fd(const struct replay *r)
{
	return r->fd;
}

static int take_text(struct replay *r, struct wire payload)
{
	struct wire_field field, text = { 0 };
	uint64_t slot = 0;
	int more;

	while ((more = wire_next(&payload, &field)) > 0) {
		if (field.id == RECORD_T_SLOT && !field.is_bytes)
			slot = field.number;
		if (field.id == RECORD_T_TEXT)
			text = field;
	}
	if (more || !text.is_bytes || !slot || slot > RECORD_SLOTS)
		return bad_frame(r);
	return record_texts_set(&r->slots, (uint32_t)slot - 1, text.bytes.p,
				text.number);
}

static int take_clock(struct replay *r, struct wire payload)
{
	struct wire_field field;
	int more;

	while ((more = wire_next(&payload, &field)) > 0)
		if (field.id == RECORD_C_OFFSET && !field.is_bytes)
			r->clock.offset_ns = wire_unzigzag(field.number);
	return more ? bad_frame(r) : 0;
}

static bool get_count(const struct wire_field *field, uint64_t *which,
		      struct rw_count *count)
{
	struct wire rest = field->bytes;
	struct wire_field part;
	int more;

	*which = 0;
	*count = (struct rw_count){ 0 };
	while ((more = wire_next(&rest, &part)) > 0) {
		if (part.id == RECORD_K_WHICH)
			*which = part.number;
		else if (part.id == RECORD_K_SEEN)
			count->seen = part.number;
		else if (part.id == RECORD_K_LOST)
			count->lost = part.number;
		else if (part.id == RECORD_K_LOST_RST)
			count->lost_rst = part.number;
	}
	return field->is_bytes && !more;
}

/* Counts of causes that have become one here, unknown, add up. */
static bool add_cause(struct replay *r, const struct wire_field *field)
{
	struct rw_count count, *sum;
	uint64_t which;

	if (!get_count(field, &which, &count) || which >= RECORD_NO_CAUSE ||
	    r->header.causes[which] == RECORD_NO_CAUSE)
		return false;
	sum = &r->end.by_cause[r->header.causes[which]];
	sum->seen += count.seen;
	sum->lost += count.lost;
	sum->lost_rst += count.lost_rst;
	return true;
}

static bool add_kind(struct replay *r, const struct wire_field *field)
{
	struct rw_count count;
	uint64_t which;

	if (!get_count(field, &which, &count) || which >= RW_KIND_MAX)
		return false;
	r->end.by_kind[which] = count.seen;
	return true;
}

static int take_audit(struct replay *r, struct wire payload)
{
	int err = record_audit_decode(&r->audit, payload);

	return err == -EBADMSG ? bad_frame(r) : err;
}

static bool take_minisock(struct replay *r, const struct wire_field *field)
{
	r->end.minisocks[field->id - RECORD_E_MINISOCK] = field->number;
	return !field->is_bytes;
}

static bool take_end_field(struct replay *r, const struct wire_field *field)
{
	switch (field->id) {
	case RECORD_E_TIME:
		r->end.end_ktime_ns = field->number;
		return !field->is_bytes;
	case RECORD_E_EVENTS:
		r->end.events = field->number;
		return !field->is_bytes;
	case RECORD_E_LOST:
		r->end.lost = field->number;
		return !field->is_bytes;
	case RECORD_E_MISSED:
		r->end.missed = field->number;
		return !field->is_bytes;
	case RECORD_E_HELD:
		r->end.held = field->number;
		return !field->is_bytes;
	case RECORD_E_UNFOLLOWED:
		r->end.full[RW_FULL_PIDS] = field->number;
		return !field->is_bytes;
	case RECORD_E_FORGOTTEN:
		r->end.full[RW_FULL_ENDED] = field->number;
		return !field->is_bytes;
	case RECORD_E_DISPLACED:
		r->end.full[RW_FULL_CONTEXTS] = field->number;
		return !field->is_bytes;
	case RECORD_E_UNCLAIMED:
		r->end.full[RW_FULL_DEATHS] = field->number;
		return !field->is_bytes;
	case RECORD_E_AUDITED:
		r->end.audit = field->number ? &r->audit : NULL;
		return !field->is_bytes;
	case RECORD_E_UNEXPLAINED:
		r->audit.unexplained = field->number;
		return !field->is_bytes;
	case RECORD_E_MINISOCKS:
		r->end.has_minisocks = field->number;
		return !field->is_bytes;
	case RECORD_E_MINISOCK + RW_MINISOCK_TIME_WAIT:
	case RECORD_E_MINISOCK + RW_MINISOCK_FIN_WAIT2:
		return take_minisock(r, field);
	case RECORD_E_KIND:
		return add_kind(r, field);
	case RECORD_E_CAUSE:
		return add_cause(r, field);
	default:
		return true;
	}
}

static int take_end(struct replay *r, struct wire payload)
{
	struct wire_field field;
	uint8_t type;
	int more;

	while ((more = wire_next(&payload, &field)) > 0)
		if (!take_end_field(r, &field))
			return bad_frame(r);
	if (more)
		return bad_frame(r);
	r->has_end = true;
	if (next_frame(r, &type, &payload) == RECORD_FOUND)
		return bad_frame(r);
	return r->found == RECORD_OVER || r->found == RECORD_STOPPED ? 0
								     : -EBADMSG;
}

/*
 * An owner that became known later belongs to a teardown. Where a filter holds
 * teardowns back, it is shown with those that were.
 */
static bool owner_passes(const struct replay *r, const struct rw_event *event)
{
	size_t n = r->n_ownerless < OWNERLESS_MAX ? r->n_ownerless
						  : OWNERLESS_MAX;

	for (size_t i = 0; i < n; i++)
		if (r->ownerless[i] == event->cookie)
			return true;
	return !r->has_hidden;
}

static bool passes(struct replay *r, const struct rw_event *event)
{
	if (event->evidence.kind == RW_KIND_OWNER)
		return owner_passes(r, event);
	if (!replay_filter_passes(event)) {
		r->has_hidden = true;
		return false;
	}
	if (!(event->evidence.flags & RW_F_OWNER))
		r->ownerless[r->n_ownerless++ % OWNERLESS_MAX] = event->cookie;
	return true;
}

/* The texts of this event, from the slots it names. */
static bool find_texts(struct replay *r, const uint32_t slots[LOOKUP_MAX])
{
	for (int i = 0; i < LOOKUP_MAX; i++) {
		r->texts[i] = slots[i] ? r->slots.slots[slots[i] - 1] : NULL;
		if (slots[i] && !r->texts[i])
			return false;
	}
	peer_set_text(r->texts[LOOKUP_PEER]);
	return true;
}

static void tell_new_cause(struct replay *r, const struct rw_event *event)
{
	if (r->has_new_cause_told || !r->header.new_cause ||
	    event->cause != RW_CAUSE_UNKNOWN)
		return;
	r->has_new_cause_told = true;
	fprintf(stderr,
		"rstwatch: '%s' has causes this version does not know; they "
		"are shown as unknown\n",
		r->name);
}

/* What time has brought before an event of this time. */
static int tell_time(struct replay *r, uint64_t ktime_ns,
		     const struct run_totals *totals)
{
	if (!show_is_due(&r->show, ktime_ns))
		return 0;
	return show_interval(&r->show, ktime_ns, totals->by_cause);
}

static int show(struct replay *r, const struct rw_event *event,
		struct run_totals *totals)
{
	int err = tell_time(r, event->ktime_ns, totals);
	int event_err = show_event(&r->show, event);

	if (event->evidence.kind < RW_KIND_OWNER)
		totals->by_cause[event->cause].seen++;
	r->last_ktime_ns = event->ktime_ns;
	return err ? err : event_err;
}

static bool is_over(const struct replay *r, const struct options *o,
		    const struct rw_event *event)
{
	uint64_t start = r->header.info.start_ktime_ns;

	return o->duration_ms && event->ktime_ns > start &&
	       (event->ktime_ns - start) / 1000000 >= o->duration_ms;
}

static int take_event(struct replay *r, struct wire payload,
		      const struct options *o, struct run_totals *totals)
{
	uint32_t slots[LOOKUP_MAX];
	struct rw_event event;
	int err;

	if (record_decode(payload.p, (size_t)(payload.end - payload.p), &event,
			  slots) ||
	    !record_header_translate(&r->header, &event) ||
	    !find_texts(r, slots))
		return bad_frame(r);
	if (is_over(r, o, &event)) {
		r->found = RECORD_STOPPED;
		return 0;
	}
	if (!passes(r, &event))
		return 0;
	tell_new_cause(r, &event);
	err = show(r, &event, totals);
	if (o->count && totals->events >= o->count)
		r->found = RECORD_STOPPED;
	return err;
}

static int take(struct replay *r, uint8_t type, struct wire payload,
		const struct options *o, struct run_totals *totals)
{
	switch (type) {
	case RECORD_EVENT:
		return take_event(r, payload, o, totals);
	case RECORD_TEXT:
		return take_text(r, payload);
	case RECORD_CLOCK:
		return take_clock(r, payload);
	case RECORD_AUDIT:
		return take_audit(r, payload);
	case RECORD_END:
		return take_end(r, payload);
	default:
		return 0; /* of a newer version */
	}
}

/*
 * When all was shown, what the recording says of itself is true of the replay.
 * Of a part it is not known how much of what was lost belonged to it.
 */
static void sum_up(const struct replay *r, struct run_totals *totals)
{
	if (r->has_end && !r->has_hidden) {
		totals->lost = r->end.lost;
		memcpy(totals->by_cause, r->end.by_cause,
		       sizeof(totals->by_cause));
	}
	totals->end_ktime_ns = r->has_end ? r->end.end_ktime_ns
					  : r->last_ktime_ns;
	totals->missed = r->end.missed;
	memcpy(totals->full, r->end.full, sizeof(totals->full));
	totals->audit = r->end.audit; /* filters played no part in it */
	totals->has_minisocks = r->end.has_minisocks && !r->has_hidden;
	memcpy(totals->minisocks, r->end.minisocks, sizeof(totals->minisocks));
	totals->part = !r->has_end || (r->has_hidden && r->end.lost);
}

/* Show what was read so far whenever the next has yet to come. */
static int step(struct replay *r, struct sink *sink, const struct options *o,
		struct run_totals *totals)
{
	struct wire payload;
	uint8_t type;
	int err = 0;

	if (record_reader_waits(&r->reader))
		err = sink->flush(sink);
	if (err)
		return err;
	if (next_frame(r, &type, &payload) == RECORD_FOUND)
		return take(r, type, payload, o, totals);
	return r->found == RECORD_STOPPED ? 0 : -EBADMSG;
}

/* The last words of what holds back and adds up. */
static int conclude(struct replay *r, const struct run_totals *totals)
{
	int held = show_held(&r->show, UINT64_MAX);
	int interval =
		show_interval(&r->show, totals->end_ktime_ns, totals->by_cause);
	int total =
		show_total(&r->show, totals->end_ktime_ns, totals->by_cause);

	return held ? held : interval ? interval : total;
}

int replay_run(struct replay *r, struct sink *sink, const struct options *o,
	       struct run_totals *totals)
{
	int err, last_err;

	replay_filter_set(o);
	lookup_replay(r->texts);
	r->last_ktime_ns = r->header.info.start_ktime_ns;
	err = show_open(&r->show, sink, o, totals, r->last_ktime_ns);
	if (err)
		return err;
	while (!err && r->found == RECORD_FOUND && !*r->reader.stop)
		err = step(r, sink, o, totals);
	sum_up(r, totals);
	last_err = err == -EBADMSG ? 0 : conclude(r, totals);
	show_close(&r->show);
	return err ? err : last_err;
}

void replay_close(struct replay *r)
{
	lookup_replay(NULL);
	record_reader_close(&r->reader);
	record_header_free(&r->header);
	record_texts_clear(&r->slots);
	record_audit_free(&r->audit);
	if (r->fd > STDIN_FILENO)
		close(r->fd);
	free(r);
}
