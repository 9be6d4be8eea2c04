// SPDX-License-Identifier: GPL-2.0
/* Programs that do nothing: what is left is the cost of being called. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NOTHING(way)                \
	SEC(#way)                   \
	int on_##way(void *context) \
	{                           \
		return 0;           \
	}

NOTHING(fentry)
NOTHING(fexit)
NOTHING(kprobe)
NOTHING(kretprobe)
NOTHING(raw_tp)

SEC("cgroup/sock_release")
int on_cgroup(struct bpf_sock *sock)
{
	return 1; /* 0 would refuse */
}

char LICENSE[] SEC("license") = "GPL";
