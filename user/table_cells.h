/* SPDX-License-Identifier: GPL-2.0 */
/* What stands in the columns of the table. */
#ifndef RSTWATCH_TABLE_CELLS_H
#define RSTWATCH_TABLE_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bpf/event.h"
#include "clock.h"
#include "names.h"
#include "options.h"

/* So many bytes can be copied of any cell, without a look at its length. */
#define CELL_AT_ONCE (NAME_ROOM + 1)

struct cell {
	const char *text; /* no NUL */
	size_t len;
};

/*
 * An address and its port, as last written: this host's end is mostly the same,
 * and of a connection within this host each end is told twice.
 */
#define CELL_SIDES 64	 /* a power of two */
#define CELL_SIDE_MAX 48 /* [IPv6 address]:port */

struct cell_side {
	uint64_t address[2];
	uint32_t key; /* port, family and a bit; 0: nothing yet */
	uint16_t len;
	uint16_t port_at;			 /* in the text */
	char text[CELL_SIDE_MAX + CELL_AT_ONCE]; /* blanks follow it */
};

#define CELL_MAX 512 /* the longest is CAUSE with its detail */

/* Begin with all zero but clock, start_ktime_ns and hz. */
struct cells {
	struct clock *clock;
	uint64_t start_ktime_ns;
	uint32_t hz;			    /* jiffies a second */
	struct cell_side sides[CELL_SIDES]; /* by port */
	char text[CELL_MAX];		    /* of any other cell */
};

struct column {
	const char *heading;
	uint8_t narrow; /* width, 0: not shown */
	uint8_t wide;	/* width with -w */
	bool right;	/* numbers: aligned at their end */
	/* The text is valid until the next cell is made. */
	struct cell (*cell)(struct cells *cells, const struct rw_event *event);
};

/* The time, if it is shown, then these, then the rest. */
#define COLUMNS_WHO 2	/* PID, COMM */
#define COLUMNS_SIDES 2 /* LADDR:LPORT, RADDR:RPORT */
#define COLUMNS_MAX 16

/**
 * table_columns() - those that the options ask for, in their order
 * @columns: receives COLUMNS_MAX at the most
 *
 * Return: how many.
 */
size_t table_columns(const struct column **columns, enum time_column time,
		     bool wide);

/* table_turn() - make a side show another address or port */
void table_turn(struct cell_side *side, const uint8_t *address, uint32_t key);

static inline const struct cell_side *table_side(struct cells *cells,
						 uint8_t family,
						 const uint8_t *address,
						 uint16_t port)
{
	struct cell_side *side = cells->sides + port % CELL_SIDES;
	uint32_t key = port + ((uint32_t)family << 16) + (1u << 24);
	uint64_t words[2];

	memcpy(words, address, sizeof(words));
	if (side->key != key || side->address[0] != words[0] ||
	    side->address[1] != words[1])
		table_turn(side, address, key);
	return side;
}

/* table_local(), table_remote() - the two addresses, as they stand in cells */
static inline const struct cell_side *table_local(struct cells *cells,
						  const struct rw_event *event)
{
	return table_side(cells, event->family, event->tuple.laddr,
			  event->tuple.lport);
}

static inline const struct cell_side *table_remote(struct cells *cells,
						   const struct rw_event *event)
{
	return table_side(cells, event->family, event->tuple.raddr,
			  event->tuple.rport);
}

/* table_heading() - as a column's cell() */
struct cell table_heading(struct cells *cells, const struct column *column);

#endif
