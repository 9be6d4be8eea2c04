/* SPDX-License-Identifier: GPL-2.0 */
/* The filters that a live run leaves to the kernel, applied to a recording. */
#ifndef RSTWATCH_REPLAY_FILTER_H
#define RSTWATCH_REPLAY_FILTER_H

#include <stdbool.h>

#include "bpf/event.h"
#include "options.h"

/* replay_filter_set() - what to show from now on; @options stay the caller's */
void replay_filter_set(const struct options *options);

/* replay_filter_passes() - whether a live run would have shown this event */
bool replay_filter_passes(const struct rw_event *event);

#endif
