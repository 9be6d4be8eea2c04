/* SPDX-License-Identifier: GPL-2.0 */
/* Events out of a recording, into the sinks that a live run has. */
#ifndef RSTWATCH_REPLAY_H
#define RSTWATCH_REPLAY_H

#include <signal.h>

#include "options.h"
#include "run.h"
#include "sink.h"

struct replay;

/**
 * replay_open() - read the beginning of a recording
 * @path: "-" is standard input
 * @stop: becomes non-zero when a signal says so
 * @status: the exit code of the program, when this fails
 *
 * What is wrong is said in one line on stderr.
 *
 * Return: to be released with replay_close(), or NULL.
 */
struct replay *replay_open(const char *path, const volatile sig_atomic_t *stop,
			   int *status);

/* replay_info() - of the run that was recorded; the strings are the replay's */
const struct run_info *replay_info(const struct replay *replay);

/* replay_clock() - the wall clock as it was; the replay's */
struct clock *replay_clock(struct replay *replay);

/* replay_fd() - what is being read */
int replay_fd(const struct replay *replay);

/**
 * replay_run() - show what passes the filters
 * @sink: has been started; not ended here
 * @totals: filled in: those of the recording, or of what was shown of it when
 *	    that is less
 *
 * Return: 0; a negative errno of a sink; -EBADMSG when the recording is
 * damaged or cannot be read on: what came before has been shown, and
 * replay_complain() says where.
 */
int replay_run(struct replay *replay, struct sink *sink,
	       const struct options *options, struct run_totals *totals);

/* replay_complain() - one line on what was wrong with the recording */
void replay_complain(const struct replay *replay);

void replay_close(struct replay *replay);

#endif
