// SPDX-License-Identifier: GPL-2.0
/*
 * A recording as one more sink: frames of fields, see record.h. What a replay
 * needs and cannot look up is written with it: names, clock, tables.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "names.h"
#include "record.h"
#include "record_audit.h"
#include "record_file.h"
#include "record_texts.h"
#include "sink.h"
#include "wire.h"

#define HEADER_STRING_MAX 512 /* bytes of a text in the header */
/* The most that add_end() writes. */
#define END_MAX                                                      \
	((12 + RW_MINISOCK_MAX + (RW_CAUSE_MAX + RW_KIND_MAX) * 5) * \
	 WIRE_NUMBER_MAX)

struct sink_record {
	struct sink sink; /* first: the address is that of the sink */
	struct record_file *file;
	struct out *out;
	struct clock *clock;
	struct run_info info; /* the strings are the caller's */
	int64_t offset_ns;    /* as the file was told last */
	uint64_t bytes;	      /* in this file so far */
	uint32_t crc;	      /* of this file so far */
	int error;	      /* of what is no write */
	struct record_texts texts;
	struct run_totals here;	  /* events of this file, by cause as seen */
	struct run_totals before; /* the same of the files before */
};

static void add(struct sink_record *r, const void *data, size_t len)
{
	r->crc = (uint32_t)crc32(r->crc, data, (uInt)len);
	r->bytes += len;
	out_add(r->out, data, len);
}

static void add_crc(struct sink_record *r)
{
	uint32_t crc = htole32(r->crc);

	r->bytes += sizeof(crc);
	out_add(r->out, (const char *)&crc, sizeof(crc));
}

static void fill_head(char *head, enum record_frame type, size_t len)
{
	uint32_t word = htole32((uint32_t)type | (uint32_t)len << 8);

	memcpy(head, &word, sizeof(word));
}

static void add_frame(struct sink_record *r, enum record_frame type,
		      const void *payload, size_t len)
{
	char head[RECORD_HEAD];

	fill_head(head, type, len);
	add(r, head, sizeof(head));
	add(r, payload, len);
	add_crc(r);
}

/* A string of the header, however long it is. */
static char *put_string(char *p, uint32_t id, const char *text)
{
	return text ? wire_bytes(p, id, text, strnlen(text, HEADER_STRING_MAX))
		    : p;
}

static char *put_name(char *p, uint32_t id, uint32_t number,
		      const struct name *name)
{
	char text[64], *end = text;

	end = wire_number(end, RECORD_N_NUMBER, number);
	end = wire_bytes(end, RECORD_N_NAME, name->text, name->len);
	return wire_bytes(p, id, text, (size_t)(end - text));
}
_Static_assert(NAME_ROOM + 2 * WIRE_NUMBER_MAX < 64, "a name has no room");

static char *put_tables(char *p)
{
	for (uint32_t i = 0; i < RW_CAUSE_MAX; i++)
		p = put_name(p, RECORD_H_CAUSE, i, name_cause(i));
	for (uint32_t i = 0; i < RW_PATH_BITS; i++)
		p = put_name(p, RECORD_H_PATH, i, name_path(i));
	return p;
}

static size_t header_room(const struct run_info *info)
{
	return (8 + info->n_probes + info->n_degraded) *
		       (HEADER_STRING_MAX + WIRE_NUMBER_MAX) +
	       (RW_CAUSE_MAX + RW_PATH_BITS) * 96;
}

static int add_header(struct sink_record *r)
{
	const struct run_info *info = &r->info;
	char *payload = malloc(header_room(info)), *p = payload;

	if (!payload)
		return -ENOMEM;
	p = put_string(p, RECORD_H_PROGRAM, info->version);
	p = put_string(p, RECORD_H_HOST, info->host);
	p = put_string(p, RECORD_H_KERNEL, info->kernel);
	p = put_string(p, RECORD_H_BACKEND, info->backend);
	for (size_t i = 0; i < info->n_probes; i++)
		p = put_string(p, RECORD_H_PROBE, info->probes[i]);
	for (size_t i = 0; i < info->n_degraded; i++)
		p = put_string(p, RECORD_H_DEGRADED, info->degraded[i]);
	p = wire_number(p, RECORD_H_HZ, info->hz);
	p = wire_number(p, RECORD_H_START, info->start_ktime_ns);
	p = wire_number(p, RECORD_H_OOM, info->knows_oom);
	p = wire_number(p, RECORD_H_OFFSET, wire_zigzag(r->offset_ns));
	p = put_tables(p);
	add_frame(r, RECORD_HEADER, payload, (size_t)(p - payload));
	free(payload);
	return 0;
}

