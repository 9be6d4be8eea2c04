/* SPDX-License-Identifier: GPL-2.0 */
/* A second process, for cases about exit, kill and shared descriptors. */
#ifndef RSTDEMO_HELPER_H
#define RSTDEMO_HELPER_H

#include "demo.h"

struct helper {
	pid_t pid;
	int channel; /* talks to the helper; closed once it has ended */
};

/**
 * start_helper - fork a process that calls @body and then _exit(0). It is
 * killed when this process dies. @channel is its side of the conversation.
 */
struct helper start_helper(struct demo *d,
			   void (*body)(struct demo *d, int channel, void *arg),
			   void *arg);

/** tell - send @len bytes over a channel. */
void tell(struct demo *d, int channel, const void *data, size_t len);

/** hear - receive exactly @len bytes; ends the case when they do not come. */
void hear(struct demo *d, int channel, void *data, size_t len);

/** tell_go, hear_go - the same for one byte without meaning. */
void tell_go(struct demo *d, int channel);
void hear_go(struct demo *d, int channel);

/** reap - wait for the helper's end; returns its wait status. */
int reap(struct demo *d, struct helper *h);

#endif
