/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks as text, one frame a line, innermost first:
 *
 *	function+0xoff			the kernel
 *	function+0xoff [module]		one of its modules
 *	function+0xoff (path) [id]	a process; id is the build id
 *	[id]+0xoff (path)		no symbol: the place in the file
 *	[id]+0xoff			not even the file is known
 *	0xaddress (path), 0xaddress	no build id
 *
 * "inner (inlined by) outer+0xoff" where the compiler inlined calls. A user
 * stack that could not be followed ends with STACK_CUT. What is not known is
 * left out, what is left is never made up.
 */
#ifndef RSTWATCH_USER_STACK_H
#define RSTWATCH_USER_STACK_H

#include "bpf/event.h"

#define STACK_CUT "(no frame pointers?)"
#define FRAME_MAX 1024 /* bytes of a frame, longer ones are cut */

/**
 * stacks_open() - get ready to name what --stack takes
 * @wanted: RW_STACK_*
 *
 * Reads the kernel's symbols, if its stacks are wanted. Where they are hidden
 * frames are addresses, and stacks_lost() says so.
 *
 * Return: 0, or -ENOMEM.
 */
int stacks_open(unsigned int wanted);

void stacks_close(void);

/* stacks_lost() - what has to do without a name, or NULL */
const char *stacks_lost(void);

/* stacks_keep() - a record from the ring, until its event is shown */
void stacks_keep(const struct rw_stack *record);

/**
 * stacks_text() - one of the stacks of an event
 * @side: RW_STACK_KERNEL or RW_STACK_USER
 *
 * Named when it is first asked for.
 *
 * Return: valid until the next event is asked about; NULL when it has none.
 */
const char *stacks_text(unsigned int side, const struct rw_event *event);

#endif