static int begin_file(struct sink_record *r)
{
	const uint32_t version = htole32(RECORD_VERSION);

	r->crc = 0;
	r->bytes = 0;
	r->here = (struct run_totals){ 0 };
	record_texts_clear(&r->texts);
	add(r, RECORD_MAGIC, RECORD_MAGIC_LEN);
	add(r, &version, sizeof(version));
	return add_header(r);
}

/* The wall clock was set, or a replay says that it had been. */
static void follow_clock(struct sink_record *r, uint64_t ktime_ns)
{
	int64_t offset_ns = clock_offset(r->clock, ktime_ns);
	char text[WIRE_NUMBER_MAX];
	char *end;

	if (offset_ns == r->offset_ns)
		return;
	r->offset_ns = offset_ns;
	end = wire_number(text, RECORD_C_OFFSET, wire_zigzag(offset_ns));
	add_frame(r, RECORD_CLOCK, text, (size_t)(end - text));
}

static void add_text(struct sink_record *r, uint32_t slot, const char *text)
{
	size_t max = RECORD_PAYLOAD_MAX - 3 * WIRE_NUMBER_MAX;
	size_t len = strnlen(text, max);
	char *payload = malloc(len + 3 * WIRE_NUMBER_MAX), *p = payload;

	if (!payload) {
		r->error = -ENOMEM;
		return;
	}
	p = wire_number(p, RECORD_T_SLOT, slot);
	p = wire_bytes(p, RECORD_T_TEXT, text, len);
	add_frame(r, RECORD_TEXT, payload, (size_t)(p - payload));
	free(payload);
}

/* All that was looked up for this event. */
static void add_texts(struct sink_record *r, const struct rw_event *event,
		      uint32_t slots[LOOKUP_MAX])
{
	for (int i = 0; i < LOOKUP_MAX; i++) {
		const char *text = lookup((enum lookup_kind)i, event);
		bool is_new;

		if (!text)
			continue;
		slots[i] = record_texts_slot(&r->texts, text, slots, &is_new);
		if (!slots[i])
			r->error = -ENOMEM;
		else if (is_new)
			add_text(r, slots[i], text);
	}
}

/* Formatted where it is written from: this is what happens most. */
static void add_event(struct sink_record *r, const struct rw_event *event,
		      const uint32_t slots[LOOKUP_MAX])
{
	char *head = out_room(r->out, SINK_ROOM);
	char *end = record_encode(head + RECORD_HEAD, event, slots);
	size_t len = (size_t)(end - head);

	fill_head(head, RECORD_EVENT, len - RECORD_HEAD);
	r->crc = (uint32_t)crc32(r->crc, (const Bytef *)head, (uInt)len);
	r->bytes += len;
	out_done(r->out, end);
	add_crc(r);
}
_Static_assert(RECORD_EVENT_MAX + RECORD_HEAD <= SINK_ROOM,
	       "an event has no room");

static char *put_count(char *p, uint32_t id, uint32_t which,
		       const struct rw_count *count)
{
	char text[4 * WIRE_NUMBER_MAX], *end = text;

	if (!count->seen && !count->lost)
		return p;
	end = wire_number(end, RECORD_K_WHICH, which);
	end = wire_number(end, RECORD_K_SEEN, count->seen);
	end = wire_number(end, RECORD_K_LOST, count->lost);
	end = wire_number(end, RECORD_K_LOST_RST, count->lost_rst);
	return wire_bytes(p, id, text, (size_t)(end - text));
}

static void add_audit(struct sink_record *r, const struct audit *audit)
{
	char text[RECORD_AUDIT_MAX];

	for (size_t i = 0; i < audit->n; i++) {
		char *end = record_audit_encode(text, &audit->netns[i]);

		add_frame(r, RECORD_AUDIT, text, (size_t)(end - text));
	}
}

