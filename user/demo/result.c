// SPDX-License-Identifier: GPL-2.0
/* What a case saw and what it expects to be reported. */
#include "demo.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

void check(struct demo *d, bool ok, const char *what, ...)
{
	struct check *c = &d->checks[d->nchecks];
	va_list args;

	if (d->nchecks == MAX_CHECKS)
		give_up(d, "more than %d checks", MAX_CHECKS);
	d->nchecks++;
	c->ok = ok;
	va_start(args, what);
	vsnprintf(c->what, sizeof(c->what), what, args);
	va_end(args);
}

/* A helper process only says why on stderr: its parent makes the report. */
static _Noreturn void leave(struct demo *d, enum result result, const char *why,
			    va_list args)
{
	char reason[256];

	vsnprintf(reason, sizeof(reason), why, args);
	if (d->in_helper)
		fprintf(stderr, "rstdemo: %s\n", reason);
	else
		result = report(d, result, reason);
	_exit((int)result);
}

void give_up(struct demo *d, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	leave(d, RESULT_FAILED, why, args);
}

void skip(struct demo *d, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	leave(d, RESULT_SKIPPED, why, args);
}

enum result result_of(const struct demo *d)
{
	for (size_t i = 0; i < d->nchecks; i++)
		if (!d->checks[i].ok)
			return RESULT_FAILED;
	return RESULT_OK;
}

struct end *new_end(struct demo *d, const char *role)
{
	struct end *end = &d->ends[d->nends];

	if (d->nends == MAX_ENDS)
		give_up(d, "more than %d endpoints", MAX_ENDS);
	d->nends++;
	end->role = role;
	end->fd = -1;
	return end;
}

struct end *new_address(struct demo *d, const char *role,
			const union addr *local, const union addr *remote)
{
	struct end *end = new_end(d, role);

	end->local = *local;
	end->remote = *remote;
	return end;
}

struct actor me(void)
{
	return (struct actor){ .pid = getpid() };
}

static void with(struct event *ev, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void with(struct event *ev, const char *format, ...)
{
	size_t room = sizeof(ev->more) - ev->more_len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(ev->more + ev->more_len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		abort(); /* the buffer is too small for this case */
	ev->more_len += (size_t)n;
}

static void with_string(struct event *ev, const char *key, const char *value)
{
	with(ev, ",\"%s\":\"%s\"", key, value);
}

static void with_actor(struct event *ev, const struct actor *by)
{
	if (!by) {
		with_null(ev, "actor");
		return;
	}
	with(ev, ",\"actor\":{\"pid\":%d,\"exiting\":%s,\"signal\":", by->pid,
	     by->exiting ? "true" : "false");
	if (by->signal)
		with(ev, "\"%s\"}", by->signal);
	else
		with(ev, "null}");
}

static struct event *expect(struct demo *d, struct end *end,
			    const char *verdict, const char *direction,
			    const char *cause, const char *state)
{
	struct event *ev = &end->events[end->nevents];

	if (end->nevents == MAX_EVENTS)
		give_up(d, "more than %d events at one end", MAX_EVENTS);
	end->nevents++;
	ev->number = d->nevents++;
	ev->verdict = verdict;
	ev->direction = direction;
	ev->cause = cause;
	if (state)
		with_string(ev, "state", state);
	return ev;
}

struct event *expect_fin(struct demo *d, struct end *end, const char *cause,
			 const char *state, const char *order,
			 const struct actor *by)
{
	struct event *ev = expect(d, end, "fin", "sent", cause, state);

	if (order)
		with_string(ev, "order", order);
	with_actor(ev, by);
	return ev;
}

struct event *expect_rst(struct demo *d, struct end *end, const char *cause,
			 const char *state, const struct actor *by)
{
	struct event *ev = expect(d, end, "rst", "sent", cause, state);

	with_actor(ev, by);
	return ev;
}

struct event *expect_received(struct demo *d, struct end *end,
			      const char *cause, const char *state)
{
	struct event *ev = expect(d, end, "rst", "received", cause, state);

	with_actor(ev, NULL);
	return ev;
}

struct event *expect_silent(struct demo *d, struct end *end, const char *cause,
			    const char *state, const struct actor *by)
{
	struct event *ev = expect(d, end, "none", "none", cause, state);

	with_actor(ev, by);
	return ev;
}

void with_number(struct event *ev, const char *key, long value)
{
	with(ev, ",\"%s\":%ld", key, value);
}

void with_null(struct event *ev, const char *key)
{
	with(ev, ",\"%s\":null", key);
}

void with_range(struct event *ev, const char *key, long min, long max)
{
	with(ev, ",\"%s\":{\"min\":%ld,\"max\":%ld}", key, min, max);
}

void with_provocation(struct event *ev, unsigned int payload)
{
	with(ev, ",\"provoked_by\":{\"payload_bytes\":%u}", payload);
}

void with_owner(struct event *ev, pid_t pid)
{
	with(ev, ",\"owner\":{\"pid\":%d}", pid);
}

void with_made_by(struct event *ev, const char *made_by)
{
	with(ev, ",\"rst\":{\"made_by\":\"%s\"}", made_by);
}
