/* SPDX-License-Identifier: GPL-2.0 */
/* The table of hooks: what each is for, and what is lost without it. */
#ifndef RSTWATCH_HOOKS_H
#define RSTWATCH_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/event.h"

/* In a set of causes. */
#define LOST_CAUSE(id) (1ULL << RW_CAUSE_##id)

enum hook_when {
	HOOK_ALWAYS,
	HOOK_UNLESS_RST_ONLY, /* tells of FINs and of silent ends */
	HOOK_EXIT,	      /* the same, and the programs rely on it */
	HOOK_FOR_OWNERS,      /* only where the owner decides what is shown */
	HOOK_SILENT,	      /* the same, but --audit needs it as well */
	HOOK_FOR_TTL,	      /* only with --ttl */
	HOOK_FOR_HOPS,	     /* the same, where tcp_reset() shows the segment */
	HOOK_FALLBACK,	     /* only where the hook before it is missing */
	HOOK_RELEASE,	     /* only where it tells all that is asked for */
	HOOK_UNLESS_RELEASE, /* elsewhere */
};

struct hook {
	const char *program;  /* in the BPF object */
	const char *function; /* kernel function or tracepoint */
	const char *probe;    /* the same, as perf writes it */
	const char *lost;     /* NULL: nothing works without it */
	enum hook_when when;
	uint8_t counters;     /* 1 << enum rw_counter: cannot be compared */
	uint64_t causes;      /* 1 << enum rw_cause: none of these is told */
	const char *evidence; /* what else is unknown, NULL: nothing */
};

/* What a flavour cannot see even when every hook of it is attached. */
struct limit {
	const char *hook; /* that would be needed */
	const char *lost;
	bool without_reason;  /* only where tcp_send_reset gives no reason */
	bool with_ttl;	      /* only with --ttl */
	bool with_release;    /* only where close() is seen at sock_release */
	uint8_t counters;     /* as in struct hook */
	const char *back;     /* what would bring it back */
	uint64_t causes;      /* as in struct hook */
	const char *evidence; /* the same */
};

/* End with a hook without a program. */
extern const struct hook function_hooks[];
extern const struct hook tracepoint_hooks[];
extern const struct hook follow_hooks[]; /* any flavour, with a command */

/* Ends with a limit without a hook. */
extern const struct limit tracepoint_limits[];
extern const struct limit kprobe_limits[];
extern const struct limit no_limits[];

#endif
