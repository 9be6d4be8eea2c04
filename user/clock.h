/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel time (CLOCK_MONOTONIC) as wall clock. The date and time of the
 * current second are rendered once and kept: events come many to a second.
 */
#ifndef RSTWATCH_CLOCK_H
#define RSTWATCH_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "format.h"

#define CLOCK_SECOND 1000000000ULL /* ns */

#define CLOCK_UTC_LEN 30   /* 2026-01-02T03:04:05.678901234Z */
#define CLOCK_LOCAL_LEN 12 /* 03:04:05.678 */

struct clock {
	int64_t offset_ns;   /* wall clock minus CLOCK_MONOTONIC */
	uint64_t checked_ns; /* CLOCK_MONOTONIC when that was last measured */
	uint64_t check_ns;   /* when to measure again; UINT64_MAX: never */
	uint64_t utc_ns;     /* the second that utc shows, from the epoch on */
	uint64_t local_second;
	char utc[20];  /* with the dot */
	char local[9]; /* with the dot */
};

/* clock_init() - follow this machine's clock, measured now */
void clock_init(struct clock *clock);

/**
 * clock_init_fixed() - a clock that does not change
 * @offset_ns: wall clock minus CLOCK_MONOTONIC, as on the machine where the
 *	       events were recorded
 */
void clock_init_fixed(struct clock *clock, int64_t offset_ns);

/* clock_measure() - see whether the clock was set; follow it */
void clock_measure(struct clock *clock);

/* clock_turn() - show the second of @wall_ns, from the epoch on */
void clock_turn(struct clock *clock, uint64_t wall_ns);

/*
 * clock_offset() - wall clock minus CLOCK_MONOTONIC, as it is for this time
 *
 * What clock_utc() would go by; looks, as that does, whether the clock was set.
 */
static inline int64_t clock_offset(struct clock *clock, uint64_t ktime_ns)
{
	if (ktime_ns >= clock->check_ns)
		clock_measure(clock);
	return clock->offset_ns;
}

/**
 * clock_utc() - RFC 3339 in UTC, nine digits of a second
 * @p: receives CLOCK_UTC_LEN bytes, no NUL
 * @ktime_ns: CLOCK_MONOTONIC
 *
 * Looks once a second whether the wall clock was set, and follows it.
 *
 * Return: the end of what was written.
 */
static inline char *clock_utc(struct clock *clock, char *p, uint64_t ktime_ns)
{
	uint64_t ns = ktime_ns + (uint64_t)clock_offset(clock, ktime_ns);

	if (ns - clock->utc_ns >= CLOCK_SECOND)
		clock_turn(clock, ns);
	memcpy(p, clock->utc, sizeof(clock->utc));
	p = format_nine(p + sizeof(clock->utc), (uint32_t)(ns - clock->utc_ns));
	*p++ = 'Z';
	return p;
}

/* clock_local() - as clock_utc(), local time of day, CLOCK_LOCAL_LEN bytes */
char *clock_local(struct clock *clock, char *p, uint64_t ktime_ns);

#endif
