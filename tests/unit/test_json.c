// SPDX-License-Identifier: GPL-2.0
/* The NDJSON contract: whole records, every rule for null, hostile names. */
#include <ctype.h>
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "sample.h"

#include "community_id.h"
#include "lookup.h"
#include "peer.h"
#include "stack.h"

#include "json.h"

/*
 * A strict JSON checker (RFC 8259, UTF-8 checked by its own rules). Each
 * function returns the end of what it accepted, or NULL.
 */

static const char *check_value(const char *s);

static const char *check_word(const char *s, const char *word)
{
	size_t len = strlen(word);

	return strncmp(s, word, len) == 0 ? s + len : NULL;
}

static const char *check_number(const char *s)
{
	s += *s == '-';
	if (!isdigit((unsigned char)*s))
		return NULL;
	if (*s++ != '0')
		while (isdigit((unsigned char)*s))
			s++;
	if (*s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++)
			;
	return s;
}

static const char *check_utf8(const char *s)
{
	unsigned char c = (unsigned char)*s;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;

	if (c < 0xc2 || c > 0xf4)
		return NULL;
	for (s++; more; more--, s++)
		if (((unsigned char)*s & 0xc0) != 0x80)
			return NULL;
	return s;
}

static const char *check_escape(const char *s)
{
	if (*s != 'u')
		return *s && strchr("\"\\/bfnrt", *s) ? s + 1 : NULL;
	for (int i = 1; i <= 4; i++)
		if (!isxdigit((unsigned char)s[i]))
			return NULL;
	return s + 5;
}

static const char *check_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	while (s && *s != '"') {
		if ((unsigned char)*s < ' ')
			return NULL;
		if (*s == '\\')
			s = check_escape(s + 1);
		else if ((unsigned char)*s < 0x80)
			s++;
		else
			s = check_utf8(s);
	}
	return s ? s + 1 : NULL;
}

static const char *check_member(const char *s, bool keyed)
{
	if (keyed) {
		s = check_string(s);
		if (!s || *s++ != ':')
			return NULL;
	}
	return check_value(s);
}

static const char *check_list(const char *s, bool keyed)
{
	char last = keyed ? '}' : ']';

	if (*++s == last)
		return s + 1;
	for (;;) {
		s = check_member(s, keyed);
		if (!s || (*s != ',' && *s != last))
			return NULL;
		if (*s++ == last)
			return s;
	}
}

static const char *check_value(const char *s)
{
	switch (*s) {
	case '{':
	case '[':
		return check_list(s, *s == '{');
	case '"':
		return check_string(s);
	case 't':
		return check_word(s, "true");
	case 'f':
		return check_word(s, "false");
	case 'n':
		return check_word(s, "null");
	default:
		return check_number(s);
	}
}

/* One object and its newline, nothing else. */
static bool is_json_line(const char *line)
{
	const char *end = *line == '{' ? check_value(line) : NULL;

	return end && strcmp(end, "\n") == 0;
}

static void test_checker(void **state)
{
	(void)state;
	assert_true(is_json_line("{}\n"));
	assert_true(is_json_line("{\"a\":[1,-2,{\"b\":null}],\"c\":true}\n"));
	assert_true(is_json_line("{\"\\u001b\xc3\xa9\":\"\\\"\"}\n"));
	assert_false(is_json_line("{}"));
	assert_false(is_json_line("{}\n{}\n"));
	assert_false(is_json_line("{\"a\":1,}\n"));
	assert_false(is_json_line("{\"a\":[,1]}\n"));
	assert_false(is_json_line("{\"a\":01}\n"));
	assert_false(is_json_line("{\"a\" 1}\n"));
	assert_false(is_json_line("{\"a\":\"\033\"}\n"));
	assert_false(is_json_line("{\"a\":\"\xff\"}\n"));
	assert_false(is_json_line("{\"a\":\"\\x1b\"}\n"));
	assert_false(is_json_line("{\"a\":nul}\n"));
	assert_false(is_json_line("{\"a\":[1}\n"));
}

/* What a sink prints */

static struct capture capture;
static struct sink *sink;
static struct json_style style;

static int setup(void **state)
{
	struct run_info info = sample_info();

	(void)state;
	capture_open(&capture);
	sink = sink_json_new(&capture.out, &capture.clock, &style);
	assert_non_null(sink);
	assert_int_equal(sink->start(sink, &info), 0);
	capture_read(&capture);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sink->free(sink);
	capture_close(&capture);
	return 0;
}

static const char *print(const struct rw_event *event)
{
	const char *line;

	assert_int_equal(sink->event(sink, event), 0);
	line = capture_read(&capture);
	assert_true(is_json_line(line));
	return line;
}

static void check_has(const struct rw_event *event, const char *part)
{
	const char *line = print(event);

	if (!strstr(line, part))
		fail_msg("no %s in %s", part, line);
}

