/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel structures rstwatch reads, and of each only the fields it reads.
 * Kept by hand: this file is the list of what the tool depends on. Offsets are
 * relocated when the programs are loaded (CO-RE); tests/vm checks every name
 * against the BTF of every kernel of the matrix.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include <linux/types.h>
#include <stdbool.h>

/* x86-64 registers at a kprobe; the layout is fixed, so not relocated. */
struct pt_regs { /* any size: cs and ss have halves of their own since 6.12 */
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be32 u6_addr32[4];
	} in6_u;
};

struct ns_common {
	unsigned int inum;
};

struct netns_ipv4 {
	__u8 sysctl_tcp_syn_retries;
	__u8 sysctl_tcp_abort_on_overflow;
	__u8 sysctl_tcp_rfc1337;
};

struct net {
	struct ns_common ns;
	struct netns_ipv4 ipv4;
};

/* From 5.12 a plain number that every netns has; made on demand before. */
struct net___cookie {
	__u64 net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	__u64 skc_addrpair; /* skc_daddr, skc_rcv_saddr */
	__u32 skc_portpair; /* skc_dport, skc_num */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
	struct sock *skc_listener;
	unsigned int skc_hash;
	__u32 skc_rcv_wnd;
	__u32 skc_tw_rcv_nxt;
};

struct sk_buff;

struct sk_buff_head {
	struct sk_buff *next;
	struct sk_buff *prev;
	__u32 qlen;
};

typedef struct {
	int owned;
} socket_lock_t;

struct file {
	void *private_data;
};

/* The file's reference count has two shapes: until 6.12, and since 6.13. */
typedef struct {
	__s64 counter;
} atomic_long_t;

struct file___count {
	atomic_long_t f_count;
};

typedef struct {
	atomic_long_t refcnt;
} file_ref_t;

struct file___ref {
	file_ref_t f_ref;
};

struct sock;

struct socket {
	struct file *file;
	struct sock *sk;
};

/*
 * The cgroup a socket was made in. Before 5.15 (8520e224f547, also backported)
 * the pointer shared its place with net_cls and net_prio: see sk_cgroup().
 */
struct kernfs_node {
	__u64 id;
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
};

struct cgroup___ids { /* until 6.0 */
	__u64 ancestor_ids[1];
};

struct cgroup___ancestors { /* since 6.1 */
	struct cgroup *ancestors[1];
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct sock_cgroup_data___val {
	__u64 val;
};

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	struct sk_buff_head sk_receive_queue;
	__u8 sk_shutdown;
	__u16 sk_protocol;
	unsigned long sk_lingertime;
	int sk_err;
	int sk_err_soft;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	struct socket *sk_socket;
	struct sock_cgroup_data sk_cgrp_data;
};

struct sock___val {
	struct sock_cgroup_data___val sk_cgrp_data;
};

/* optional: the helper came with 5.11; its number is fixed */
enum bpf_func_id___task {
	BPF_FUNC_get_current_task_btf___task = 158,
};

enum sock_flags {
	SOCK_DEAD,
	SOCK_DONE,
	SOCK_URGINLINE,
	SOCK_KEEPOPEN,
	SOCK_LINGER,
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	void *icsk_ulp_data;
	__u32 icsk_user_timeout;
	__u8 icsk_retransmits;
	__u8 icsk_probes_out;
	__u8 icsk_syn_retries;
	struct {
		__u32 lrcvtime;
	} icsk_ack;
};

struct tcp_options_received {
	__u16 tstamp_ok : 1;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 write_seq;
	__u32 lsndtime;
	__u32 total_retrans;
	int linger2;
	__u8 repair : 1;
	struct tcp_options_received rx_opt;
};

/* Only where the kernel is built with MPTCP; a bit since 6.8, a bool before. */
struct tcp_sock___mptcp {
	bool is_mptcp;
};

struct mptcp_sock { /* optional: only with MPTCP */
	struct sock *first;
};

struct mptcp_subflow_context { /* optional: only with MPTCP */
	__u32 request_mptcp : 1;
	__u32 request_join : 1;
	__u32 mp_capable : 1;
	__u32 mp_join : 1;
	__u32 send_fastclose : 1; /* optional: since 5.16 */
};

struct request_sock {
	struct sock_common __req_common;
};

struct inet_request_sock {
	struct request_sock req;
	__u16 tstamp_ok : 1;
};

struct tcp_request_sock {
	struct inet_request_sock req;
	__u32 rcv_nxt;
};

struct inet_timewait_sock {
	struct sock_common __tw_common;
	unsigned char tw_substate;
};

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk;
	__u32 tw_rcv_wnd;
};

struct net_device {
	possible_net_t nd_net;
};

struct dst_entry {
	struct net_device *dev;
};

struct rtable {
	struct dst_entry dst;
	__u16 rt_type;
};

struct rt6_info {
	struct dst_entry dst;
	__u32 rt6i_flags;
};

struct sk_buff {
	struct sock *sk;
	unsigned int len;
	char cb[48];
	unsigned long _skb_refdst;
	unsigned char *head;
	__u16 transport_header;
	__u16 network_header;
};

struct tcp_skb_cb {
	__u32 seq;
	__u32 end_seq;
	__u8 tcp_flags; /* any size: u16 since 6.18, we read the low byte */
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level; /* depth of its pid namespace, 0: the initial */
	struct upid numbers[1];
};

struct mm_struct;

struct signal_struct {
	struct pid *pids[4];
	struct mm_struct *oom_mm;
};

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	unsigned int flags;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	const struct cred *cred;
	struct files_struct *files;
	char comm[16];
	struct signal_struct *signal;
};

struct bpf_iter__task {
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
