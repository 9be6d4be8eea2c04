/* SPDX-License-Identifier: GPL-2.0 */
/* The table of hooks: what each is for, and what is lost without it. */
#ifndef RSTWATCH_HOOKS_H
#define RSTWATCH_HOOKS_H

#include <stdbool.h>

enum hook_when {
	HOOK_ALWAYS,
	HOOK_UNLESS_RST_ONLY, /* tells of FINs and of silent ends */
	HOOK_FALLBACK,	      /* only where the hook before it is missing */
};

struct hook {
	const char *program;  /* in the BPF object */
	const char *function; /* kernel function or tracepoint */
	const char *lost;     /* NULL: nothing works without it */
	enum hook_when when;
};

/* End with a hook without a program. */
extern const struct hook function_hooks[];
extern const struct hook tracepoint_hooks[];

#endif
