// SPDX-License-Identifier: GPL-2.0
/*
 * Whose socket is this? Where the kernel acted by itself there is no task to
 * ask, but whoever holds the socket has it among its open files. Runs over all
 * of them when user space reads the iterator: once at the start, then only for
 * events that are shown, at no cost to any connection.
 *
 * The files are looked at without taking a reference: the iterator over files
 * takes one, and whoever happens to drop the last reference is who closes the
 * connection.
 */
#define RW_TRACEPOINT /* reads are probed */
#include "bpf/ns_pid.h"
#include "bpf/owners.h"

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262

/* Of each process so many files are looked at in one pass. */
#define FILES_A_PASS 1024
#define FILES_AT_ONCE 32

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* sk */
	__type(value, struct rw_wanted);
} wanted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_search);
} search SEC(".maps");

static __always_inline void describe(struct rw_task *t,
				     struct task_struct *task)
{
	t->pid = t->tid = PEEK(task, tgid);
	t->uid = PEEK(task, cred, uid.val);
	t->ns_pid = task_ns_pid(task);
	bpf_probe_read_kernel_str(t->comm, sizeof(t->comm), task->comm);
}

/* A socket that somebody wants to know the owner of? */
static __always_inline void answer(struct sock *sk, struct task_struct *task)
{
	struct rw_wanted *want = bpf_map_lookup_elem(&wanted, &sk);
	struct inet_sock *inet = (struct inet_sock *)sk;

	if (!want || (want->found && want->owner.pid == want->likely))
		return;
	if (PEEK(inet, inet_sport) != bpf_htons(want->lport) ||
	    PEEK(sk, __sk_common.skc_dport) != bpf_htons(want->rport))
		return;
	if (want->found && (__u32)PEEK(task, tgid) != want->likely)
		return;
	describe(&want->owner, task);
	want->found = 1;
}

/* A connection that is older than rstwatch: remember whose it is. */
static __always_inline void record(struct sock *sk, struct task_struct *task,
				   __u32 sets)
{
	__u16 family = PEEK(sk, __sk_common.skc_family);
	struct rw_owner_set *set;
	struct rw_owner *owner;

	if ((family != AF_INET && family != AF_INET6) ||
	    PEEK(sk, sk_protocol) != IPPROTO_TCP ||
	    !PEEK(sk, __sk_common.skc_dport))
		return;
	set = owner_set((__u64)sk, sets);
	if (!set)
		return;
	owner = owner_place(set, (__u64)sk);
	if (owner->sk == (__u64)sk &&
	    owner->hash == PEEK(sk, __sk_common.skc_hash))
		return; /* known from connect() or accept(), or shared */
	owner->sk = (__u64)sk;
	owner->hash = PEEK(sk, __sk_common.skc_hash);
	owner->source = RW_OWNER_SCAN;
	describe(&owner->task, task);
}

/* The file of an MPTCP connection holds the socket above its subflows. */
static __always_inline struct sock *first_subflow(struct sock *sk)
{
	struct mptcp_sock *msk = (struct mptcp_sock *)sk;

	if (!bpf_core_field_exists(msk->first) ||
	    PEEK(sk, sk_protocol) != IPPROTO_MPTCP)
		return sk;
	return PEEK(msk, first);
}

static __always_inline void look_at(struct file *file, struct task_struct *task,
				    __u32 sets)
{
	struct socket *sock;
	struct sock *sk;

	if (!file)
		return;
	sock = PEEK(file, private_data);
	if (!sock || PEEK(sock, file) != file) /* not a socket */
		return;
	sk = PEEK(sock, sk);
	if (sk)
		sk = first_subflow(sk);
	if (!sk)
		return;
	if (sets)
		record(sk, task, sets);
	else
		answer(sk, task);
}

/*
 * Global, so that the verifier looks at it once and not for every call.
 * @files: struct file **, @n of them; @task: struct task_struct *
 */
__noinline int look_at_some(__u64 files, __u32 n, __u64 task, __u32 sets)
{
	struct file *some[FILES_AT_ONCE];

	if (bpf_probe_read_kernel(some, sizeof(some), (void *)files))
		return 0;
	for (__u32 i = 0; i < FILES_AT_ONCE; i++)
		if (i < n)
			look_at(some[i], (struct task_struct *)task, sets);
	return 0;
}

SEC("iter/task")
int find_owner(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct files_struct *files;
	struct rw_search *s;
	struct file **all;
	__u32 zero = 0, n;

	s = bpf_map_lookup_elem(&search, &zero);
	if (!task || !s)
		return 0;
	files = PEEK(task, files);
	/* threads share their files, mostly */
	if (!files || (PEEK(task, group_leader) != task &&
		       PEEK(task, group_leader, files) == files))
		return 0;
	n = PEEK(files, fdt, max_fds);
	all = PEEK(files, fdt, fd);
	if (n > s->first + FILES_A_PASS)
		s->more = 1;
	for (__u32 i = 0; i < FILES_A_PASS; i += FILES_AT_ONCE) {
		__u32 at = s->first + i;

		if (at >= n)
			break;
		look_at_some((__u64)(all + at), n - at, address(task), s->sets);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
