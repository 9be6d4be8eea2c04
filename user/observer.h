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
#include "owner.h"
#include "run.h"
#include "trial.h"

struct bpf_object;

#define OBSERVER_MAX_PROBES 32
#define OBSERVER_FLAVOURS 3

/* What is not seen for want of a hook. */
struct loss {
	const char *hook;
	const char *lost;     /* a sentence without capital and full stop */
	uint64_t causes;      /* 1 << enum rw_cause: none of these is told */
	const char *evidence; /* what else is unknown; "" and NULL: nothing */
	const char *back;     /* what would bring it back; NULL: unknown */
	uint8_t counters;     /* 1 << enum rw_counter: cannot be compared */
};

/* A flavour that did not work. */
struct refusal {
	const char *flavour;
	struct why why;
};

/* Counters of the kernel whose rise this run may not be able to explain. */
struct blind {
	uint8_t counters; /* 1 << enum rw_counter */
	const char *why;
};

/* A flavour that is loaded and attached. */
struct observer {
	struct bpf_object *object;
	struct bpf_link *links[OBSERVER_MAX_PROBES];
	const char *probes[OBSERVER_MAX_PROBES];
	char *degraded[OBSERVER_MAX_PROBES];
	struct loss losses[OBSERVER_MAX_PROBES]; /* the same, in parts */
	size_t n_links, n_probes, n_degraded;
	struct blind blind[OBSERVER_MAX_PROBES];
	size_t n_blind;
	bool audited;	   /* --audit */
	bool sees_release; /* close() at sock_release, no changes of state */
	bool misses_uncounted; /* observer_missed() does not know all */
	const char *name;
	struct rw_config config;
	struct firewall firewall;
	struct owner_finder owners;
	struct why why; /* this flavour does not work */
	struct refusal refused[OBSERVER_FLAVOURS];
	size_t n_refused;
	char error[640]; /* why there is nothing to observe with, one line */
};

/**
 * observer_try() - load and attach the flavour the options ask for
 *
 * What did not work is in refused, and where nothing did, in error.
 *
 * Return: 0, or the exit code of the program (64, 69, 77).
 */
int observer_try(struct observer *observer, const struct options *options);

/* observer_open() - the same; prints the error as one line to stderr */
int observer_open(struct observer *observer, const struct options *options);

/*
 * observer_tend() - attach to what has appeared since; to be called often
 *
 * What cannot be attached to is said on stderr, once.
 */
void observer_tend(struct observer *observer);

/* What one flavour is, and whether anything can be attached that way. */
struct offer {
	const char *flavour;
	const char *needs; /* of the kernel */
	bool works;
	struct why why; /* it does not */
};

/* observer_offers() - try the @i-th, the best first; false: there is none */
bool observer_offers(size_t i, struct offer *offer);

/* observer_is_permitted() - whether this process has the capabilities */
bool observer_is_permitted(void);

/* observer_lose() - add to what this run does without; strings of @loss stay */
void observer_lose(struct observer *observer, const struct loss *loss);

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

/* observer_full() - what found no room in a map, or had to make some */
uint64_t observer_full(const struct observer *observer, enum rw_full which);

/* observer_counts() - sum the counters over all CPUs; @counts: RW_CAUSE_MAX */
int observer_counts(const struct observer *observer, struct rw_count *counts);

/*
 * observer_minisocks() - RSTs that ended a minisock, by enum rw_minisock
 *
 * Return: whether they are counted in this run
 */
bool observer_minisocks(const struct observer *observer, uint64_t *counts);

#endif
