/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where events go: start once, then events, then end once, which flushes;
 * flush also whenever nothing more is waiting. Nothing reaches the descriptor
 * before a flush or a full buffer.
 */
#ifndef RSTWATCH_SINK_H
#define RSTWATCH_SINK_H

#include <stdbool.h>

#include "bpf/event.h"
#include "clock.h"
#include "limit.h"
#include "options.h"
#include "out.h"
#include "run.h"
#include "tally.h"

/*
 * Each returns 0 or the negative errno of a failed write. -EPIPE means that
 * the reader has gone, which is a normal end; SIGPIPE has to be ignored. The
 * error sticks: every later call returns it.
 */
struct sink {
	int (*start)(struct sink *sink, const struct run_info *info);
	int (*event)(struct sink *sink, const struct rw_event *event);
	int (*end)(struct sink *sink, const struct run_totals *totals);
	int (*flush)(struct sink *sink);
	/* What --limit held back in a second; NULL: only the end tells. */
	int (*held)(struct sink *sink, const struct held *held);
	/* NULL: this sink has events alone. */
	int (*summary)(struct sink *sink, const struct report *report);
	void (*free)(struct sink *sink); /* does not flush */
};

/* The most that a sink asks out_room() for; an output buffer holds more. */
#define SINK_ROOM 16384

/* What NDJSON has beside the usual. */
struct json_style {
	bool community_id; /* compute it, else it is null */
};

/**
 * sink_json_new() - NDJSON, schema version 1
 * @out: stays the caller's, outlives the sink, holds SINK_ROOM at least
 * @clock: the same
 *
 * Return: a sink to be released with its free(), or NULL without memory.
 */
struct sink *sink_json_new(struct out *out, struct clock *clock,
			   const struct json_style *style);

/* How a table looks. */
struct table_style {
	enum time_column time;
	bool wide;    /* -w */
	bool verbose; /* -v */
	bool sums;    /* no heading: summaries come instead of events */
	bool color;
	size_t width; /* columns of the terminal; 0: lines are not folded */
};

/* sink_table_new() - columns for people; otherwise as sink_json_new() */
struct sink *sink_table_new(struct out *out, struct clock *clock,
			    const struct table_style *style);

struct record_file;

/**
 * sink_record_new() - a recording, to be read with --read
 * @file: where @out leads; begins the next one when it is full. Stays the
 *	  caller's
 *
 * Otherwise as sink_json_new().
 */
struct sink *sink_record_new(struct record_file *file, struct out *out,
			     struct clock *clock);

/**
 * sink_tee_new() - two sinks as one
 * @first: asked before @second, and freed with it; a recording belongs here,
 *	   so that what it writes is what @second then shows
 *
 * Return: NULL without memory or if either is NULL: then both are freed.
 */
struct sink *sink_tee_new(struct sink *first, struct sink *second);

/**
 * sink_color() - whether to colour what goes to a descriptor
 *
 * Automatically: on a terminal that is not "dumb", unless NO_COLOR is set to
 * anything (https://no-color.org).
 */
bool sink_color(enum color_when when, int fd);

#endif
