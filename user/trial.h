/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this kernel lets us attach, found by trying with the smallest program
 * there is. The BTF has to be open (kernel.h).
 */
#ifndef RSTWATCH_TRIAL_H
#define RSTWATCH_TRIAL_H

#include <stdbool.h>

#define WHY_MAX 160

/* Why something does not work, for a person. */
struct why {
	char text[WHY_MAX];
};

/* why_not() - say what failed on what; @error: an errno. Return: -1 */
int why_not(struct why *why, const char *what, const char *on, int error);

/* trial_loads() - whether a function takes a trampoline, at entry or exit */
bool trial_loads(const char *function, bool at_exit);

/*
 * Each tries to attach; Return: 0, or -1 with the reason in @why.
 * A kernel can know trampolines and still refuse to patch its text.
 */
int trial_fentry(struct why *why);
int trial_kprobe(struct why *why);
int trial_raw_tracepoint(struct why *why);
int trial_typed_tracepoint(struct why *why);

#endif