static void test_golden(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	assert_string_equal(
		print(&event),
		"{\"type\":\"teardown\",\"time\":\"2026-01-02T03:04:06.005000123Z\","
		"\"ktime_ns\":1005000123,\"verdict\":\"rst\","
		"\"direction\":\"sent\",\"cause\":\"unread-data\","
		"\"kernel_reason\":\"TCP_ABORT_ON_CLOSE\",\"family\":\"ipv4\","
		"\"local\":{\"address\":\"127.0.0.1\",\"port\":80},"
		"\"remote\":{\"address\":\"127.0.0.2\",\"port\":40000},"
		"\"community_id\":null,"
		"\"state\":\"ESTABLISHED\",\"order\":null,"
		"\"unread_bytes\":1234,\"unsent_bytes\":0,\"unacked_bytes\":0,"
		"\"linger_s\":null,\"linger_waited_ms\":null,"
		"\"idle_ms\":{\"rx\":12,\"tx\":1000},\"retransmits\":2,"
		"\"since_close_ms\":null,\"provoked_by\":null,"
		"\"actor\":{\"pid\":4711,\"tid\":4712,\"comm\":\"nc\","
		"\"exiting\":false,\"signal\":null,\"oom\":false,"
		"\"ns_pid\":4711},"
		"\"owner\":{\"pid\":4711,\"comm\":\"nc\",\"uid\":1000,"
		"\"source\":\"accept\",\"ns_pid\":4711},"
		"\"cgroup\":{\"id\":4242,"
		"\"path\":\"/system.slice/nginx.service\"},"
		"\"container_id\":null,\"unit\":\"nginx.service\","
		"\"netns\":4026531840,\"netns_name\":null,\"cookie\":77,"
		"\"path\":[\"tcp_close\",\"tcp_send_active_reset\"],"
		"\"confidence\":\"observed\",\"rst\":null,\"suspect_injected\":null,\"peer_owner\":null,\"predates\":false,"
		"\"stack\":null}\n");
}

/* The same keys in the same order, with nothing known. */
static void test_golden_bare(void **state)
{
	struct rw_event event = sample_bare_event();

	(void)state;
	assert_string_equal(
		print(&event),
		"{\"type\":\"teardown\",\"time\":\"2026-01-02T03:04:06.005000123Z\","
		"\"ktime_ns\":1005000123,\"verdict\":\"rst\","
		"\"direction\":\"sent\",\"cause\":\"no-listener\","
		"\"kernel_reason\":null,\"family\":\"ipv4\","
		"\"local\":{\"address\":\"127.0.0.1\",\"port\":80},"
		"\"remote\":{\"address\":\"127.0.0.2\",\"port\":40000},"
		"\"community_id\":null,"
		"\"state\":null,\"order\":null,"
		"\"unread_bytes\":null,\"unsent_bytes\":null,"
		"\"unacked_bytes\":null,\"linger_s\":null,"
		"\"linger_waited_ms\":null,\"idle_ms\":{\"rx\":null,"
		"\"tx\":null},\"retransmits\":null,\"since_close_ms\":null,"
		"\"provoked_by\":null,\"actor\":null,\"owner\":null,"
		"\"cgroup\":null,\"container_id\":null,\"unit\":null,"
		"\"netns\":null,\"netns_name\":null,"
		"\"cookie\":null,\"path\":[],\"confidence\":\"observed\","
		"\"rst\":null,\"suspect_injected\":null,\"peer_owner\":null,\"predates\":false,\"stack\":null}\n");
}

/* How it looks, and what follows from that (rst_shape.h). */
static void test_rst(void **state)
{
	struct rw_event event = sample_event();
	struct rw_evidence *e = &event.evidence;

	(void)state;
	e->rst_shape = RW_RST_SEEN;
	check_has(&event, ",\"rst\":null,"); /* a RST that was sent */
	e->kind = RW_KIND_RST_RECEIVED;
	check_has(&event, ",\"rst\":{\"ack\":false,\"seq_zero\":false,"
			  "\"window\":0,\"timestamps\":false,"
			  "\"made_by\":\"answer\",\"hop_limit\":null},");
	e->rst_window = 8192;
	check_has(&event, "\"window\":8192,\"timestamps\":false,"
			  "\"made_by\":null,\"hop_limit\":null},");
	e->rst_shape = RW_RST_SEEN | RW_RST_ACK;
	check_has(&event, ",\"rst\":{\"ack\":true,\"seq_zero\":false,"
			  "\"window\":8192,\"timestamps\":false,"
			  "\"made_by\":\"active-abort\",\"hop_limit\":null},");
	e->rst_shape |= RW_RST_TIMESTAMPS_AGREED;
	check_has(&event,
		  "\"timestamps\":false,\"made_by\":null,\"hop_limit\":null},");
	e->rst_shape |= RW_RST_TIMESTAMPS;
	check_has(&event, "\"timestamps\":true,"
			  "\"made_by\":\"active-abort\",\"hop_limit\":null},");
	e->rst_window = 0;
	e->rst_shape = RW_RST_SEEN | RW_RST_ACK | RW_RST_SEQ_ZERO;
	check_has(&event, ",\"rst\":{\"ack\":true,\"seq_zero\":true,"
			  "\"window\":0,\"timestamps\":false,"
			  "\"made_by\":\"refusal\",\"hop_limit\":null},");
	e->rst_window = 1;
	check_has(&event, "\"window\":1,\"timestamps\":false,"
			  "\"made_by\":null,\"hop_limit\":null},");
	e->rst_shape = 0; /* the segment was not seen */
	check_has(&event, ",\"rst\":null,");
}

/* Hop limits, and what is suspected because of them. */
static void test_hop_limits(void **state)
{
	struct rw_event event = sample_event();
	struct rw_evidence *e = &event.evidence;

	(void)state;
	e->hops_rst = 57;
	e->hops_established = 64;
	check_has(&event, ",\"suspect_injected\":null,"); /* was sent */
	e->kind = RW_KIND_RST_RECEIVED;
	e->rst_shape = RW_RST_SEEN;
	check_has(&event, ",\"hop_limit\":{\"established\":64,\"rst\":57}},"
			  "\"suspect_injected\":true,");
	e->hops_rst = 64;
	check_has(&event, ",\"hop_limit\":{\"established\":64,\"rst\":64}},"
			  "\"suspect_injected\":false,");
	e->hops_established = 0;
	check_has(&event, ",\"hop_limit\":{\"established\":null,\"rst\":64}},"
			  "\"suspect_injected\":null,");
	e->kind = RW_KIND_RST_ANSWER;
	e->flags |= RW_F_TRIGGER;
	e->rst_shape = RW_RST_AFTER_SUSPECT;
	check_has(&event, ",\"after_suspect\":true},");
}

