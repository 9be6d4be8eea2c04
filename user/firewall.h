/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resets made by netfilter. Its functions are in modules that may be loaded, and
 * unloaded, at any time: they are looked for until they are there.
 */
#ifndef RSTWATCH_FIREWALL_H
#define RSTWATCH_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct bpf_object;
struct bpf_link;
struct rw_config;

#define FIREWALL_MODULES 2
#define FIREWALL_HOOKS 2 /* of one module */

/* One of the two modules, and what is attached to it. */
struct firewall_module {
	uint64_t seen; /* identifies what was loaded when it was looked at */
	bool failed;   /* it is there, but takes no hook */
	struct bpf_object *object;
	struct bpf_link *links[FIREWALL_HOOKS];
};

struct firewall {
	bool wanted; /* false: nothing below is used */
	bool trampolines;
	struct bpf_object *main;
	const struct rw_config *config;
	const struct options *options;
	uint64_t next_ns; /* CLOCK_MONOTONIC: look again */
	struct firewall_module modules[FIREWALL_MODULES];
};

/**
 * firewall_open() - attach to what is loaded now
 * @main: the object whose maps receive the events; outlives the firewall
 * @config: as it was given to that object; stays the caller's
 * @trampolines: try them before kprobes
 *
 * A module that is not there is no failure: firewall_tend() looks again.
 */
void firewall_open(struct firewall *f, struct bpf_object *main,
		   const struct rw_config *config,
		   const struct options *options, bool trampolines);

/*
 * firewall_tend() - follow modules that come and go
 *
 * To be called often; looks ten times a second. Return: the function of a module
 * that has come and takes no hook, else NULL; told once.
 */
const char *firewall_tend(struct firewall *f);

/* firewall_probe() - name of a function that is hooked, NULL after the last */
const char *firewall_probe(const struct firewall *f, unsigned int index);

/* firewall_failed() - of a module that was there and took no hook, or NULL */
const char *firewall_failed(const struct firewall *f, unsigned int index);

/* firewall_object() - a loaded object, NULL where there is none */
struct bpf_object *firewall_object(const struct firewall *f,
				   unsigned int index);

void firewall_detach(struct firewall *f);
void firewall_close(struct firewall *f);

#endif
