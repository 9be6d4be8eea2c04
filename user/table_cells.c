// SPDX-License-Identifier: GPL-2.0
/* Cells of the table: see table_cells.h. */
#include <limits.h>
#include <string.h>

#include "evidence_text.h"
#include "format.h"
#include "lookup.h"
#include "table_cells.h"
#include "text.h"

#define SHORT_ID 12 /* digits of a container id that are shown */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_US 1000
#define US_PER_SECOND 1000000

_Static_assert(CELL_SIDE_MAX >= FORMAT_IPV6_MAX + sizeof("[]:65535") - 1 &&
		       CELL_SIDE_MAX >= CELL_AT_ONCE,
	       "the longest side has room");

#define WORD(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct name dash = WORD("-");
static const struct name unknown = WORD("?");

/* @name: or NULL */
static struct cell word(const struct name *name, const struct name *otherwise)
{
	if (!name)
		name = otherwise;
	return (struct cell){ name->text, name->len };
}

/* What has been written into cells->text. */
static struct cell written(const struct cells *c, const char *end)
{
	return (struct cell){ c->text, (size_t)(end - c->text) };
}

static struct cell number(struct cells *c, bool known, uint64_t value)
{
	return known ? written(c, format_u64(c->text, value))
		     : word(NULL, &dash);
}

static struct cell printable(struct cells *c, const char *text, size_t max)
{
	return written(c, c->text + text_printable(c->text, text, max));
}

/* Whose socket it was; who else acted stands in CAUSE. */
static const struct rw_task *shown_task(const struct rw_event *e)
{
	return e->evidence.flags & RW_F_OWNER ? &e->owner : NULL;
}

static struct cell cell_clock(struct cells *c, const struct rw_event *e)
{
	return written(c, clock_local(c->clock, c->text, e->ktime_ns));
}

/* Seconds since the start, six digits after the point. */
static struct cell cell_elapsed(struct cells *c, const struct rw_event *e)
{
	uint64_t us = 0;
	char *p;

	if (e->ktime_ns > c->start_ktime_ns)
		us = (e->ktime_ns - c->start_ktime_ns) / NS_PER_US;
	p = format_u64(c->text, us / US_PER_SECOND);
	*p++ = '.';
	return written(c, format_padded(p, us % US_PER_SECOND, 6));
}

static struct cell cell_pid(struct cells *c, const struct rw_event *e)
{
	const struct rw_task *task = shown_task(e);

	return number(c, task, task ? task->pid : 0);
}

static struct cell cell_comm(struct cells *c, const struct rw_event *e)
{
	const struct rw_task *task = shown_task(e);

	if (!task)
		return word(NULL, &dash);
	return printable(c, task->comm, RW_COMM_LEN);
}

/* An IPv6 address in brackets, or the port would look like a part of it. */
static void turn_address(struct cell_side *side, uint8_t family,
			 const uint8_t *address)
{
	char *p = side->text;

	memcpy(side->address, address, sizeof(side->address));
	if (family == 6)
		*p++ = '[';
	p = format_address(p, family, address);
	if (family == 6)
		*p++ = ']';
	*p++ = ':';
	side->port_at = (uint16_t)(p - side->text);
}

/* Mostly a place is taken over by another port of the same address. */
void table_turn(struct cell_side *side, const uint8_t *address, uint32_t key)
{
	char *p;

	if (key >> 16 != side->key >> 16 ||
	    memcmp(side->address, address, sizeof(side->address)))
		turn_address(side, key >> 16 & UINT8_MAX, address);
	side->key = key;
	p = format_six(side->text + side->port_at, key & UINT16_MAX);
	side->len = (uint16_t)(p - side->text);
	memset(p, ' ', CELL_AT_ONCE);
}

static struct cell cell_local(struct cells *c, const struct rw_event *e)
{
	const struct cell_side *side = table_local(c, e);

	return (struct cell){ side->text, side->len };
}

static struct cell cell_remote(struct cells *c, const struct rw_event *e)
{
	const struct cell_side *side = table_remote(c, e);

	return (struct cell){ side->text, side->len };
}

static struct cell cell_what(struct cells *c, const struct rw_event *e)
{
	static const struct name words[] = {
		[RW_KIND_FIN] = WORD("FIN sent"),
		[RW_KIND_RST_ACTIVE] = WORD("RST sent"),
		[RW_KIND_RST_ANSWER] = WORD("RST sent"),
		[RW_KIND_RST_RECEIVED] = WORD("RST rcvd"),
		[RW_KIND_SILENT] = WORD("silent"),
		[RW_KIND_OWNER] = WORD("owner"),
	};
	unsigned int kind = e->evidence.kind;

	(void)c;
	return word(kind < COUNT(words) ? &words[kind] : NULL, &unknown);
}

