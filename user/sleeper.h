/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long the reader of the ring sleeps. As long as records come it looks often,
 * and nobody is woken for them. Where none came it asks the next one to wake it.
 */
#ifndef RSTWATCH_SLEEPER_H
#define RSTWATCH_SLEEPER_H

#include <stdbool.h>
#include <stdint.h>

#define SLEEPER_LOOK_MS 30

struct sleeper {
	volatile uint32_t *asks; /* one page; NULL: nobody can be asked */
	unsigned int idle;	 /* so many looks in a row found nothing */
};

/* sleeper_open() - @map: descriptor of reader_sleeps, which stays the caller's */
void sleeper_open(struct sleeper *sleeper, int map);

/* sleeper_looked() - whether the last look found anything, or something waits */
void sleeper_looked(struct sleeper *sleeper, bool busy);

/* sleeper_sleeps() - whether the next record wakes */
static inline bool sleeper_sleeps(const struct sleeper *sleeper)
{
	return sleeper->idle > 0;
}

/* sleeper_ms() - milliseconds until the next look, unless woken before */
int sleeper_ms(const struct sleeper *sleeper);

void sleeper_close(struct sleeper *sleeper);

#endif
