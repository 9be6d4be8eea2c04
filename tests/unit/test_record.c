// SPDX-License-Identifier: GPL-2.0
/* Recordings: what is written is read, and nothing else ever is. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include <zlib.h>

#include "sample.h"

#include "options.h"
#include "lookup.h"
#include "record.h"
#include "record_file.h"
#include "record_header.h"
#include "record_texts.h"
#include "replay.h"
#include "replay_filter.h"
#include "wire.h"

#define FILE_MAX (64 << 10)
#define SAMPLES "tests/data"

static const volatile sig_atomic_t no_stop;

static const struct json_style json_style;

static const struct options everything = { .cause_mask = ~0ULL };

/* A recording in memory, and what a live run printed beside it. */
struct recording {
	char bytes[FILE_MAX];
	size_t len;
	char json[FILE_MAX];
};

/* Where the n-th frame of a recording begins. */
static size_t frame_at(const struct recording *rec, int n)
{
	size_t at = RECORD_PREAMBLE;

	for (; n; n--) {
		uint32_t head;

		assert_true(at + RECORD_HEAD < rec->len);
		memcpy(&head, rec->bytes + at, sizeof(head));
		at += RECORD_HEAD + (head >> 8) + RECORD_CRC;
	}
	return at;
}

/* Where the first event of a recording begins. */
static size_t event_at(const struct recording *rec)
{
	int n = 0;

	while ((uint8_t)rec->bytes[frame_at(rec, n)] != RECORD_EVENT)
		n++;
	return frame_at(rec, n);
}

/* Make the checksums right again after a change. */
static void reseal(struct recording *rec)
{
	size_t at = RECORD_PREAMBLE;
	uint32_t crc = (uint32_t)crc32(0, (Bytef *)rec->bytes, RECORD_PREAMBLE);

	while (at + RECORD_HEAD + RECORD_CRC <= rec->len) {
		uint32_t head;
		size_t len;

		memcpy(&head, rec->bytes + at, sizeof(head));
		len = RECORD_HEAD + (head >> 8);
		if (at + len + RECORD_CRC > rec->len)
			return;
		crc = (uint32_t)crc32(crc, (Bytef *)rec->bytes + at, (uInt)len);
		memcpy(rec->bytes + at + len, &crc, sizeof(crc));
		at += len + RECORD_CRC;
	}
}

static struct run_totals sample_totals(void)
{
	struct run_totals totals = {
		.events = 4,
		.by_kind = { [RW_KIND_RST_ACTIVE] = 2,
			     [RW_KIND_RST_ANSWER] = 1,
			     [RW_KIND_FIN] = 1 },
		.missed = 1,
		.lost = 2,
		.has_minisocks = true,
		.minisocks = { [RW_MINISOCK_FIN_WAIT2] = 3 },
		.full = { [RW_FULL_CONTEXTS] = 1, [RW_FULL_DEATHS] = 300 },
		.end_ktime_ns = SAMPLE_KTIME + 5000000000ULL,
	};

	totals.by_cause[RW_CAUSE_UNREAD_DATA] = (struct rw_count){ 4, 2, 1 };
	totals.by_cause[RW_CAUSE_NO_LISTENER] = (struct rw_count){ 1, 0, 0 };
	totals.by_cause[RW_CAUSE_CLOSE] = (struct rw_count){ 1, 0, 0 };
	return totals;
}

/* A FIN with all that the other events do not have. */
static struct rw_event sample_fin(void)
{
	struct rw_event event = sample_event();

	event.family = 6;
	event.tuple.laddr[15] = 9;
	event.ktime_ns += 3000000000ULL;
	event.cause = RW_CAUSE_CLOSE;
	event.since_close_ms = 12;
	event.evidence.kind = RW_KIND_FIN;
	event.evidence.order = RW_ORDER_SECOND;
	event.evidence.linger = 5 * SAMPLE_HZ;
	event.evidence.linger_wait_ms = 17;
	event.evidence.trigger = RW_TH_PSH | RW_TH_ACK;
	event.evidence.trigger_payload = 99;
	event.evidence.unsent = 5;
	event.evidence.unacked = 6;
	event.evidence.path = RW_PATH_CLOSE | RW_PATH_SEND_FIN;
	event.evidence.flags |= RW_F_LINGER | RW_F_LINGER_WAIT | RW_F_TRIGGER |
				RW_F_SINCE_CLOSE | RW_F_EXITING | RW_F_INFERRED;
	event.evidence.flags &= ~RW_F_REASON;
	event.evidence.exit = 9 | RW_EXIT_OOM;
	event.actor.ns_pid = 7;
	return event;
}

