/* SPDX-License-Identifier: GPL-2.0 */
/* The loop: from the ring buffer to the sink, until something says stop. */
#ifndef RSTWATCH_WATCH_H
#define RSTWATCH_WATCH_H

#include <signal.h>

#include "observer.h"
#include "options.h"
#include "run.h"
#include "sink.h"

/**
 * watch() - print events until told to stop
 * @observer: attached; detached when this returns
 * @sink: has been started; not ended here
 * @stop: becomes non-zero when a signal says so
 * @totals: filled in: what was printed, lost, counted
 *
 * Return: 0, or a negative errno; -EPIPE when the reader has gone.
 */
int watch(struct observer *observer, struct sink *sink,
	  const struct options *options, volatile sig_atomic_t *stop,
	  struct run_totals *totals);

/* watch_ask() - handler of USR1: print the summary, or the totals, and go on */
void watch_ask(int signal);

/* watch_now() - CLOCK_MONOTONIC in ns, the clock of the events */
uint64_t watch_now(void);

#endif
