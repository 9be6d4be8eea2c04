/* SPDX-License-Identifier: GPL-2.0 */
/* Where the events of a run go: shown, into a recording, or both. */
#ifndef RSTWATCH_OUTPUTS_H
#define RSTWATCH_OUTPUTS_H

#include "options.h"
#include "out.h"
#include "record_file.h"
#include "sink.h"

struct outputs {
	struct sink *sink;
	struct out out;	       /* what is shown */
	struct out record_out; /* the recording */
	struct record_file file;
};

/**
 * outputs_open() - make the sink that the options ask for
 * @fd: where what is shown goes; stays the caller's
 * @clock: stays the caller's, outlives the outputs
 * @not_this: a file that is being read and must not be written, or -1
 *
 * What is wrong is said in one line on stderr.
 *
 * Return: 0, or the exit code of the program; then nothing is to be closed.
 */
int outputs_open(struct outputs *outputs, const struct options *options, int fd,
		 struct clock *clock, int not_this);

/**
 * outputs_close() - the sink has been ended
 * @err: what the run ended with: 0 or a negative errno
 *
 * Says on stderr what could not be written. That a reader has gone is no
 * failure.
 *
 * Return: the exit code of the program.
 */
int outputs_close(struct outputs *outputs, int err);

#endif