/* Some of everything; the wall clock is set in the middle of it. */
static void show_sample(struct sink *sink, struct clock *clock)
{
	struct rw_event event = sample_event(), bare = sample_bare_event();
	struct rw_event fin = sample_fin(), owner = sample_event();
	struct run_totals totals = sample_totals();
	struct run_info info = sample_info();
	struct audit audit = sample_audit();

	info.host = "example";
	totals.audit = &audit;
	assert_int_equal(sink->start(sink, &info), 0);
	assert_int_equal(sink->event(sink, &event), 0);
	assert_int_equal(sink->event(sink, &bare), 0);
	clock->offset_ns -= 3600 * 1000000000LL;
	assert_int_equal(sink->event(sink, &fin), 0);
	event.ktime_ns++;
	event.evidence.kernel_reason = -1; /* that nobody knows */
	assert_int_equal(sink->event(sink, &event), 0);
	owner.evidence.kind = RW_KIND_OWNER;
	assert_int_equal(sink->event(sink, &owner), 0);
	assert_int_equal(sink->end(sink, &totals), 0);
}

static void load(struct recording *rec, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, rec->bytes, sizeof(rec->bytes));
	assert_true(n > 0 && n < FILE_MAX);
	rec->len = (size_t)n;
	close(fd);
}

static void make(struct recording *rec)
{
	static struct capture capture;
	struct record_file file = { .path = "memory" };
	struct out out;
	struct sink *sink;
	ssize_t n;

	capture_open(&capture);
	file.fd = memfd_create("recording", MFD_CLOEXEC);
	assert_true(file.fd >= 0);
	assert_int_equal(out_open(&out, file.fd, FILE_MAX), 0);
	sink = sink_tee_new(sink_record_new(&file, &out, &capture.clock),
			    sink_json_new(&capture.out, &capture.clock,
					  &json_style));
	assert_non_null(sink);
	show_sample(sink, &capture.clock);
	strcpy(rec->json, capture_read(&capture));
	n = pread(file.fd, rec->bytes, sizeof(rec->bytes), 0);
	assert_true(n > 0 && n < FILE_MAX);
	rec->len = (size_t)n;
	sink->free(sink);
	capture_close(&capture);
	out_close(&out);
	assert_int_equal(record_file_close(&file), 0);
}

/* What playing ended with. */
#define NOT_OPENED 1