static void test_start(void **state)
{
	struct run_info info = sample_info();
	const char *line;

	(void)state;
	assert_int_equal(sink->start(sink, &info), 0);
	line = capture_read(&capture);
	assert_true(is_json_line(line));
	assert_string_equal(
		line, "{\"type\":\"start\",\"schema\":1,\"version\":\"0.1.0\","
		      "\"time\":\"2026-01-02T03:04:06.000000000Z\","
		      "\"kernel\":\"6.12.117\",\"backend\":\"fentry\","
		      "\"probes\":[\"tcp_close\",\"tcp_reset\"],"
		      "\"degraded\":[\"tcp_abort: \\\"ss -K\\\"\"]}\n");
	info.n_probes = 0;
	info.n_degraded = 0;
	assert_int_equal(sink->start(sink, &info), 0);
	line = capture_read(&capture);
	assert_true(is_json_line(line));
	assert_non_null(strstr(line, "\"probes\":[],\"degraded\":[]}\n"));
}

/* More than the buffer holds still comes out whole. */
static void test_long_start(void **state)
{
	static const char *degraded[400];
	struct run_info info = sample_info();
	static char note[250];
	const char *line;

	(void)state;
	memset(note, '\n', sizeof(note) - 1);
	for (int i = 0; i < 400; i++)
		degraded[i] = i < 40 ? note : "x";
	info.degraded = degraded;
	info.n_degraded = 400;
	assert_int_equal(sink->start(sink, &info), 0);
	line = capture_read(&capture);
	assert_true(strlen(line) > 40 * 6 * 249);
	assert_true(is_json_line(line));
}

static void test_end(void **state)
{
	struct run_totals totals = { .events = 12,
				     .lost = 3,
				     .full = { [RW_FULL_ENDED] = 7,
					       [RW_FULL_CONTEXTS] = 8,
					       [RW_FULL_DEATHS] = 9 },
				     .end_ktime_ns = 2000000000 };
	const char *line;

	(void)state;
	assert_int_equal(sink->end(sink, &totals), 0);
	line = capture_read(&capture);
	assert_string_equal(
		line,
		"{\"type\":\"end\",\"time\":\"2026-01-02T03:04:07.000000000Z\","
		"\"events\":12,\"lost\":3,\"held\":0,"
		"\"unfollowed\":0,\"forgotten\":7,"
		"\"displaced\":8,\"unclaimed\":9,\"missed\":0,"
		"\"counts\":{},\"lost_counts\":{},"
		"\"minisock_resets\":null,\"audit\":null}\n");
	totals.by_cause[RW_CAUSE_CLOSE] = (struct rw_count){ 10, 3, 0 };
	totals.by_cause[RW_CAUSE_UNREAD_DATA].seen = UINT64_MAX;
	assert_int_equal(sink->end(sink, &totals), 0);
	line = capture_read(&capture);
	assert_true(is_json_line(line));
	assert_non_null(strstr(line, "\"counts\":{\"close\":10,\"unread-data\":"
				     "18446744073709551615},"
				     "\"lost_counts\":{\"close\":3},"));
	totals.part = true;
	assert_int_equal(sink->end(sink, &totals), 0);
	assert_non_null(
		strstr(capture_read(&capture), "\"lost_counts\":null,"));
	totals.part = false;
	totals.has_minisocks = true;
	totals.minisocks[RW_MINISOCK_FIN_WAIT2] = 2;
	assert_int_equal(sink->end(sink, &totals), 0);
	line = capture_read(&capture);
	assert_true(is_json_line(line));
	assert_non_null(strstr(line, ",\"minisock_resets\":{\"time_wait\":0,"
				     "\"fin_wait2\":2},\"audit\""));
	for (int i = 0; i < RW_CAUSE_MAX; i++)
		totals.by_cause[i] =
			(struct rw_count){ UINT64_MAX, UINT64_MAX, UINT64_MAX };
	assert_int_equal(sink->end(sink, &totals), 0);
	assert_true(is_json_line(capture_read(&capture)));
}

static void test_summary(void **state)
{
	struct report report = {
		.begin_ns = 1000000000,
		.end_ns = 2000000000,
		.sums = { .events = 7, .fin = 5, .rst_sent = 2 },
		.held = 1,
		.lost = 2,
		.others = { .events = 2 },
		.n_rows = 2,
		.n_remotes = 1
	};
	const char *line;

	(void)state;
	report.counts[RW_CAUSE_CLOSE].seen = 7;
	report.rows[0] =
		(struct tally_row){ .cause = RW_CAUSE_CLOSE,
				    .known = true,
				    .comm = "sixteen bytes ab",
				    .pid = 12,
				    .sums = { .events = 5, .fin = 5 } };
	report.rows[1] = (struct tally_row){ .cause = RW_CAUSE_NO_LISTENER };
	report.remotes[0] = (struct tally_remote){
		.family = 4, .address = { 192, 0, 2, 1 }, .events = 7, .over = 3
	};
	assert_int_equal(sink->summary(sink, &report), 0);
	line = capture_read(&capture);
	assert_true(is_json_line(line));
	assert_non_null(strstr(line, "\"type\":\"summary\",\"time\":"
				     "\"2026-01-02T03:04:07.000000000Z\","
				     "\"since\":"));
	assert_non_null(strstr(line, "\"counts\":{\"close\":7},"
				     "\"fin_per_rst\":2.50,"));
	assert_non_null(strstr(line, "\"comm\":\"sixteen bytes ab\","
				     "\"pid\":12,\"events\":5,\"fin\":5,"));
	assert_non_null(strstr(line, "{\"cause\":\"no-listener\","
				     "\"comm\":null,\"pid\":null,"));
	assert_non_null(strstr(line, "\"remotes\":[{\"address\":"
				     "\"192.0.2.1\",\"events\":7,"
				     "\"resets\":0,\"over\":3}]}\n"));
	/* nothing at all, and everything there can be */
	report = (struct report){ 0 };
	assert_int_equal(sink->summary(sink, &report), 0);
	line = capture_read(&capture);
	assert_true(is_json_line(line));
	assert_non_null(strstr(line, "\"fin_per_rst\":null"));
	assert_non_null(strstr(line, "\"rows\":[],"));
	memset(&report, 0xff, sizeof(report));
	report.n_rows = REPORT_ROWS;
	report.n_remotes = REPORT_REMOTES;
	for (size_t i = 0; i < REPORT_ROWS; i++) {
		report.rows[i].cause = RW_CAUSE_CLOSE;
		report.rows[i].known = true;
	}
	for (size_t i = 0; i < REPORT_REMOTES; i++)
		report.remotes[i].family = 6;
	assert_int_equal(sink->summary(sink, &report), 0);
	assert_true(is_json_line(capture_read(&capture)));
}