static void add_end(struct sink_record *r, const struct run_totals *totals)
{
	const struct audit *audit = totals->audit;
	char text[END_MAX], *p = text;

	p = wire_number(p, RECORD_E_TIME, totals->end_ktime_ns);
	p = wire_number(p, RECORD_E_EVENTS, totals->events);
	p = wire_number(p, RECORD_E_LOST, totals->lost);
	p = wire_number(p, RECORD_E_MISSED, totals->missed);
	p = wire_number(p, RECORD_E_HELD, totals->held);
	p = wire_number(p, RECORD_E_UNFOLLOWED, totals->full[RW_FULL_PIDS]);
	p = wire_number(p, RECORD_E_FORGOTTEN, totals->full[RW_FULL_ENDED]);
	p = wire_number(p, RECORD_E_DISPLACED, totals->full[RW_FULL_CONTEXTS]);
	p = wire_number(p, RECORD_E_UNCLAIMED, totals->full[RW_FULL_DEATHS]);
	if (audit && !audit->failed) {
		add_audit(r, audit);
		p = wire_number(p, RECORD_E_AUDITED, 1);
		p = wire_number(p, RECORD_E_UNEXPLAINED, audit->unexplained);
	}
	for (uint32_t i = 0; i < RW_KIND_MAX; i++) {
		struct rw_count count = { .seen = totals->by_kind[i] };

		p = put_count(p, RECORD_E_KIND, i, &count);
	}
	for (uint32_t i = 0; i < RW_CAUSE_MAX; i++)
		p = put_count(p, RECORD_E_CAUSE, i, &totals->by_cause[i]);
	p = wire_number(p, RECORD_E_MINISOCKS, totals->has_minisocks);
	for (uint32_t i = 0; totals->has_minisocks && i < RW_MINISOCK_MAX; i++)
		p = wire_number(p, RECORD_E_MINISOCK + i, totals->minisocks[i]);
	add_frame(r, RECORD_END, text, (size_t)(p - text));
}

static void add_up(struct run_totals *sum, const struct run_totals *more)
{
	sum->events += more->events;
	for (int i = 0; i < RW_KIND_MAX; i++)
		sum->by_kind[i] += more->by_kind[i];
	for (int i = 0; i < RW_CAUSE_MAX; i++)
		sum->by_cause[i].seen += more->by_cause[i].seen;
}

/*
 * Each file tells of its own events; what was lost is known at the end of the
 * run and stands in the last. So the files of a run add up.
 */
static int next_file(struct sink_record *r, uint64_t ktime_ns)
{
	int err;

	r->here.end_ktime_ns = ktime_ns;
	add_end(r, &r->here);
	add_up(&r->before, &r->here);
	err = out_flush(r->out);
	if (!err)
		err = record_file_rotate(r->file);
	if (err)
		return err;
	r->out->fd = r->file->fd;
	return begin_file(r);
}

static int failed(struct sink_record *r)
{
	return r->error ? r->error : r->out->error;
}

static int record_start(struct sink *sink, const struct run_info *info)
{
	struct sink_record *r = (struct sink_record *)sink;

	r->info = *info;
	r->offset_ns = clock_offset(r->clock, info->start_ktime_ns);
	r->error = begin_file(r);
	return failed(r);
}

static void count(struct run_totals *totals, const struct rw_event *event)
{
	run_count(totals, event);
	if (event->evidence.kind < RW_KIND_OWNER)
		totals->by_cause[event->cause].seen++;
}

static int record_event(struct sink *sink, const struct rw_event *event)
{
	struct sink_record *r = (struct sink_record *)sink;
	uint32_t slots[LOOKUP_MAX] = { 0 };

	if (failed(r))
		return failed(r);
	follow_clock(r, event->ktime_ns);
	add_texts(r, event, slots);
	add_event(r, event, slots);
	count(&r->here, event);
	if (r->file->rotate_bytes && r->bytes >= r->file->rotate_bytes)
		r->error = next_file(r, event->ktime_ns);
	return failed(r);
}

/* What was counted since; counts that could not be read are 0. */
static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* What remains for the last file when the ones before have told theirs. */
static int record_end(struct sink *sink, const struct run_totals *totals)
{
	struct sink_record *r = (struct sink_record *)sink;
	struct run_totals rest = *totals;

	if (failed(r))
		return failed(r);
	rest.events = since(rest.events, r->before.events);
	for (int i = 0; i < RW_KIND_MAX; i++)
		rest.by_kind[i] = since(rest.by_kind[i], r->before.by_kind[i]);
	for (int i = 0; i < RW_CAUSE_MAX; i++)
		rest.by_cause[i].seen = since(rest.by_cause[i].seen,
					      r->before.by_cause[i].seen);
	follow_clock(r, totals->end_ktime_ns);
	add_end(r, &rest);
	return out_flush(r->out);
}

static int record_flush(struct sink *sink)
{
	struct sink_record *r = (struct sink_record *)sink;

	out_flush(r->out);
	return failed(r);
}

static void record_free(struct sink *sink)
{
	struct sink_record *r = (struct sink_record *)sink;

	record_texts_clear(&r->texts);
	free(r);
}

struct sink *sink_record_new(struct record_file *file, struct out *out,
			     struct clock *clock)
{
	struct sink_record *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->sink = (struct sink){ .start = record_start,
				 .event = record_event,
				 .end = record_end,
				 .flush = record_flush,
				 .free = record_free };
	r->file = file;
	r->out = out;
	r->clock = clock;
	return &r->sink;
}