/* Play a recording as NDJSON. Return: 0, NOT_OPENED, or a negative errno */
static int play(const struct recording *rec, const struct options *o,
		char *json)
{
	int fd = memfd_create("played", MFD_CLOEXEC), status, err;
	static struct capture capture;
	struct run_totals totals = {};
	struct replay *replay;
	struct sink *sink;
	char path[32];

	*json = '\0';
	assert_int_equal(pwrite(fd, rec->bytes, rec->len, 0), rec->len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	replay = replay_open(path, &no_stop, &status);
	close(fd);
	if (!replay) {
		assert_int_equal(status, 1);
		return NOT_OPENED;
	}
	capture_open(&capture);
	sink = sink_json_new(&capture.out, replay_clock(replay), &json_style);
	assert_int_equal(sink->start(sink, replay_info(replay)), 0);
	err = replay_run(replay, sink, o, &totals);
	if (!err)
		assert_int_equal(sink->end(sink, &totals), 0);
	strcpy(json, capture_read(&capture));
	sink->free(sink);
	capture_close(&capture);
	replay_close(replay);
	return err;
}

static struct recording rec; /* as make() made it */
static struct recording changed;
static char json[FILE_MAX];

/* Every byte of an event but the kernel's own address. */
static void test_round_trip(void **state)
{
	struct rw_event event, back;
	uint32_t slots[LOOKUP_MAX], slots_back[LOOKUP_MAX];
	char text[RECORD_EVENT_MAX];
	const char *end;

	(void)state;
	memset(&event, 0xff, sizeof(event));
	event.sk = 0;
	event.family = 6;
	event.evidence.kind = RW_KIND_OWNER;
	for (int i = 0; i < LOOKUP_MAX; i++)
		slots[i] = RECORD_SLOTS;
	end = record_encode(text, &event, slots);
	assert_true(end - text <= RECORD_EVENT_MAX);
	assert_int_equal(record_decode(text, end - text, &back, slots_back), 0);
	assert_memory_equal(&event, &back, sizeof(event));
	assert_memory_equal(slots, slots_back, sizeof(slots));

	event = sample_event();
	end = record_encode(text, &event, slots);
	assert_true(end - text < 160);
	assert_int_equal(record_decode(text, end - text, &back, slots_back), 0);
	assert_memory_equal(&event, &back, sizeof(event));
}

/* What an event does not have takes no room; what is new is stepped over. */
static void test_fields(void **state)
{
	struct rw_event event = sample_bare_event(), back;
	uint32_t slots[LOOKUP_MAX] = { 0 };
	char text[RECORD_EVENT_MAX];
	char *end;

	(void)state;
	end = record_encode(text, &event, slots);
	end = wire_number(end, 5000, UINT64_MAX);
	end = wire_bytes(end, 5001, "new", 3);
	assert_int_equal(record_decode(text, end - text, &back, slots), 0);
	assert_int_equal(back.cause, event.cause);
	assert_int_equal(back.evidence.unread, event.evidence.unread);
	assert_int_equal(back.actor.pid, 0); /* it had no RW_F_ACTOR */

	/* a number too large for its member is no event */
	end = wire_number(text, 2, 4);
	end = wire_number(end, 9, 65536);
	assert_int_equal(record_decode(text, end - text, &back, slots), -1);
	/* nor is one without a family, or of a kind that is none */
	assert_int_equal(record_decode(text, 0, &back, slots), -1);
	end = wire_number(text, 2, 4);
	end = wire_number(end, 4, RW_KIND_RETRACT);
	assert_int_equal(record_decode(text, end - text, &back, slots), -1);
}

static void test_varints(void **state)
{
	static const uint64_t values[] = { 1,	       127,	   128,
					   1ULL << 32, 1ULL << 63, UINT64_MAX };
	static const int64_t signs[] = { 0, -1, 1, INT64_MIN, INT64_MAX };
	struct wire_field field;
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		char *end = wire_number(text, 3, values[i]);
		struct wire wire = { (uint8_t *)text, (uint8_t *)end };

		assert_int_equal(wire_next(&wire, &field), 1);
		assert_int_equal(field.id, 3);
		assert_true(field.number == values[i]);
		assert_int_equal(wire_next(&wire, &field), 0);
		wire = (struct wire){ (uint8_t *)text, (uint8_t *)end - 1 };
		assert_int_equal(wire_next(&wire, &field), -1);
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		assert_true(wire_unzigzag(wire_zigzag(signs[i])) == signs[i]);
}

static void test_replay_is_identical(void **state)
{
	(void)state;
	assert_int_equal(play(&rec, &everything, json), 0);
	assert_string_equal(json, rec.json);
	assert_non_null(strstr(json, "\"time\":\"2026-01-02T02:0"));
	assert_non_null(strstr(json, "TCP_ABORT_ON_CLOSE"));
	assert_non_null(strstr(json, "\"type\":\"owner\""));
	assert_non_null(strstr(json, "\"type\":\"end\""));
	assert_non_null(strstr(json, "\"explained\":\"a \\\"b\\\"\""));
	assert_non_null(strstr(json, "\"unknown\":\"gone\""));
	assert_non_null(strstr(json, "{\"time_wait\":0,\"fin_wait2\":3}"));
	assert_non_null(strstr(
		json, "\"forgotten\":0,\"displaced\":1,\"unclaimed\":300,"));
}

/* Of a damaged file the part before the damage is shown, and no more. */
static void is_part(const struct recording *damaged)
{
	int err = play(damaged, &everything, json);

	assert_true(err == NOT_OPENED || err == -EBADMSG);
	assert_memory_equal(json, rec.json, strlen(json));
	assert_true(strlen(json) < strlen(rec.json));
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	changed = rec;
	for (changed.len = 0; changed.len < rec.len; changed.len++)
		is_part(&changed);
	changed.bytes[changed.len++] = '\0'; /* nothing follows the end */
	changed.bytes[changed.len++] = '\0';
	assert_int_equal(play(&changed, &everything, json), -EBADMSG);
}

static void test_flip_anywhere(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };

	(void)state;
	changed = rec;
	for (size_t i = 0; i < rec.len; i++)
		for (size_t j = 0; j < sizeof(flips); j++) {
			changed.bytes[i] = (char)(rec.bytes[i] ^ flips[j]);
			is_part(&changed);
			changed.bytes[i] = rec.bytes[i];
		}
}