static void test_audit(void **state)
{
	struct audit audit = sample_audit();
	struct run_totals totals = { .audit = &audit };
	const char *line;

	(void)state;
	assert_int_equal(sink->end(sink, &totals), 0);
	line = capture_read(&capture);
	assert_true(is_json_line(line));
	assert_non_null(strstr(line, "\"audit\":{\"unexplained\":1,\"netns\":["
				     "{\"netns\":4026531840,\"unknown\":null,"
				     "\"counters\":{\"OutRsts\":{\"kernel\":5,"
				     "\"seen\":5,\"difference\":0,"
				     "\"explained\":null},"));
	assert_non_null(strstr(line, "\"TCPAbortOnData\":{\"kernel\":2,"
				     "\"seen\":3,\"difference\":-1,"
				     "\"explained\":null}"));
	assert_non_null(strstr(line, "\"AttemptFails\":{\"kernel\":9,"
				     "\"seen\":1,\"difference\":8,"
				     "\"explained\":\"a \\\"b\\\"\"}}}"));
	assert_non_null(strstr(line, "{\"netns\":7,\"unknown\":\"gone\","
				     "\"counters\":{\"OutRsts\":{\"kernel\":"
				     "null,\"seen\":4,\"difference\":null,"
				     "\"explained\":null}"));
	audit.failed = true;
	assert_int_equal(sink->end(sink, &totals), 0);
	assert_non_null(strstr(capture_read(&capture), "\"audit\":null}\n"));
}

static void test_late_owner(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.kind = RW_KIND_OWNER;
	event.owner_source = RW_OWNER_CLOSE;
	assert_string_equal(print(&event),
			    "{\"type\":\"owner\",\"cookie\":77,"
			    "\"owner\":{\"pid\":4711,\"comm\":\"nc\","
			    "\"uid\":1000,\"source\":\"close\","
			    "\"ns_pid\":4711}}\n");
	event.cookie = 0;
	event.evidence.flags = 0;
	assert_string_equal(print(&event),
			    "{\"type\":\"owner\",\"cookie\":null,"
			    "\"owner\":null}\n");
}

static void test_kinds(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.kind = RW_KIND_FIN;
	check_has(&event, "\"verdict\":\"fin\",\"direction\":\"sent\",");
	event.evidence.kind = RW_KIND_RST_ANSWER;
	check_has(&event, "\"verdict\":\"rst\",\"direction\":\"sent\",");
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	check_has(&event, "\"verdict\":\"rst\",\"direction\":\"received\",");
	event.evidence.kind = RW_KIND_SILENT;
	check_has(&event, "\"verdict\":\"none\",\"direction\":\"none\",");
}

static void test_every_cause(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
#define CAUSE(id, name, ...)         \
	event.cause = RW_CAUSE_##id; \
	check_has(&event, "\"cause\":\"" name "\",\"kernel_reason\"");
#include "bpf/causes.def"
#undef CAUSE
}

static void test_reason(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.flags &= ~(uint32_t)RW_F_REASON;
	check_has(&event, "\"kernel_reason\":null,");
	event.evidence.flags |= RW_F_REASON;
	event.evidence.kernel_reason = 8; /* this kernel has no such number */
	check_has(&event, "\"kernel_reason\":null,");
}

static void test_order(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.order = RW_ORDER_SECOND;
	check_has(&event, "\"order\":null,"); /* a RST has none */
	event.evidence.kind = RW_KIND_FIN;
	check_has(&event, "\"order\":\"second\",");
	event.evidence.order = RW_ORDER_FIRST;
	check_has(&event, "\"order\":\"first\",");
	event.evidence.order = RW_ORDER_SIMULTANEOUS;
	check_has(&event, "\"order\":\"simultaneous\",");
	event.evidence.order = RW_ORDER_NONE;
	check_has(&event, "\"order\":null,");
}

static void test_stack(void **state)
{
	struct rw_event event = sample_event();
	const char *texts[LOOKUP_MAX] = {
		[LOOKUP_KERNEL_STACK] = "tcp_close+0x1\nf+0x2 [mod]",
	};

	(void)state;
	check_has(&event, "\"predates\":false,\"stack\":null}\n");
	event.stacks = RW_STACK_KERNEL;
	lookup_replay(texts);
	check_has(&event, "\"stack\":{\"kernel\":[\"tcp_close+0x1\","
			  "\"f+0x2 [mod]\"],\"user\":null}}\n");
	texts[LOOKUP_KERNEL_STACK] = NULL;
	texts[LOOKUP_USER_STACK] = "main+0x1 (/tmp/\"\033[31m\xff)";
	check_has(&event, "\"stack\":{\"kernel\":null,\"user\":[\"main+0x1 "
			  "(/tmp/\\\"\\u001b[31m\xef\xbf\xbd)\"]}}\n");
	lookup_replay(NULL);
}

