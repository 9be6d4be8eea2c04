/* SPDX-License-Identifier: GPL-2.0 */
/* The stacks of an event that is shown: taken only if --stack asked for them. */
#ifndef RSTWATCH_STACK_H
#define RSTWATCH_STACK_H

#include "bpf/maps.h"

/*
 * A stack is worth less than an event: the last part of the ring is for events
 * alone. @user: whose act this is stands on the user's stack.
 *
 * Return: RW_STACK_*, those that were taken.
 */
static __always_inline __u8 record_stack(void *ctx, __u64 ktime_ns, __u64 sk,
					 bool user)
{
	struct rw_stack *stack;
	__u8 taken;

	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > config.stack_room)
		return 0;
	stack = bpf_ringbuf_reserve(&events, sizeof(*stack), 0);
	if (!stack)
		return 0;
	stack->ktime_ns = ktime_ns;
	stack->sk = sk;
	stack->pid = bpf_get_current_pid_tgid() >> 32;
	stack->pad = 0;
	stack->kernel_bytes = 0;
	stack->user_bytes = 0;
	if (config.stacks & RW_STACK_KERNEL)
		stack->kernel_bytes = bpf_get_stack(ctx, stack->kernel,
						    sizeof(stack->kernel), 0);
	if (config.stacks & RW_STACK_USER && user)
		stack->user_bytes =
			bpf_get_stack(ctx, stack->user, sizeof(stack->user),
				      BPF_F_USER_STACK | BPF_F_USER_BUILD_ID);
	taken = (stack->kernel_bytes > 0 ? RW_STACK_KERNEL : 0) |
		(stack->user_bytes > 0 ? RW_STACK_USER : 0);
	bpf_ringbuf_submit(stack, BPF_RB_NO_WAKEUP);
	return taken;
}

#endif