/* A frame that is left out or stands twice shows by the next one's checksum. */
static void test_frames_in_order(void **state)
{
	size_t from = frame_at(&rec, 2), to = frame_at(&rec, 3);

	(void)state;
	changed = rec;
	memmove(changed.bytes + from, rec.bytes + to, rec.len - to);
	changed.len -= to - from;
	is_part(&changed);
	changed = rec;
	memcpy(changed.bytes + to, rec.bytes + from, rec.len - from);
	changed.len += to - from;
	is_part(&changed);
}

/* Somebody means harm: right checksums over nonsense. No crash, no hang. */
static void test_malicious(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		changed = rec;
		for (int i = 0; i <= round % 4; i++) {
			size_t at = (size_t)rand_r(&seed) % rec.len;

			changed.bytes[at] = (char)rand_r(&seed);
		}
		memcpy(changed.bytes, rec.bytes, RECORD_PREAMBLE);
		reseal(&changed);
		play(&changed, &everything, json);
	}
}

static void test_versions(void **state)
{
	(void)state;
	changed = rec;
	changed.bytes[RECORD_MAGIC_LEN] = RECORD_VERSION + 1;
	reseal(&changed);
	assert_int_equal(play(&changed, &everything, json), NOT_OPENED);

	/* a type of frame that is new: an event is missing, nothing else */
	changed = rec;
	changed.bytes[event_at(&rec)] = 99;
	reseal(&changed);
	assert_int_equal(play(&changed, &everything, json), 0);
	assert_true(strlen(json) < strlen(rec.json));
	assert_non_null(strstr(json, "\"type\":\"end\""));
}

/* A cause that is new here is unknown, a function in the path is left out. */
static void test_new_names(void **state)
{
	char *name;

	(void)state;
	changed = rec;
	name = memmem(changed.bytes, changed.len, "unread-data", 11);
	assert_non_null(name);
	memcpy(name, "fresh-cause", 11);
	name = memmem(changed.bytes, changed.len, "tcp_close", 9);
	assert_non_null(name);
	for (char *p = name; p;
	     p = memmem(p, changed.bytes + changed.len - p, "tcp_close", 9))
		memcpy(p, "tcp_fresh", 9);
	reseal(&changed);
	assert_int_equal(play(&changed, &everything, json), 0);
	assert_null(strstr(json, "unread-data"));
	assert_non_null(strstr(json, "\"cause\":\"unknown\""));
	assert_null(strstr(json, "\"path\":[\"tcp_close\""));
	assert_non_null(strstr(json, "\"path\":[\"tcp_send_active_reset\"]"));
}

