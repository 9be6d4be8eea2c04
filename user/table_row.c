// SPDX-License-Identifier: GPL-2.0
/* Rows of the table: see table_row.h. */
#include <string.h>

#include "table_row.h"

/* Where a folded line goes on: below LADDR, when nothing wider is asked for. */
#define FOLD_INDENT 16

/* A line being laid out. */
struct line {
	char *begin;
	char *p;      /* the end so far, behind the blank that ends a cell */
	char *next;   /* where the next column starts */
	size_t width; /* columns there are, 0: no limit */
};

/*
 * A cell and a blank behind it. More is written at once than most gaps and cells
 * have, which is cheaper than a call for less.
 */
static inline char *put_at(char *p, char *place, const char *text, size_t len)
{
	memset(p, ' ', CELL_AT_ONCE);
	if (p < place) {
		if (place - p > CELL_AT_ONCE)
			memset(p, ' ', (size_t)(place - p));
		p = place;
	}
	memcpy(p, text, CELL_AT_ONCE);
	if (len > CELL_AT_ONCE)
		memcpy(p, text, len);
	p[len] = ' ';
	return p + len + 1;
}

/*
 * The same for a text that has blanks behind it, after another such: what lies
 * between the two is blank already, as no place is as wide as CELL_AT_ONCE. The
 * time leaves nothing between.
 */
static inline char *put_next(char *p, char *place, const char *text, size_t len)
{
	if (p < place)
		p = place;
	memcpy(p, text, CELL_AT_ONCE);
	if (len >= CELL_AT_ONCE)
		memcpy(p, text, len + 1);
	return p + len + 1;
}

/* Numbers are aligned at their end. */
static size_t indent_of(const struct column *column, size_t width, size_t len)
{
	return column->right && len < width ? width - len : 0;
}

/*
 * The heading and the rows are folded in the same places, which the widths of
 * the columns give; a row that does not keep to them is folded further.
 */
static void fold_if_needed(struct line *line, size_t width, size_t len)
{
	const char *end = line->begin + line->width;
	const char *start = line->p > line->next ? line->p : line->next;

	if (!line->width || line->p <= line->begin + FOLD_INDENT + 1)
		return;
	if (start + len <= end && line->next + width <= end)
		return;
	line->p[-1] = '\n';
	line->begin = line->p;
	line->next = line->p + FOLD_INDENT;
}

/*
 * Columns from @begin to @end, headings where there is no event. Return: whether
 * there is a gap between them, or before them.
 */
static bool put_columns(struct table_rows *rows, struct line *line,
			size_t begin, size_t end, const struct rw_event *e)
{
	bool has_gap = false;

	for (size_t i = begin; i < end; i++) {
		const struct column *column = rows->shown[i];
		size_t width = rows->wide ? column->wide : column->narrow;
		struct cell cell = e ? column->cell(&rows->cells, e)
				     : table_heading(&rows->cells, column);
		char *place;

		fold_if_needed(line, width, cell.len);
		place = line->next + indent_of(column, width, cell.len);
		has_gap |= line->p < place;
		line->p = put_at(line->p, place, cell.text, cell.len);
		line->next += width + 1;
	}
	return has_gap;
}

static void keep_run(struct table_rows *rows, struct run *run, size_t begin,
		     size_t end, const struct rw_event *e)
{
	char text[2 * CELL_MAX];
	struct line line = { .begin = text, .p = text, .next = text };

	run->has_gap = put_columns(rows, &line, begin, end, e);
	run->len = (size_t)(line.p - 1 - text);
	memset(run->text, ' ', RUN_MAX);
	if (run->len < RUN_MAX)
		memcpy(run->text, text, run->len);
}

/* The ranges that is_alike() compares are of whole words. */
_Static_assert(offsetof(struct rw_event, family) % 8 == 0 &&
		       offsetof(struct rw_event, evidence.idle_rx) % 8 == 0 &&
		       offsetof(struct rw_event, evidence.retransmits) % 8 ==
			       0 &&
		       offsetof(struct rw_event, actor) % 8 == 0 &&
		       sizeof(struct rw_event) % 8 == 0,
	       "differ() takes eight bytes at a time");

