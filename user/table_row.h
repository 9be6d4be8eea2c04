/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows of the table. Columns have a place where they start; what is too long
 * for its place moves the following ones only as far as needed, and nothing is
 * cut. On a terminal a row that is too long for it is folded between two columns.
 *
 * Most events are like one before but for their time and addresses. So what
 * stands beside these is kept as it was laid out, for rows that are neither wide
 * nor folded.
 */
#ifndef RSTWATCH_TABLE_ROW_H
#define RSTWATCH_TABLE_ROW_H

#include "table_cells.h"

#define RUN_MAX 80

/* Neighbouring columns, laid out where they belong. */
struct run {
	size_t len;   /* RUN_MAX or more: it was not kept */
	bool has_gap; /* it closes up when what is before them is too long */
	char text[RUN_MAX]; /* blanks follow it */
};

struct kept_row {
	struct rw_event of;
	bool is_whole; /* both were kept */
	struct run who, what;
};

#define ROWS_KEPT 64 /* a power of two */

struct table_rows {
	struct cells cells;
	size_t width; /* columns of the terminal, 0: no limit */
	bool wide;
	size_t n; /* columns shown */
	const struct column *shown[COLUMNS_MAX];
	size_t places[COLUMNS_MAX + 1]; /* where each starts */
	size_t who; /* the first one behind the time: 0 or 1 */
	struct kept_row kept[ROWS_KEPT];
};

/**
 * table_rows_init() - choose the columns
 * @rows: all zero, but for what cells and width begin with
 */
void table_rows_init(struct table_rows *rows, enum time_column time, bool wide);

/**
 * table_row() - lay out a row
 * @p: receives it, without newline at its end
 * @event: NULL: the heading
 *
 * Return: the end of what was written.
 */
char *table_row(struct table_rows *rows, char *p, const struct rw_event *event);

#endif