/* All that the kernel can give, each frame as long as it may be. */
static void test_stack_longest(void **state)
{
	const char *texts[LOOKUP_MAX] = { NULL };
	struct rw_event event = sample_event();
	char *text = calloc(RW_USER_FRAMES, FRAME_MAX);

	(void)state;
	assert_non_null(text);
	memset(text, '\033', RW_USER_FRAMES * FRAME_MAX - 1);
	for (size_t i = 1; i < RW_USER_FRAMES; i++)
		text[i * FRAME_MAX - 1] = '\n';
	texts[LOOKUP_USER_STACK] = text;
	event.stacks = RW_STACK_USER;
	lookup_replay(texts);
	assert_int_equal(sink->event(sink, &event), 0);
	assert_true(capture.out.len <= capture.out.size);
	lookup_replay(NULL);
	free(text);
}

static void test_queues(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.unread = 1;
	event.evidence.unsent = 22;
	event.evidence.unacked = UINT32_MAX;
	check_has(&event, "\"unread_bytes\":1,\"unsent_bytes\":22,"
			  "\"unacked_bytes\":4294967295,");
	event.evidence.flags &= ~(uint32_t)RW_F_QUEUES;
	check_has(&event, "\"unread_bytes\":null,\"unsent_bytes\":null,"
			  "\"unacked_bytes\":null,");
}

static void test_linger(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.linger = 5 * SAMPLE_HZ;
	event.evidence.linger_wait_ms = 5001;
	check_has(&event, "\"linger_s\":null,\"linger_waited_ms\":null,");
	event.evidence.flags |= RW_F_LINGER;
	check_has(&event, "\"linger_s\":5,\"linger_waited_ms\":null,");
	event.evidence.flags |= RW_F_LINGER_WAIT;
	check_has(&event, "\"linger_s\":5,\"linger_waited_ms\":5001,");
	event.evidence.linger = 0;
	check_has(&event, "\"linger_s\":0,");
}

static void test_idle(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.flags &= ~(uint32_t)RW_F_IDLE_TX;
	check_has(&event, "\"idle_ms\":{\"rx\":12,\"tx\":null},");
	event.evidence.flags ^= RW_F_IDLE_TX | RW_F_IDLE_RX;
	check_has(&event, "\"idle_ms\":{\"rx\":null,\"tx\":1000},");
	event.evidence.idle_tx = UINT32_MAX; /* 64 bits, or it overflows */
	check_has(&event, "\"tx\":17179869180},");
}

static void test_retransmits(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.flags |= RW_F_TW; /* a minisock does not count */
	check_has(&event, "\"retransmits\":null,");
	event.evidence.flags &= ~(uint32_t)(RW_F_TW | RW_F_SK);
	check_has(&event, "\"retransmits\":null,");
}

static void test_since_close(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.since_close_ms = 37;
	check_has(&event, "\"since_close_ms\":null,");
	event.evidence.flags |= RW_F_SINCE_CLOSE;
	check_has(&event, "\"since_close_ms\":37,");
}

static void test_provoker(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.trigger = RW_TH_PSH | RW_TH_ACK;
	event.evidence.trigger_payload = 4;
	check_has(&event, "\"provoked_by\":null,");
	event.evidence.flags |= RW_F_TRIGGER;
	check_has(&event, "\"provoked_by\":{\"flags\":\"PA\","
			  "\"payload_bytes\":4,\"after_suspect\":null},");
	event.evidence.trigger = 0;
	check_has(&event, "\"provoked_by\":{\"flags\":\"\",");
}

static void test_actor(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.exit = SIGKILL; /* of no interest while it lives */
	check_has(&event, "\"exiting\":false,\"signal\":null,\"oom\":false,");
	event.evidence.flags |= RW_F_EXITING;
	check_has(&event,
		  "\"exiting\":true,\"signal\":\"SIGKILL\",\"oom\":false,");
	event.evidence.exit = SIGKILL | RW_EXIT_OOM;
	check_has(&event,
		  "\"exiting\":true,\"signal\":\"SIGKILL\",\"oom\":true,");
	event.evidence.exit = 0; /* exit(1) */
	check_has(&event, "\"exiting\":true,\"signal\":null,\"oom\":false,");
	event.actor.ns_pid = 7;
	check_has(&event, "\"oom\":false,\"ns_pid\":7}");
	event.actor.ns_pid = 0;
	check_has(&event, "\"oom\":false,\"ns_pid\":null}");
	event.evidence.flags &= ~(uint32_t)RW_F_ACTOR;
	check_has(&event, "\"actor\":null,");
}

/* Text that is copied from the record before is that of the same place. */
static void test_place(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	check_has(&event, "\"unit\":\"nginx.service\",");
	event.cgroup = SAMPLE_CONTAINER;
	check_has(&event,
		  "\"cgroup\":{\"id\":4243,"
		  "\"path\":\"/docker/" SAMPLE_CONTAINER_ID "\"},"
		  "\"container_id\":\"" SAMPLE_CONTAINER_ID "\","
		  "\"unit\":null,\"netns\":4026531840,\"netns_name\":null,");
	event.cgroup = SAMPLE_GONE;
	check_has(&event, "\"cgroup\":{\"id\":4244,\"path\":null},"
			  "\"container_id\":null,\"unit\":null,");
	event.cgroup = 4242;
	event.tuple.netns = SAMPLE_NAMED_NETNS;
	check_has(&event, "\"unit\":\"nginx.service\","
			  "\"netns\":4026532177,\"netns_name\":\"blue\",");
	sample_names++; /* the number is another's now */
	check_has(&event, "\"unit\":\"nginx.service\","
			  "\"netns\":4026532177,\"netns_name\":\"green\",");
	sample_names--;
}

