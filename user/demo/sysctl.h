/* SPDX-License-Identifier: GPL-2.0 */
/* Sysctls a case needs changed for a moment, and their restoration. */
#ifndef RSTDEMO_SYSCTL_H
#define RSTDEMO_SYSCTL_H

#include "demo.h"

/**
 * sysctl_init - prepare the memory of old values, shared with the processes
 * forked later, so that any of them can restore. Returns false on error.
 */
bool sysctl_init(void);

/**
 * sysctl_lock - wait until no other rstdemo in this network namespace has
 * sysctls changed: its values must not be taken for the original ones.
 * Returns a descriptor that holds the lock until closed, or -1.
 */
int sysctl_lock(void);

/** sysctl_set - write /proc/sys/net/ipv4/@name; skips the case if it cannot. */
void sysctl_set(struct demo *d, const char *name, const char *value);

/** sysctl_restore - put all old values back. Async-signal-safe. */
void sysctl_restore(void);

#endif
