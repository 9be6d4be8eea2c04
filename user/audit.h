/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The audit: what was seen beside what the kernel counted itself, for every
 * netns. Filters play no part in it.
 */
#ifndef RSTWATCH_AUDIT_H
#define RSTWATCH_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/mechanism.h"

struct observer;

/* One counter over the run. */
struct audit_line {
	uint64_t kernel;       /* by how much the kernel's counter rose */
	uint64_t seen;	       /* by how much what was seen should raise it */
	const char *explained; /* why they differ; NULL: nothing says so */
};

/* One netns in which anything was seen or counted. */
struct audit_netns {
	uint64_t cookie;
	uint32_t netns;
	const char *unknown; /* why kernel[] is not known; NULL: it is */
	struct audit_line lines[RW_COUNTER_MAX];
};

struct audit_base;

struct audit {
	struct audit_netns *netns; /* filled in by audit_end() */
	size_t n;
	size_t unexplained;	 /* lines that differ, and nothing says why */
	bool failed;		 /* without memory: nothing was compared */
	struct audit_base *base; /* n_base of them: what audit_start() found */
	size_t n_base;
};

/**
 * audit_start() - note where all counters stand
 * @observer: attached: what happens from now on is counted on both sides
 */
void audit_start(struct audit *audit, const struct observer *observer);

/**
 * audit_end() - compare
 * @observer: still attached
 */
void audit_end(struct audit *audit, const struct observer *observer);

void audit_free(struct audit *audit);

/* audit_difference() - above zero: the kernel counted what was not seen */
static inline int64_t audit_difference(const struct audit_line *line)
{
	return (int64_t)(line->kernel - line->seen);
}

#endif