static void test_owner(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.owner_source = RW_OWNER_CONNECT;
	check_has(&event, "\"source\":\"connect\",\"ns_pid\":4711}");
	event.owner_source = RW_OWNER_NONE;
	check_has(&event, "\"source\":null,\"ns_pid\":4711}");
	event.evidence.flags &= ~(uint32_t)RW_F_OWNER;
	check_has(&event, "\"owner\":null,");
}

static void test_inferred(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.flags |= RW_F_INFERRED;
	check_has(&event, "\"confidence\":\"inferred\",");
}

static void test_whole_path(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.path = UINT32_MAX; /* bits without a name too */
	check_has(&event, "\"path\":[\"inet_sock_set_state\",\"tcp_shutdown\","
			  "\"inet_shutdown\",\"tcp_close\",\"tcp_abort\","
			  "\"inet_csk_listen_stop\",\"inet_child_forget\","
			  "\"tcp_disconnect\",\"tcp_out_of_resources\","
			  "\"tcp_check_req\",\"tcp_reset\",\"tcp_done\","
			  "\"tcp_send_fin\",\"mptcp_subflow_reset\","
			  "\"tcp_send_active_reset\",\"tcp_v4_send_reset\","
			  "\"tcp_v6_send_reset\",\"tcp_send_reset\","
			  "\"nf_send_reset\",\"nf_send_reset6\","
			  "\"nf_reject_skb_v4_tcp_reset\","
			  "\"nf_reject_skb_v6_tcp_reset\"],");
}

static void test_ipv6(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.family = 6;
	memset(event.tuple.laddr, 0xff, sizeof(event.tuple.laddr));
	memset(event.tuple.raddr, 0, sizeof(event.tuple.raddr));
	event.tuple.raddr[15] = 1;
	event.tuple.lport = 65535;
	event.tuple.rport = 0;
	check_has(&event, "\"family\":\"ipv6\",\"local\":{\"address\":"
			  "\"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\","
			  "\"port\":65535},\"remote\":{\"address\":\"::1\","
			  "\"port\":0},");
}

static void check_comm(const char *comm, const char *expected)
{
	struct rw_event event = sample_event();
	char part[256];

	memcpy(event.actor.comm, comm, RW_COMM_LEN);
	memcpy(event.owner.comm, comm, RW_COMM_LEN);
	snprintf(part, sizeof(part), "\"tid\":4712,\"comm\":\"%s\",\"exiting\"",
		 expected);
	check_has(&event, part);
	snprintf(part, sizeof(part), "\"owner\":{\"pid\":4711,\"comm\":\"%s\",",
		 expected);
	check_has(&event, part);
}

static void check_community_id(uint8_t family, const char *local,
			       uint16_t lport, const char *remote,
			       uint16_t rport, const char *expected)
{
	int af = family == 6 ? AF_INET6 : AF_INET;
	struct rw_tuple tuple = { .lport = lport, .rport = rport };
	char text[COMMUNITY_ID_LEN + 1] = "";

	assert_int_equal(inet_pton(af, local, tuple.laddr), 1);
	assert_int_equal(inet_pton(af, remote, tuple.raddr), 1);
	assert_ptr_equal(community_id(text, family, &tuple),
			 text + COMMUNITY_ID_LEN);
	assert_string_equal(text, expected);
}

