// SPDX-License-Identifier: GPL-2.0
/*
 * Whose socket is this? Where the kernel acted by itself there is no task to
 * ask, but whoever holds the socket has it among its open files. Runs over all
 * of them when user space reads the iterator: only for events that are shown,
 * at no cost to any connection.
 */
#define RW_TRACEPOINT /* reads are probed */
#include "bpf/flavour.h"
#include "bpf/event.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* sk */
	__type(value, struct rw_wanted);
} wanted SEC(".maps");

SEC("iter/task_file")
int find_owner(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *sock;
	struct rw_wanted *want;
	struct sock *sk;

	if (!task || !file)
		return 0;
	sock = PEEK(file, private_data);
	if (!sock || PEEK(sock, file) != file) /* not a socket */
		return 0;
	sk = PEEK(sock, sk);
	want = bpf_map_lookup_elem(&wanted, &sk);
	if (!want || want->found)
		return 0;
	if (PEEK((struct inet_sock *)sk, inet_sport) !=
		    bpf_htons(want->lport) ||
	    PEEK(sk, __sk_common.skc_dport) != bpf_htons(want->rport))
		return 0;
	want->owner.pid = PEEK(task, tgid);
	want->owner.tid = PEEK(task, tgid);
	want->owner.uid = PEEK(task, cred, uid.val);
	want->owner.exit_code = 0;
	bpf_probe_read_kernel_str(want->owner.comm, sizeof(want->owner.comm),
				  task->comm);
	want->found = 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
