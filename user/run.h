/* SPDX-License-Identifier: GPL-2.0 */
/* What a sink is told about a run, at its start and at its end. */
#ifndef RSTWATCH_RUN_H
#define RSTWATCH_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit.h"
#include "bpf/event.h"

/* How this run observes. The strings stay the caller's. */
struct run_info {
	const char *version;	   /* of rstwatch */
	const char *host;	   /* its name, or NULL */
	const char *kernel;	   /* release, as uname -r prints it */
	const char *backend;	   /* "fentry", "kprobe", "tracepoint" */
	const char *const *probes; /* names of what is attached */
	size_t n_probes;
	const char *const *degraded; /* "tcp_abort: what is lost" */
	size_t n_degraded;
	uint32_t hz;		 /* jiffies a second, not 0 */
	uint64_t start_ktime_ns; /* CLOCK_MONOTONIC, all probes attached */
	bool knows_oom;		 /* the OOM killer is told apart */
};

/* What it saw. */
struct run_totals {
	uint64_t events;	       /* printed */
	uint64_t held;		       /* not printed because of --limit */
	uint64_t by_kind[RW_KIND_MAX]; /* of both, by enum rw_kind */
	uint64_t missed; /* hooks hit inside themselves, which did not run */
	uint64_t lost;	 /* passed the filters, the ring was full */
	bool part;	 /* of a recording: lost and missed are not known */
	struct rw_count by_cause[RW_CAUSE_MAX]; /* summed over the CPUs */
	uint64_t full[RW_FULL_MAX];	     /* what found no room in a map */
	bool has_minisocks;		     /* they are counted */
	uint64_t minisocks[RW_MINISOCK_MAX]; /* ended by a RST */
	uint64_t stackless;    /* printed without the stacks asked for */
	uint64_t end_ktime_ns; /* CLOCK_MONOTONIC */
	struct audit *audit;   /* the caller's; NULL: none was made */
};

/* run_resets() - how many were resets, sent and received, lost ones too */
static inline uint64_t run_resets(const struct run_totals *totals)
{
	uint64_t n = totals->by_kind[RW_KIND_RST_ACTIVE] +
		     totals->by_kind[RW_KIND_RST_ANSWER] +
		     totals->by_kind[RW_KIND_RST_RECEIVED];

	for (int i = 0; i < RW_CAUSE_MAX; i++)
		n += totals->by_cause[i].lost_rst;
	return n;
}

/* run_count() - account for a printed event; an owner record is none */
static inline void run_count(struct run_totals *totals,
			     const struct rw_event *event)
{
	if (event->evidence.kind >= RW_KIND_OWNER)
		return;
	totals->events++;
	totals->by_kind[event->evidence.kind]++;
}

#endif
