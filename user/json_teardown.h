/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Teardown records in NDJSON. Most of a record is what it was in an earlier
 * one; so that it is copied, not made again, the writer keeps what it wrote.
 */
#ifndef RSTWATCH_JSON_TEARDOWN_H
#define RSTWATCH_JSON_TEARDOWN_H

#include <stdbool.h>

#include "bpf/event.h"
#include "clock.h"
#include "sink.h"

struct json_teardown;

/**
 * json_teardown_new() - a writer that has written nothing yet
 * @clock: stays the caller's, outlives the writer
 * @community_id: write it, not null
 *
 * Return: to be released with json_teardown_free(), or NULL without memory.
 */
struct json_teardown *json_teardown_new(struct clock *clock, bool community_id);

/* json_teardown_start() - what a run says of itself decides about some keys */
void json_teardown_start(struct json_teardown *t, const struct run_info *info);

/**
 * json_teardown() - one record; up to its stacks, where the event has any
 * @p: receives at most SINK_ROOM bytes
 *
 * Return: the end of what was written: after the newline, or, with stacks,
 * after the brace that opens them.
 */
char *json_teardown(struct json_teardown *t, char *p, const struct rw_event *e);

/* json_late_owner() - of a connection whose end was told before it was known */
char *json_late_owner(char *p, const struct rw_event *e);

/* json_teardown_free() - @t: or NULL */
void json_teardown_free(struct json_teardown *t);

#endif
