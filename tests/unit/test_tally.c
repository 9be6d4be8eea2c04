// SPDX-License-Identifier: GPL-2.0
/* --summary: sums that are exact, tables that are bounded, and --fail-on. */
#include <stdio.h>

#include "sample.h"

#include "fail_on.h"
#include "report_text.h"
#include "tally.h"

static const struct rw_count nothing_lost[RW_CAUSE_MAX];
static struct tally *tally;
static struct report report;

static int open_tally(void **state)
{
	(void)state;
	tally = tally_new(1000);
	assert_non_null(tally);
	return 0;
}

static int close_tally(void **state)
{
	(void)state;
	tally_free(tally);
	return 0;
}

static void make_report(const struct rw_count *lost)
{
	uint64_t events;

	tally_report(tally, 2000, lost, &report);
	events = report.others.events;
	for (size_t i = 0; i < report.n_rows; i++)
		events += report.rows[i].sums.events;
	assert_true(events == report.sums.events + report.lost);
}

static void test_rows(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.unsent = 6;
	tally_add(tally, &event, false);
	tally_add(tally, &event, true);
	event.owner.pid++; /* another process of that name */
	tally_add(tally, &event, false);
	event.cause = RW_CAUSE_CLOSE;
	event.evidence.kind = RW_KIND_FIN;
	tally_add(tally, &event, false);
	event.evidence.flags = 0; /* the kernel, of nobody's socket */
	tally_add(tally, &event, false);
	make_report(nothing_lost);
	assert_int_equal(report.n_rows, 3);
	assert_int_equal(report.rows[0].cause, RW_CAUSE_UNREAD_DATA);
	assert_int_equal(report.rows[0].sums.events, 3);
	assert_int_equal(report.rows[0].sums.rst_sent, 3);
	assert_int_equal(report.rows[0].sums.unread, 3 * 1234);
	assert_int_equal(report.rows[0].sums.unsent, 18);
	assert_int_equal(report.rows[0].pid, 0);
	assert_int_equal(report.rows[1].pid, 4712);
	assert_int_equal(report.rows[1].sums.fin, 1);
	assert_false(report.rows[2].known);
	assert_int_equal(report.held, 1);
	assert_int_equal(report.counts[RW_CAUSE_CLOSE].seen, 2);
	assert_int_equal(report.n_remotes, 1);
	assert_int_equal(report.remotes[0].events, 5);
	assert_int_equal(report.remotes[0].resets, 3);
}

static void test_ratio(void **state)
{
	struct rw_event event = sample_event();
	uint64_t ratio;

	(void)state;
	make_report(nothing_lost);
	assert_false(report_ratio(&report, &ratio));
	tally_add(tally, &event, false);
	tally_add(tally, &event, false);
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	tally_add(tally, &event, false);
	event.evidence.kind = RW_KIND_FIN;
	tally_add(tally, &event, false);
	make_report(nothing_lost);
	assert_true(report_ratio(&report, &ratio));
	assert_int_equal(ratio, 33);
}

/* More processes than rows: the largest are shown, nothing is forgotten. */
static void test_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct rw_event event = sample_event();

		snprintf(event.owner.comm, RW_COMM_LEN, "p%d", i);
		for (int j = 0; j < (i < 30 ? i + 2 : 1); j++)
			tally_add(tally, &event, false);
	}
	make_report(nothing_lost);
	assert_int_equal(report.n_rows, REPORT_ROWS);
	assert_string_equal(report.rows[0].comm, "p29");
	assert_int_equal(report.rows[0].sums.events, 31);
	assert_string_equal(report.rows[REPORT_ROWS - 1].comm, "p10");
	assert_int_equal(report.sums.events, 5000 + 30 * 31 / 2);
	assert_true(report.others.unread == 1234 * report.others.events);
}

/* Who comes late and often is found among many that come once. */
static void test_remotes(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	for (int i = 0; i < 20000; i++) {
		event.tuple.raddr[0] = 10;
		event.tuple.raddr[1] = (uint8_t)(i >> 8);
		event.tuple.raddr[2] = (uint8_t)i;
		tally_add(tally, &event, false);
		if (i < 15000)
			continue;
		event.tuple.raddr[0] = 192;
		event.tuple.raddr[1] = event.tuple.raddr[2] = 0;
		tally_add(tally, &event, false);
	}
	make_report(nothing_lost);
	assert_int_equal(report.n_remotes, REPORT_REMOTES);
	assert_int_equal(report.remotes[0].address[0], 192);
	assert_in_range(report.remotes[0].events, 5000,
			5000 + report.remotes[0].over);
	assert_true(report.remotes[0].events - report.remotes[0].over <= 5000);
}

