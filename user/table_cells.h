/* SPDX-License-Identifier: GPL-2.0 */
/* What stands in the columns of the table. */
#ifndef RSTWATCH_TABLE_CELLS_H
#define RSTWATCH_TABLE_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	uint32_t len;
	char text[CELL_SIDE_MAX];
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

/* table_local(), table_remote() - the cells of the two addresses */
struct cell table_local(struct cells *cells, const struct rw_event *event);
struct cell table_remote(struct cells *cells, const struct rw_event *event);

/* table_heading() - as a column's cell() */
struct cell table_heading(struct cells *cells, const struct column *column);

#endif
