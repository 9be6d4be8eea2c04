/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel time (CLOCK_MONOTONIC) as wall clock. The date and time of the
 * current second are rendered once and kept: events come many to a second.
 */
#ifndef RSTWATCH_CLOCK_H
#define RSTWATCH_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_UTC_LEN 30   /* 2026-01-02T03:04:05.678901234Z */
#define CLOCK_LOCAL_LEN 12 /* 03:04:05.678 */

struct clock {
	int64_t offset_ns;   /* wall clock minus CLOCK_MONOTONIC */
	uint64_t checked_ns; /* CLOCK_MONOTONIC when that was last measured */
	bool fixed;	     /* offset_ns was given: never measure */
	uint64_t utc_second; /* the second that utc shows */
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

/*
 * clock_offset() - wall clock minus CLOCK_MONOTONIC, as it is for this time
 *
 * What clock_utc() would go by; looks, as that does, whether the clock was set.
 */
int64_t clock_offset(struct clock *clock, uint64_t ktime_ns);

/**
 * clock_utc() - RFC 3339 in UTC, nine digits of a second
 * @p: receives CLOCK_UTC_LEN bytes, no NUL
 * @ktime_ns: CLOCK_MONOTONIC
 *
 * Looks once a second whether the wall clock was set, and follows it.
 *
 * Return: the end of what was written.
 */
char *clock_utc(struct clock *clock, char *p, uint64_t ktime_ns);

/* clock_local() - as clock_utc(), local time of day, CLOCK_LOCAL_LEN bytes */
char *clock_local(struct clock *clock, char *p, uint64_t ktime_ns);

#endif