/* The first two are published with the specification. */
static void test_community_id(void **state)
{
	const char *v4 = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=";
	const char *v6 = "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=";
	const char *self = "1:D1IQk5AF6he9ZCkUg4s/coABo2U=";

	(void)state;
	check_community_id(4, "128.232.110.120", 34855, "66.35.250.204", 80,
			   v4);
	check_community_id(4, "66.35.250.204", 80, "128.232.110.120", 34855,
			   v4);
	check_community_id(6, "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943,
			   "2607:f8b0:400c:c03::1a", 25, v6);
	check_community_id(6, "2607:f8b0:400c:c03::1a", 25,
			   "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, v6);
	/* one address: the ports decide */
	check_community_id(4, "127.0.0.1", 8080, "127.0.0.1", 80, self);
	check_community_id(4, "127.0.0.1", 80, "127.0.0.1", 8080, self);
}

static void test_community_id_key(void **state)
{
	struct rw_event event = sample_event();

	check_has(&event, "},\"community_id\":null,\"state\"");
	teardown(state);
	style.community_id = true;
	setup(state);
	style.community_id = false;
	check_has(
		&event,
		"},\"community_id\":\"1:8cBIzpkw7Q60/VGL/bDjMXSBWjM=\",\"state\"");
}

static void test_hostile_comm(void **state)
{
	(void)state;
	check_comm("sixteen-bytes-xx", "sixteen-bytes-xx"); /* no NUL */
	check_comm("\0rest-of-buffer\0", "");
	check_comm("\033[31mred\n\0\0\0\0\0\0\0\0", "\\u001b[31mred\\u000a");
	check_comm("a\"b\\c\x7f\0\0\0\0\0\0\0\0\0\0\0", "a\\\"b\\\\c\\u007f");
	check_comm("\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80\0\0\0\0\0\0\0",
		   "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80");
	check_comm("\xff\xc3\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		   "\xef\xbf\xbd\xef\xbf\xbd");
	check_comm("0123456789abcde\xc3", "0123456789abcde\xef\xbf\xbd");
	check_comm("\xed\xa0\x80\0\0\0\0\0\0\0\0\0\0\0\0\0",
		   "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	check_comm("\xc2\x9b"
		   "31m\0\0\0\0\0\0\0\0\0\0\0",
		   "\\u009b31m");
}

/* No byte breaks a string. */
static void test_all_bytes(void **state)
{
	char text[JSON_STRING_MAX(3) + 16], line[64];

	(void)state;
	for (int c = 1; c < 256; c++) {
		const char source[] = { 'x', (char)c, 'y' };

		*json_string(text, source, 3) = '\0';
		snprintf(line, sizeof(line), "{\"a\":%s}\n", text);
		assert_true(is_json_line(line));
	}
	memset(text, 0, sizeof(text));
	*json_string(text, "\001\001\001", 3) = '\0';
	assert_int_equal(strlen(text), JSON_STRING_MAX(3));
}

static void check_json_number(char *end, char *text, const char *expected)
{
	*end = '\0';
	assert_string_equal(text, expected);
}

static void test_values(void **state)
{
	char text[32];

	(void)state;
	check_json_number(json_i64(text, -5), text, "-5");
	check_json_number(json_bool(text, true), text, "true");
	check_json_number(json_bool(text, false), text, "false");
	check_json_number(json_string_or_null(text, NULL, 3), text, "null");
	check_json_number(json_string_or_null(text, "a", 3), text, "\"a\"");
	check_json_number(JSON_FIRST(text, "key"), text, "\"key\":");
}

/* The keys of a record, one after the other, whatever their values. */
static void copy_keys(char *dst, const char *line)
{
	for (const char *s = line; *s; s++) {
		const char *end;

		if (*s != '"')
			continue;
		end = check_string(s);
		assert_non_null(end);
		if (*end == ':' && (s[-1] == '{' || s[-1] == ',')) {
			memcpy(dst, s, (size_t)(end - s));
			dst += end - s;
		}
		s = end - 1;
	}
	*dst = '\0';
}

/*
 * Records that are kept (json_teardown.c): what another sink, which has kept
 * nothing, prints of an event is what this one has to print.
 */
static void check_kept(const struct rw_event *event)
{
	static char expected[sizeof(capture.text)];
	struct run_info info = sample_info();
	struct sink *fresh;

	fresh = sink_json_new(&capture.out, &capture.clock, &style);
	assert_non_null(fresh);
	assert_int_equal(fresh->start(fresh, &info), 0);
	capture_read(&capture);
	assert_int_equal(fresh->event(fresh, event), 0);
	strcpy(expected, capture_read(&capture));
	fresh->free(fresh);
	assert_string_equal(print(event), expected);
}

/* Whatever becomes another between two events shows, and goes again. */
static void check_each_byte(const struct rw_event *event)
{
	static const uint8_t flips[] = { 1, 2, 4, 8, 16, 32, 64, 128, 255 };

	check_kept(event);
	for (size_t i = 0; i < sizeof(*event); i++)
		for (size_t k = 0; k < sizeof(flips); k++) {
			struct rw_event other = *event;

			((uint8_t *)&other)[i] ^= flips[k];
			other.cause %= RW_CAUSE_MAX;
			other.evidence.kind %= RW_KIND_OWNER;
			other.stacks = event->stacks;
			check_kept(&other);
			check_kept(event);
		}
}

static void test_kept(void **state)
{
	struct rw_event event = sample_event();

	(void)state;
	event.evidence.kind = RW_KIND_FIN;
	event.evidence.order = RW_ORDER_FIRST;
	check_each_byte(&event);
	event.evidence.unread = 0; /* and all numbers: the usual connection */
	event.evidence.idle_rx = event.evidence.idle_tx = 0;
	event.evidence.retransmits = 0;
	event.evidence.flags &= ~(uint32_t)RW_F_REASON;
	check_each_byte(&event);
	event.evidence.flags &= ~(uint32_t)(RW_F_ACTOR | RW_F_OWNER);
	check_each_byte(&event);
	event = sample_event();
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	event.evidence.rst_shape = RW_RST_SEEN;
	check_each_byte(&event);
	event = sample_bare_event();
	event.family = 6;
	check_each_byte(&event);
}

/* Values of any width, in records that are alike but for them. */
static void test_kept_widths(void **state)
{
	struct rw_event event = sample_event();
	uint32_t *const numbers[] = {
		&event.evidence.unread,		&event.evidence.unsent,
		&event.evidence.unacked,	&event.evidence.linger,
		&event.evidence.linger_wait_ms, &event.evidence.idle_rx,
		&event.evidence.idle_tx,	&event.evidence.retransmits,
	};

	(void)state;
	srandom(1);
	event.evidence.flags |= RW_F_LINGER | RW_F_LINGER_WAIT;
	for (int round = 0; round < 3000; round++) {
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
			*numbers[i] = random() % 4 ? 0
						   : (uint32_t)random() >>
							     random() % 32;
		event.ktime_ns = (uint64_t)random() << random() % 32;
		event.cookie = (uint64_t)random() >> random() % 32
							     << random() % 32;
		event.tuple.lport = (uint16_t)(random() >> random() % 31);
		event.tuple.rport = (uint16_t)(random() >> random() % 31);
		event.tuple.laddr[random() % 4] = (uint8_t)random();
		event.tuple.raddr[random() % 4] = (uint8_t)random();
		check_kept(&event);
	}
}

/* What is not of the event decides, too. */
static void test_kept_surroundings(void **state)
{
	struct rw_task peer = { .pid = 1, .uid = 2, .comm = "a" };
	struct rw_event event = sample_event();
	struct run_info info = sample_info();

	(void)state;
	check_kept(&event);
	peer_set(&peer);
	check_kept(&event);
	check_has(&event, ",\"peer_owner\":{\"pid\":1,\"uid\":2,"
			  "\"comm\":\"a\"},");
	peer.pid++;
	check_kept(&event);
	peer.uid++;
	check_kept(&event);
	peer.comm[RW_COMM_LEN - 1] = 'x'; /* behind the NUL: does not show */
	check_kept(&event);
	peer.comm[1] = 'b';
	check_kept(&event);
	peer_set(NULL);
	check_kept(&event);
	event.tuple.netns = SAMPLE_NAMED_NETNS;
	check_kept(&event);
	sample_names++;
	check_kept(&event);
	sample_names--;
	check_has(&event, "\"oom\":false,");
	info.knows_oom = false;
	info.hz = 1000;
	assert_int_equal(sink->start(sink, &info), 0);
	capture_read(&capture);
	check_has(&event, "\"idle_ms\":{\"rx\":3,\"tx\":250},");
	check_has(&event, "\"oom\":null,");
}

/* Any bytes at all make a valid line with all keys of the contract. */
static void test_random_events(void **state)
{
	static const char *const keys[] = {
		"type",		 "time",	 "ktime_ns",
		"verdict",	 "direction",	 "cause",
		"kernel_reason", "family",	 "local",
		"remote",	 "community_id", "state",
		"order",	 "unread_bytes", "unsent_bytes",
		"unacked_bytes", "linger_s",	 "linger_waited_ms",
		"idle_ms",	 "retransmits",	 "since_close_ms",
		"provoked_by",	 "actor",	 "owner",
		"cgroup",	 "container_id", "unit",
		"netns",	 "netns_name",	 "cookie",
		"path",		 "confidence",	 "rst",
		"peer_owner",	 "predates",	 "stack",
	};
	char found[4096], key[32];

	(void)state;
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		struct rw_event event;
		const char *at = found;

		for (size_t i = 0; i < sizeof(event); i++)
			((uint8_t *)&event)[i] = (uint8_t)random();
		event.ktime_ns >>= 4;
		event.cause %= RW_CAUSE_MAX + 1; /* one that is none, too */
		event.evidence.kind %= RW_KIND_OWNER;
		copy_keys(found, print(&event));
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			snprintf(key, sizeof(key), "\"%s\"", keys[i]);
			at = strstr(at, key);
			assert_non_null(at);
			at += strlen(key);
		}
	}
}