/* Eight bytes at a time, and no jump before the last of them. */
static inline uint64_t differ(const struct rw_event *a,
			      const struct rw_event *b, size_t begin,
			      size_t end)
{
	uint64_t x, y, all = 0;

#pragma GCC unroll 8
	for (size_t at = begin; at < end; at += sizeof(x)) {
		memcpy(&x, (const char *)a + at, sizeof(x));
		memcpy(&y, (const char *)b + at, sizeof(y));
		all |= x ^ y;
	}
	return all;
}

/* All that a narrow row may show, but its time and its addresses. */
static bool is_alike(const struct rw_event *a, const struct rw_event *b)
{
	const size_t family = offsetof(struct rw_event, family);
	const size_t idle = offsetof(struct rw_event, evidence.idle_rx);
	const size_t after = offsetof(struct rw_event, evidence.retransmits);
	const size_t actor = offsetof(struct rw_event, actor);

	return !(differ(a, b, family, idle) | differ(a, b, after, actor) |
		 differ(a, b, actor, sizeof(*a)));
}

/* By what tells apart the events of one process, or of one connection. */
static const struct kept_row *find_kept(struct table_rows *rows,
					const struct rw_event *e)
{
	size_t hash =
		e->owner.pid * 8 + e->evidence.kind * 3 + e->evidence.order;
	struct kept_row *kept = &rows->kept[hash % ROWS_KEPT];
	size_t who = rows->who, sides = who + COLUMNS_WHO;

	if (is_alike(&kept->of, e))
		return kept;
	kept->of = *e;
	keep_run(rows, &kept->who, who, sides, e);
	keep_run(rows, &kept->what, sides + COLUMNS_SIDES, rows->n, e);
	kept->is_whole = kept->who.len < RUN_MAX && kept->what.len < RUN_MAX;
	return kept;
}

/* What is before it is too long: it has to be laid out anew. */
static bool closes_up(const struct run *run, const char *p, const char *place)
{
	return p > place && run->has_gap;
}

/* Return: NULL: not with what is kept. */
static char *put_kept(struct table_rows *rows, char *p,
		      const struct rw_event *e)
{
	const struct kept_row *kept = find_kept(rows, e);
	const size_t *places = rows->places + rows->who;
	char *begin = p, *who = begin + places[0],
	     *what = begin + places[COLUMNS_WHO + COLUMNS_SIDES];
	const struct cell_side *side;
	struct cell cell;

	if (!kept->is_whole)
		return NULL;
	if (rows->who) {
		const struct column *time = rows->shown[0];

		cell = time->cell(&rows->cells, e);
		p = put_at(p, begin + indent_of(time, time->narrow, cell.len),
			   cell.text, cell.len);
		if (closes_up(&kept->who, p, who))
			return NULL;
	}
	p = put_next(p, who, kept->who.text, kept->who.len);
	side = table_local(&rows->cells, e);
	p = put_next(p, begin + places[COLUMNS_WHO], side->text, side->len);
	side = table_remote(&rows->cells, e);
	p = put_next(p, begin + places[COLUMNS_WHO + 1], side->text, side->len);
	if (closes_up(&kept->what, p, what))
		return NULL;
	return put_next(p, what, kept->what.text, kept->what.len);
}

/* What is rare: kept apart, so that it does not slow down what is not. */
static char *__attribute__((noinline))
put_all(struct table_rows *rows, char *p, const struct rw_event *event)
{
	struct line line = { p, p, p, rows->width };

	put_columns(rows, &line, 0, rows->n, event);
	return line.p;
}

char *table_row(struct table_rows *rows, char *p, const struct rw_event *event)
{
	char *end = NULL;

	if (event && !rows->wide && !rows->width)
		end = put_kept(rows, p, event);
	if (!end)
		end = put_all(rows, p, event);
	return end - 1; /* the last blank */
}

void table_rows_init(struct table_rows *rows, enum time_column time, bool wide)
{
	rows->wide = wide;
	rows->who = time != TIME_NONE;
	rows->n = table_columns(rows->shown, time, wide);
	for (size_t i = 0; i < rows->n; i++) {
		const struct column *column = rows->shown[i];

		rows->places[i + 1] = rows->places[i] + 1 +
				      (wide ? column->wide : column->narrow);
	}
}
