/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who connected, who accepted: kept beside the socket, for the day the kernel
 * or the peer ends the connection. The tracepoints tell of neither in time.
 */
#ifndef RSTWATCH_HOOKS_OWNER_H
#define RSTWATCH_HOOKS_OWNER_H

#include "bpf/context.h"

/* The task that acts now has made this connection. */
static __always_inline void keep_owner(const struct sock *sk, __u32 source)
{
	__u64 key = sk_key(sk);
	struct rw_owner_set *set = owner_set(key, config.owner_sets);
	struct rw_owner *owner;

	if (!set || is_deputy())
		return;
	owner = owner_place(set, key);
	owner->sk = key;
	owner->hash = sk_hash(sk);
	owner->source = source;
	read_task(&owner->task);
}

/* The addresses are chosen and hashed by now. */
HOOK(tcp_connect, struct sock *sk)
{
	keep_owner(SOCK(sk), RW_OWNER_CONNECT);
	return 0;
}

#ifdef RW_FENTRY
/* Where the return value is depends on the number of arguments (6.10). */
SEC("fexit/inet_csk_accept")
int BPF_PROG(on_exit_inet_csk_accept)
{
	struct sock *sk = NULL;

	if (config.accept_args == 2)
		sk = (struct sock *)ARGUMENT(ctx, 2);
	else if (config.accept_args == 4)
		sk = (struct sock *)ARGUMENT(ctx, 4);
	if (sk)
		keep_owner(sk, RW_OWNER_ACCEPT);
	return 0;
}
#else
SEC("kretprobe/inet_csk_accept")
int BPF_KRETPROBE(on_exit_inet_csk_accept, struct sock *sk)
{
	if (sk)
		keep_owner(SOCK(sk), RW_OWNER_ACCEPT);
	return 0;
}
#endif

#endif