static struct cell cell_state(struct cells *c, const struct rw_event *e)
{
	(void)c;
	return word(name_state(e->evidence.state), &dash);
}

static struct cell cell_unread(struct cells *c, const struct rw_event *e)
{
	return number(c, e->evidence.flags & RW_F_QUEUES, e->evidence.unread);
}

static struct cell cell_unsent(struct cells *c, const struct rw_event *e)
{
	return number(c, e->evidence.flags & RW_F_QUEUES, e->evidence.unsent);
}

static struct cell cell_unacked(struct cells *c, const struct rw_event *e)
{
	return number(c, e->evidence.flags & RW_F_QUEUES, e->evidence.unacked);
}

/* How long neither side had sent data: the smaller of what is known. */
static struct cell cell_idle(struct cells *c, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;
	uint64_t idle = UINT64_MAX;

	if (ev->flags & RW_F_IDLE_RX)
		idle = ev->idle_rx;
	if (ev->flags & RW_F_IDLE_TX && ev->idle_tx < idle)
		idle = ev->idle_tx;
	return number(c, idle != UINT64_MAX, idle * 1000 / c->hz);
}

static struct cell cell_retransmits(struct cells *c, const struct rw_event *e)
{
	const struct rw_evidence *ev = &e->evidence;

	return number(c, (ev->flags & (RW_F_SK | RW_F_TW)) == RW_F_SK,
		      ev->retransmits);
}

static struct cell cell_reason(struct cells *c, const struct rw_event *e)
{
	const char *reason = lookup(LOOKUP_REASON, e);

	if (!reason)
		return word(NULL, &dash);
	return printable(c, reason, EVIDENCE_REASON_MAX);
}

/* What people know it by: the container, shortened as engines do, or unit. */
static struct cell cell_unit(struct cells *c, const struct rw_event *e)
{
	const char *container = lookup(LOOKUP_CONTAINER, e);
	const char *unit = lookup(LOOKUP_UNIT, e);

	if (container)
		return printable(c, container, SHORT_ID);
	if (unit)
		return printable(c, unit, NAME_MAX);
	return word(NULL, &dash);
}

static struct cell cell_netns(struct cells *c, const struct rw_event *e)
{
	const char *name = lookup(LOOKUP_NETNS, e);

	if (name)
		return printable(c, name, NAME_MAX);
	return number(c, e->tuple.netns, e->tuple.netns);
}

static struct cell cell_cause(struct cells *c, const struct rw_event *e)
{
	static const char late[] = "of a connection above, closed now";
	struct cell cell = { late, sizeof(late) - 1 };
	const char *end;

	_Static_assert(sizeof(late) >= CELL_AT_ONCE, "can be copied at once");
	if (e->evidence.kind == RW_KIND_OWNER)
		return cell;
	cell = word(name_cause(e->cause), &unknown);
	memcpy(c->text, cell.text, CELL_AT_ONCE);
	end = evidence_detail(c->text + cell.len, e, c->hz);
	return written(c, end);
}

/* The time column depends on the options. */
static const struct column clock_column = { "TIME", 12, 12, false, cell_clock };
static const struct column elapsed_column = { "TIME(s)", 10, 10, true,
					      cell_elapsed };

static const struct column all[] = {
	{ "PID", 6, 7, true, cell_pid },
	{ "COMM", 8, 15, false, cell_comm },
	{ "LADDR:LPORT", 15, 21, false, cell_local },
	{ "RADDR:RPORT", 15, 21, false, cell_remote },
	{ "WHAT", 8, 8, false, cell_what },
	{ "STATE", 0, 12, false, cell_state },
	{ "UNREAD", 0, 7, true, cell_unread },
	{ "UNSENT", 0, 7, true, cell_unsent },
	{ "UNACKED", 0, 7, true, cell_unacked },
	{ "IDLE(ms)", 0, 8, true, cell_idle },
	{ "RETR", 0, 4, true, cell_retransmits },
	{ "NETNS", 0, 10, true, cell_netns },
	{ "UNIT", 0, 15, false, cell_unit },
	{ "REASON", 0, 19, false, cell_reason },
	{ "CAUSE", 19, 19, false, cell_cause },
};
_Static_assert(COUNT(all) < COLUMNS_MAX, "one more for the time");

size_t table_columns(const struct column **columns, enum time_column time,
		     bool wide)
{
	size_t n = 0;

	if (time == TIME_WALL)
		columns[n++] = &clock_column;
	else if (time == TIME_RELATIVE)
		columns[n++] = &elapsed_column;
	for (size_t i = 0; i < COUNT(all); i++)
		if (wide || all[i].narrow)
			columns[n++] = &all[i];
	return n;
}

struct cell table_heading(struct cells *cells, const struct column *column)
{
	char *end = stpcpy(cells->text, column->heading);

	return written(cells, end);
}