static int count_of(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

/* How many teardowns and owner records pass. */
static void shows(const struct options *o, int teardowns, int owners)
{
	assert_int_equal(play(&rec, o, json), 0);
	assert_int_equal(count_of(json, "\"type\":\"teardown\""), teardowns);
	assert_int_equal(count_of(json, "\"type\":\"owner\""), owners);
}

static void test_filters(void **state)
{
	struct options o = everything;

	(void)state;
	shows(&o, 4, 1);
	o.rst_only = true;
	shows(&o, 3, 0); /* its teardown had its owner */
	o = everything;
	o.family = 6;
	shows(&o, 1, 0);
	o = everything;
	o.cause_mask = 1ULL << RW_CAUSE_NO_LISTENER;
	shows(&o, 1, 0);
	o = everything;
	o.ports = (struct number_list){ .values = { 80 }, .n = 1 };
	shows(&o, 4, 1);
	o.ports.values[0] = 81;
	shows(&o, 0, 0);
	o = everything;
	o.lports = (struct number_list){ .values = { 40000 }, .n = 1 };
	shows(&o, 0, 0);
	o = everything;
	o.rports = (struct number_list){ .values = { 40000 }, .n = 1 };
	shows(&o, 4, 1);
	o = everything;
	o.pids = (struct number_list){ .values = { 4711 }, .n = 1 };
	shows(&o, 3, 0);	 /* the bare one belongs to nobody */
	o.pids.values[0] = 4712; /* a tid */
	shows(&o, 0, 0);
	o = everything;
	o.comm = "no-such-name";
	shows(&o, 0, 0);
	o = everything;
	assert_true(cidr_parse(&o.net, "0.0.0.0/0"));
	shows(&o, 3, 0);
	assert_true(cidr_parse(&o.net, "203.0.114.0/24"));
	shows(&o, 0, 0);
	o = everything;
	o.netns = "no-such-name";
	shows(&o, 0, 0);
	o.netns = "12345678901";
	shows(&o, 0, 0);
	o.netns = "4026531840";
	shows(&o, 3, 0); /* the bare one's is not known */
	o = everything;
	o.cgroup = "/no/such/path";
	shows(&o, 0, 0);
	o.cgroup = "/";
	shows(&o, 3, 0);
}

/* Of a recorded path and of one the user gives: is it in there? */
static bool cgroup_passes(const char *path, const char *wanted)
{
	const char *texts[LOOKUP_MAX] = { [LOOKUP_CGROUP] = path };
	struct rw_event event = sample_fin();
	struct options o = everything;
	bool passes;

	o.cgroup = wanted;
	replay_filter_set(&o);
	lookup_replay(texts);
	passes = replay_filter_passes(&event);
	lookup_replay(NULL);
	return passes;
}

/* What is mounted at /sys/fs/cgroup may be left out. */
static void test_cgroup_paths(void **state)
{
	(void)state;
	assert_true(cgroup_passes("/a/b", "/a"));
	assert_true(cgroup_passes("/a/b", "/a/b/"));
	assert_true(cgroup_passes("/a/b", "/sys/fs/cgroup"));
	assert_true(cgroup_passes("/a/b", "/sys/fs/cgroup/a"));
	assert_false(cgroup_passes("/a/b", "/sys/fs/cgroup/b"));
	assert_false(cgroup_passes("/ab", "/a"));
	assert_false(cgroup_passes(NULL, "/a"));
	assert_true(cgroup_passes("/sys/fs/cgroups/a", "/sys/fs/cgroups/a"));
	assert_false(cgroup_passes("s/a", "/sys/fs/cgroups/a"));
}

/* Files from before evidence.exit have the signal with the actor. */
static void test_old_exit_code(void **state)
{
	const uint32_t slots[LOOKUP_MAX] = { 0 };
	struct rw_event event = sample_fin(), back;
	uint32_t slots_back[LOOKUP_MAX];
	char text[RECORD_EVENT_MAX], task[16], *end;

	(void)state;
	event.evidence.exit = 0;
	event.evidence.flags &= ~(RW_F_ACTOR | RW_F_OWNER);
	end = record_encode(text, &event, slots);
	end = wire_bytes(
		end, 13, task,
		(size_t)(wire_number(task, RECORD_TASK_EXIT_CODE, 0x80 | 11) -
			 task));
	assert_int_equal(record_decode(text, end - text, &back, slots_back), 0);
	assert_int_equal(back.evidence.exit, 11);
}

static void test_count_and_duration(void **state)
{
	struct options o = everything;

	(void)state;
	o.count = 2;
	shows(&o, 2, 0);
	assert_non_null(strstr(json, "\"events\":2,\"lost\":null"));
	o = everything;
	o.duration_ms = 3000; /* the FIN came three seconds later */
	shows(&o, 2, 0);
	o.duration_ms = 60000;
	shows(&o, 4, 1);
	assert_string_equal(json, rec.json);
}

/* A text that has lost its slot is told again, and none displaces another. */
static void test_texts(void **state)
{
	static struct record_texts texts;
	uint32_t taken[LOOKUP_MAX] = { 0 };
	char text[32];
	bool is_new;

	(void)state;
	for (int i = 0; i < 3 * RECORD_SLOTS; i++) {
		uint32_t slot;

		snprintf(text, sizeof(text), "name %d", i);
		slot = record_texts_slot(&texts, text, taken, &is_new);
		assert_in_range(slot, 1, RECORD_SLOTS);
		assert_true(is_new);
		assert_string_equal(texts.slots[slot - 1], text);
		assert_int_equal(
			record_texts_slot(&texts, text, taken, &is_new), slot);
		assert_false(is_new);
		taken[0] = slot; /* stays while the next is placed */
	}
	record_texts_clear(&texts);
}

static void rotate(const char *path, uint32_t keep, int rounds)
{
	struct options o = { .write = path,
			     .rotate_bytes = 4096,
			     .rotate_keep = keep };
	struct run_totals totals = { .end_ktime_ns = SAMPLE_KTIME };
	struct rw_event event = sample_event();
	struct run_info info = sample_info();
	struct record_file file;
	struct clock clock;
	struct sink *sink;
	struct out out;

	clock_init_fixed(&clock, SAMPLE_OFFSET);
	assert_int_equal(record_file_open(&file, &o, -1), 0);
	assert_int_equal(out_open(&out, file.fd, FILE_MAX), 0);
	sink = sink_record_new(&file, &out, &clock);
	assert_int_equal(sink->start(sink, &info), 0);
	for (int i = 0; i < rounds; i++) {
		event.tuple.lport = (uint16_t)(1000 + i);
		assert_int_equal(sink->event(sink, &event), 0);
	}
	totals.events = totals.by_kind[event.evidence.kind] = (uint64_t)rounds;
	totals.by_cause[event.cause].seen = (uint64_t)rounds;
	assert_int_equal(sink->end(sink, &totals), 0);
	assert_int_equal(record_file_close(&file), 0);
	sink->free(sink);
	out_close(&out);
}

/* Each file can be played by itself, and together they are the run. */
static void test_rotate(void **state)
{
	char dir[] = "/tmp/rstwatch-test-XXXXXX", path[64], older[80];
	int files = 0, events = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a", dir);
	rotate(path, OPTIONS_KEEP_ALL, 200);
	for (;; files++) {
		if (files)
			snprintf(older, sizeof(older), "%s.%d", path, files);
		else
			strcpy(older, path);
		if (access(older, F_OK))
			break;
		load(&changed, older);
		assert_true(changed.len < 4096 + 512);
		assert_int_equal(play(&changed, &everything, json), 0);
		assert_non_null(strstr(json, "TCP_ABORT_ON_CLOSE"));
		events += count_of(json, "\"type\":\"teardown\"");
		/* newest first: the last port is in the first file */
		if (!files)
			assert_non_null(strstr(json, "\"port\":1199}"));
		unlink(older);
	}
	assert_true(files > 3);
	assert_int_equal(events, 200);

	rotate(path, 2, 200);
	rotate(path, 2, 1); /* what is there moves on, and is not emptied */
	for (int i = 1; i <= 2; i++) {
		snprintf(older, sizeof(older), "%s.%d", path, i);
		load(&changed, older);
		assert_int_equal(play(&changed, &everything, json), 0);
		assert_true(count_of(json, "\"type\":\"teardown\"") > 1);
		unlink(older);
	}
	snprintf(older, sizeof(older), "%s.3", path);
	assert_int_equal(access(older, F_OK), -1);
	load(&changed, path);
	unlink(path);
	rotate(path, 0, 200);
	snprintf(older, sizeof(older), "%s.1", path);
	assert_int_equal(access(older, F_OK), -1);
	unlink(path);
	rmdir(dir);
}

static void same_as_sample(const char *name)
{
	static struct recording want;
	char path[64];

	snprintf(path, sizeof(path), "%s/%s.rec", SAMPLES, name);
	load(&changed, path);
	assert_int_equal(play(&changed, &everything, json), 0);
	snprintf(path, sizeof(path), "%s/%s.json", SAMPLES, name);
	load(&want, path);
	want.bytes[want.len] = '\0';
	assert_string_equal(json, want.bytes);
}

/* Recordings of version 1 are read as on the day they were made. */
static void test_samples(void **state)
{
	(void)state;
	same_as_sample("v1-fields");
	same_as_sample("v1-demo");
}

/* A complaint for every byte would be too much of it. */
static int quiet(void **state)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	fflush(stderr);
	return null < 0 || dup2(null, STDERR_FILENO) < 0;
}

/* With an argument: write the recording and its NDJSON there. */
static int keep(const char *path)
{
	char name[256];
	FILE *file;

	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s.%s", path, i ? "json" : "rec");
		file = fopen(name, "we");
		if (!file)
			return 1;
		fwrite(i ? rec.json : rec.bytes, 1,
		       i ? strlen(rec.json) : rec.len, file);
		if (fclose(file))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_varints),
		cmocka_unit_test(test_replay_is_identical),
		cmocka_unit_test_setup(test_cut_anywhere, quiet),
		cmocka_unit_test_setup(test_flip_anywhere, quiet),
		cmocka_unit_test_setup(test_frames_in_order, quiet),
		cmocka_unit_test_setup(test_malicious, quiet),
		cmocka_unit_test_setup(test_versions, quiet),
		cmocka_unit_test_setup(test_new_names, quiet),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_cgroup_paths),
		cmocka_unit_test(test_old_exit_code),
		cmocka_unit_test(test_count_and_duration),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_rotate),
		cmocka_unit_test(test_samples),
	};

	make(&rec);
	if (argc > 1)
		return keep(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
