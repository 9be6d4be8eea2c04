/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The three flavours: which of them this kernel lets us attach is found by
 * trying, never by version.
 */
#ifndef RSTWATCH_OBSERVER_H
#define RSTWATCH_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "firewall.h"
#include "options.h"
#include "run.h"

struct bpf_object;

#define OBSERVER_MAX_PROBES 32
#define OBSERVER_WHY 160

/* A flavour that is loaded and attached. */
struct observer {
	struct bpf_object *object;
	struct bpf_link *links[OBSERVER_MAX_PROBES];
	const char *probes[OBSERVER_MAX_PROBES];
	char *degraded[OBSERVER_MAX_PROBES];
	size_t n_links, n_probes, n_degraded;
	const char *name;
	struct rw_config config;
	struct firewall firewall;
	char why[OBSERVER_WHY]; /* this flavour does not work */
};

/**
 * observer_open() - load and attach the flavour the options ask for
 *
 * Prints one line to stderr when that is impossible, saying what is missing.
 *
 * Return: 0, or the exit code of the program (69, 77, 1).
 */
int observer_open(struct observer *observer, const struct options *options);

/*
 * observer_tend() - attach to what has appeared since; to be called often
 *
 * What cannot be attached to is said on stderr, once.
 */
void observer_tend(struct observer *observer);

/* observer_detach() - no further events; what is in the ring stays readable */
void observer_detach(struct observer *observer);

void observer_close(struct observer *observer);

/* observer_map() - file descriptor of a map of the object */
int observer_map(const struct observer *observer, const char *name);

/*
 * observer_missed() - how often a hook was hit inside itself and did not run
 *
 * The kernel guards each program against that, and counts it since 5.12 (for
 * kprobes since 6.7).
 */
uint64_t observer_missed(const struct observer *observer);

/* observer_watches() - whether -p names this process, or the command made it */
bool observer_watches(const struct observer *observer, uint32_t pid);

/* observer_unfollowed() - descendants of the command that found no room */
uint64_t observer_unfollowed(const struct observer *observer);

/* observer_counts() - sum the counters over all CPUs; @counts: RW_CAUSE_MAX */
int observer_counts(const struct observer *observer, struct rw_count *counts);

#endif