/* Lost events are counted by cause; an interval has only its own. */
static void test_lost(void **state)
{
	struct rw_count lost[RW_CAUSE_MAX] = {};
	struct rw_event event = sample_event();

	(void)state;
	lost[RW_CAUSE_CLOSE].lost = 7;
	lost[RW_CAUSE_UNREAD_DATA] = (struct rw_count){ 9, 2, 2 };
	tally_add(tally, &event, false);
	make_report(lost);
	assert_int_equal(report.lost, 9);
	assert_int_equal(report.lost_rst, 2);
	assert_int_equal(report.others.events, 9);
	assert_int_equal(report.counts[RW_CAUSE_UNREAD_DATA].seen, 3);
	tally_restart(tally, 2000, lost);
	lost[RW_CAUSE_CLOSE].lost++;
	make_report(lost);
	assert_int_equal(report.begin_ns, 2000);
	assert_int_equal(report.lost, 1);
	assert_int_equal(report.sums.events, 0);
	assert_int_equal(report.counts[RW_CAUSE_CLOSE].seen, 1);
}

/* Whatever is in a report, its text fits and is safe on a terminal. */
static void test_text(void **state)
{
	static char text[REPORT_TEXT_MAX];
	struct rw_event event = sample_event();
	const char *end;

	(void)state;
	tally_add(tally, &event, false);
	make_report(nothing_lost);
	*report_text(text, &report) = '\0';
	assert_string_equal(
		text,
		"0.000 s: 1 events, 0 fin, 1 rst sent, 0 rst received, "
		"0 silent, fin:rst 0.00, lost 0\n"
		"  EVENTS      FIN      RST    UNREAD    UNSENT     PID COMM"
		"            CAUSE\n"
		"       1        0        1      1234         0    4711 nc"
		"              unread-data\n"
		"  EVENTS               RST REMOTE ADDRESS\n"
		"       1                 1 127.0.0.2\n"
		"\n");
	memset(&report, 0xff, sizeof(report));
	report.n_rows = REPORT_ROWS;
	report.n_remotes = REPORT_REMOTES;
	for (size_t i = 0; i < REPORT_ROWS; i++)
		report.rows[i].known = true;
	for (size_t i = 0; i < REPORT_REMOTES; i++)
		report.remotes[i].family = 6;
	end = report_text(text, &report);
	assert_in_range(end - text, 1, REPORT_TEXT_MAX);
	for (const char *c = text; c < end; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
}

static void test_fail_on(void **state)
{
	struct options options = { .fail_on_rst = true };
	struct run_totals totals = {};
	char text[256] = "";
	FILE *stream = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(stream);
	totals.by_kind[RW_KIND_FIN] = 5;
	totals.by_kind[RW_KIND_SILENT] = 5;
	totals.by_cause[RW_CAUSE_CLOSE] = (struct rw_count){ 8, 3, 0 };
	assert_false(fail_on(&options, &totals, stream));
	totals.by_cause[RW_CAUSE_UNREAD_DATA] = (struct rw_count){ 1, 1, 1 };
	assert_true(fail_on(&options, &totals, stream));
	options.fail_on_rst = false;
	options.fail_mask = 1ULL << RW_CAUSE_REPAIR;
	assert_false(fail_on(&options, &totals, stream));
	options.fail_mask |= 1ULL << RW_CAUSE_CLOSE;
	assert_true(fail_on(&options, &totals, stream));
	fclose(stream);
	assert_string_equal(text, "rstwatch: --fail-on: seen: 1 rst\n"
				  "rstwatch: --fail-on: seen: 8 close\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, open_tally,
						close_tally),
		cmocka_unit_test_setup_teardown(test_ratio, open_tally,
						close_tally),
		cmocka_unit_test_setup_teardown(test_bounded, open_tally,
						close_tally),
		cmocka_unit_test_setup_teardown(test_remotes, open_tally,
						close_tally),
		cmocka_unit_test_setup_teardown(test_lost, open_tally,
						close_tally),
		cmocka_unit_test_setup_teardown(test_text, open_tally,
						close_tally),
		cmocka_unit_test(test_fail_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