/* The longest record there can be fits the room a sink asks for. */
static void test_longest(void **state)
{
	struct rw_event event;

	(void)state;
	memset(&event, 0xff, sizeof(event));
	memset(event.actor.comm, 1, RW_COMM_LEN);
	memset(event.owner.comm, 1, RW_COMM_LEN);
	event.ktime_ns = UINT64_MAX >> 1;
	event.family = 6;
	event.cause = RW_CAUSE_DATA_AFTER_SHUTDOWN;
	event.owner_source = RW_OWNER_CONNECT;
	event.evidence.kind = RW_KIND_RST_RECEIVED;
	event.evidence.kernel_reason = 7;
	assert_in_range(strlen(print(&event)), 1500, SINK_ROOM - 1024);
}

static void test_write_error(void **state)
{
	struct rw_event event = sample_event();
	struct run_totals totals = { 0 };
	struct clock clock;
	struct sink *broken;
	struct out out;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(out_open(&out, ends[1], SINK_ROOM), 0);
	clock_init_fixed(&clock, 0);
	broken = sink_json_new(&out, &clock, &style);
	assert_non_null(broken);
	assert_int_equal(broken->event(broken, &event), 0); /* buffered */
	assert_int_equal(broken->flush(broken), -EPIPE);
	assert_int_equal(broken->event(broken, &event), -EPIPE);
	assert_int_equal(broken->end(broken, &totals), -EPIPE);
	broken->free(broken);
	out_close(&out);
	close(ends[1]);
}

#define SINK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checker),
		SINK_TEST(test_golden),
		SINK_TEST(test_golden_bare),
		SINK_TEST(test_rst),
		SINK_TEST(test_hop_limits),
		SINK_TEST(test_start),
		SINK_TEST(test_long_start),
		SINK_TEST(test_end),
		SINK_TEST(test_summary),
		SINK_TEST(test_audit),
		SINK_TEST(test_late_owner),
		SINK_TEST(test_kinds),
		SINK_TEST(test_every_cause),
		SINK_TEST(test_reason),
		SINK_TEST(test_order),
		SINK_TEST(test_stack),
		SINK_TEST(test_stack_longest),
		SINK_TEST(test_queues),
		SINK_TEST(test_linger),
		SINK_TEST(test_idle),
		SINK_TEST(test_retransmits),
		SINK_TEST(test_since_close),
		SINK_TEST(test_provoker),
		SINK_TEST(test_actor),
		SINK_TEST(test_owner),
		SINK_TEST(test_place),
		SINK_TEST(test_inferred),
		SINK_TEST(test_whole_path),
		SINK_TEST(test_ipv6),
		cmocka_unit_test(test_community_id),
		SINK_TEST(test_community_id_key),
		SINK_TEST(test_hostile_comm),
		cmocka_unit_test(test_all_bytes),
		cmocka_unit_test(test_values),
		SINK_TEST(test_kept),
		SINK_TEST(test_kept_widths),
		SINK_TEST(test_kept_surroundings),
		SINK_TEST(test_random_events),
		SINK_TEST(test_longest),
		cmocka_unit_test(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
