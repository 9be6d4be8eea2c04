// SPDX-License-Identifier: GPL-2.0
/* Kernel time as wall clock: see clock.h. */
#include <string.h>
#include <time.h>

#include "clock.h"
#include "format.h"

#define NS_PER_MS 1000000ULL

/*
 * NTP slews both clocks alike, so the offset changes only when somebody sets
 * the time. Smaller differences are the noise of measuring: following them
 * would put neighbouring records out of order.
 */
#define STEP_NS 100000

static uint64_t read_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}

/* The wall clock is read between two readings of the other: take the middle. */
static int64_t measure_offset(uint64_t *monotonic)
{
	uint64_t before = read_ns(CLOCK_MONOTONIC);
	uint64_t wall = read_ns(CLOCK_REALTIME);
	uint64_t after = read_ns(CLOCK_MONOTONIC);

	*monotonic = after;
	return (int64_t)(wall - before - (after - before) / 2);
}

void clock_measure(struct clock *clock)
{
	int64_t offset = measure_offset(&clock->checked_ns);
	int64_t step = offset - clock->offset_ns;

	clock->check_ns = clock->checked_ns + CLOCK_SECOND;
	if (step > STEP_NS || step < -STEP_NS)
		clock->offset_ns = offset;
}

void clock_init_fixed(struct clock *clock, int64_t offset_ns)
{
	*clock = (struct clock){
		.offset_ns = offset_ns,
		.check_ns = UINT64_MAX,
		.local_second = UINT64_MAX,
	};
	tzset();
	clock_turn(clock, 0);
}

void clock_init(struct clock *clock)
{
	clock_init_fixed(clock, 0);
	clock_measure(clock);
}

static uint64_t wall_ns(struct clock *clock, uint64_t ktime_ns)
{
	return ktime_ns + (uint64_t)clock_offset(clock, ktime_ns);
}

/* hh:mm:ss. */
static char *put_time_of_day(char *p, const struct tm *tm)
{
	p = format_padded(p, (unsigned int)tm->tm_hour, 2);
	*p++ = ':';
	p = format_padded(p, (unsigned int)tm->tm_min, 2);
	*p++ = ':';
	p = format_padded(p, (unsigned int)tm->tm_sec, 2);
	*p++ = '.';
	return p;
}

void clock_turn(struct clock *clock, uint64_t wall_ns)
{
	time_t when = (time_t)(wall_ns / CLOCK_SECOND);
	char *p = clock->utc;
	struct tm tm;

	gmtime_r(&when, &tm);
	p = format_padded(p, (unsigned int)tm.tm_year + 1900, 4);
	*p++ = '-';
	p = format_padded(p, (unsigned int)tm.tm_mon + 1, 2);
	*p++ = '-';
	p = format_padded(p, (unsigned int)tm.tm_mday, 2);
	*p++ = 'T';
	put_time_of_day(p, &tm);
	clock->utc_ns = wall_ns - wall_ns % CLOCK_SECOND;
}

static void render_local(struct clock *clock, uint64_t second)
{
	time_t when = (time_t)second;
	struct tm tm;

	localtime_r(&when, &tm);
	put_time_of_day(clock->local, &tm);
	clock->local_second = second;
}

char *clock_local(struct clock *clock, char *p, uint64_t ktime_ns)
{
	uint64_t ns = wall_ns(clock, ktime_ns);
	uint64_t second = ns / CLOCK_SECOND;
	uint64_t ms = ns % CLOCK_SECOND / NS_PER_MS;

	if (second != clock->local_second)
		render_local(clock, second);
	memcpy(p, clock->local, sizeof(clock->local));
	p += sizeof(clock->local);
	*p++ = (char)('0' + ms / 100);
	return format_padded(p, ms % 100, 2);
}
