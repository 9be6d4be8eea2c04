/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record that travels from the kernel to user space, and the evidence in
 * it. Compiled for the BPF objects and for the host, so: fixed-width types,
 * explicit padding, sizes asserted. Every field says its unit.
 */
#ifndef RSTWATCH_EVENT_H
#define RSTWATCH_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define RW_COMM_LEN 16
#define RW_ADDR_LEN 16

/* Copied for every event: by eight bytes at a time. */
#define RW_WORDS __attribute__((aligned(8)))

/* The one table of causes gives the enum; RW_CAUSE_MAX bounds it. */
enum rw_cause {
#define CAUSE(id, ...) RW_CAUSE_##id,
#include "causes.def"
#undef CAUSE
	RW_CAUSE_MAX
};

/* What happened: which act of the kernel this record is about. */
enum rw_kind {
	RW_KIND_FIN,	      /* this host queued its FIN */
	RW_KIND_RST_ACTIVE,   /* tcp_send_active_reset() */
	RW_KIND_RST_ANSWER,   /* a segment was answered, by TCP or netfilter */
	RW_KIND_RST_RECEIVED, /* tcp_reset() or a request socket took a RST */
	RW_KIND_SILENT,	      /* the connection ended, nothing was sent */
	RW_KIND_OWNER,	      /* names the owner of an earlier record */
	RW_KIND_ORDER,	      /* an earlier FIN turned out to be simultaneous */
	RW_KIND_RETRACT,      /* takes back the held record of that time */
	RW_KIND_MAX
};

/*
 * The kernel functions this teardown was seen to pass through, in the order
 * in which the kernel enters them: that is the order "path" prints them in.
 */
enum rw_path {
	RW_PATH_SET_STATE = 1 << 0,	 /* tracepoint inet_sock_set_state */
	RW_PATH_SHUTDOWN = 1 << 1,	 /* tcp_shutdown, or the system call */
	RW_PATH_INET_SHUTDOWN = 1 << 2,	 /* inet_shutdown */
	RW_PATH_CLOSE = 1 << 3,		 /* tcp_close, __tcp_close */
	RW_PATH_ABORT = 1 << 4,		 /* tcp_abort */
	RW_PATH_LISTEN_STOP = 1 << 5,	 /* inet_csk_listen_stop */
	RW_PATH_CHILD_FORGET = 1 << 6,	 /* inet_child_forget */
	RW_PATH_DISCONNECT = 1 << 7,	 /* tcp_disconnect */
	RW_PATH_NO_RESOURCES = 1 << 8,	 /* tcp_out_of_resources */
	RW_PATH_CHECK_REQ = 1 << 9,	 /* tcp_check_req */
	RW_PATH_RECEIVED = 1 << 10,	 /* tcp_reset, tcp_receive_reset */
	RW_PATH_DONE = 1 << 11,		 /* tcp_done */
	RW_PATH_SEND_FIN = 1 << 12,	 /* tcp_send_fin */
	RW_PATH_MPTCP_SUBFLOW = 1 << 13, /* mptcp_subflow_reset */
	RW_PATH_ACTIVE_RESET = 1 << 14,	 /* tcp_send_active_reset */
	RW_PATH_V4_RESET = 1 << 15,	 /* tcp_v4_send_reset */
	RW_PATH_V6_RESET = 1 << 16,	 /* tcp_v6_send_reset */
	RW_PATH_TP_SEND_RESET = 1 << 17, /* tracepoint tcp_send_reset */
	RW_PATH_NF_V4 = 1 << 18,	 /* nf_send_reset */
	RW_PATH_NF_V6 = 1 << 19,	 /* nf_send_reset6 */
	RW_PATH_NF_SKB_V4 = 1 << 20,	 /* nf_reject_skb_v4_tcp_reset */
	RW_PATH_NF_SKB_V6 = 1 << 21,	 /* nf_reject_skb_v6_tcp_reset */
};
#define RW_PATH_BITS 22
/* Netfilter made it, not TCP */
#define RW_PATH_NETFILTER \
	(RW_PATH_NF_V4 | RW_PATH_NF_V6 | RW_PATH_NF_SKB_V4 | RW_PATH_NF_SKB_V6)

/* Facts that are either so or not so. */
enum rw_flag {
	RW_F_SK = 1 << 0,	      /* there was a socket (or minisock) */
	RW_F_DEAD = 1 << 1,	      /* SOCK_DEAD: no process holds it */
	RW_F_NEVER_ACCEPTED = 1 << 2, /* no struct socket was ever grafted */
	RW_F_LINGER = 1 << 3,	      /* SO_LINGER is on */
	RW_F_KEEPOPEN = 1 << 4,	      /* SO_KEEPALIVE is on */
	RW_F_REPAIR = 1 << 5,	      /* TCP_REPAIR is on */
	RW_F_LINGER2_NEG = 1 << 6,    /* TCP_LINGER2 below zero */
	RW_F_LOCK_OWNED = 1 << 7,     /* a task holds lock_sock(): no timer */
	RW_F_FIN_ACKED = 1 << 8,      /* snd_una == write_seq */
	RW_F_PROBES_OUT = 1 << 9,     /* keepalive probes or time used up */
	RW_F_MPTCP = 1 << 10,	      /* subflow that acts by MPTCP's rules */
	RW_F_ACTOR = 1 << 11,	      /* current made this happen: record it */
	RW_F_EXITING = 1 << 12,	      /* the actor was in do_exit() */
	RW_F_LINGER_WAIT = 1 << 13,   /* linger_wait_ms was measured */
	RW_F_TRIGGER = 1 << 14,	      /* a segment provoked this */
	RW_F_INFERRED = 1 << 15,      /* the deciding step was not seen */
	RW_F_SINCE_CLOSE = 1 << 16,   /* since_close_ms is known */
	RW_F_OWNER = 1 << 17,	      /* owner is known */
	RW_F_WILL_WAIT = 1 << 18,     /* SO_LINGER > 0: close() may wait */
	RW_F_REASON = 1 << 19,	      /* kernel_reason was given */
	RW_F_QUEUES = 1 << 20,	      /* unread, unsent, unacked were read */
	RW_F_IDLE_RX = 1 << 21,	      /* idle_rx was read */
	RW_F_IDLE_TX = 1 << 22,	      /* idle_tx was read */
	RW_F_TW = 1 << 23,	      /* the socket is a time-wait minisock */
	RW_F_USER_TIMEOUT = 1 << 24,  /* TCP_USER_TIMEOUT set and exceeded */
	RW_F_PEER_FIN = 1 << 25,      /* the peer's FIN had been received */
	RW_F_QUEUE_FULL = 1 << 27,    /* the listener's accept queue is full */
	RW_F_ASK_OWNER = 1
			 << 28, /* to be shown only if the owner is asked for */
	RW_F_OUTSIDER = 1 << 29, /* the actor is not the owner: ss -K */
	RW_F_HELD = 1 << 26,	 /* believed unless RW_KIND_RETRACT follows */
	RW_F_PREDATES = 1 << 30, /* the connection is older than rstwatch */
};

/*
 * The reasons of enum sk_rst_reason that decide anything. Their numbers differ
 * between kernels, so user space resolves them by name in the kernel's BTF.
 */
enum rw_reason {
	RW_REASON_OTHER,
	RW_REASON_TCP_FLAGS,   /* stray ACK to a listener */
	RW_REASON_INVALID_SYN, /* tcp_check_req() */
	RW_REASON_ABORT_ON_CLOSE,
	RW_REASON_ABORT_ON_LINGER,
	RW_REASON_ABORT_ON_MEMORY,
	RW_REASON_KEEPALIVE,
	RW_REASON_STATE,
	RW_REASON_MPTCP, /* any SK_RST_REASON_MPTCP_* */
	RW_REASON_MAX
};

/* Numbers of enum sk_rst_reason: 25 in 6.18, and room for those to come. */
#define RW_RAW_REASONS 128

/* TCP header flag bits, as in byte 13 of the header. */
#define RW_TH_FIN 0x01
#define RW_TH_SYN 0x02
#define RW_TH_RST 0x04
#define RW_TH_PSH 0x08
#define RW_TH_ACK 0x10
#define RW_TH_URG 0x20

/* What a received RST looks like; 0 where the segment was not seen. */
enum rw_rst_shape {
	RW_RST_SEEN = 1 << 0,
	RW_RST_ACK = 1 << 1,
	RW_RST_SEQ_ZERO = 1 << 2,
	RW_RST_TIMESTAMPS = 1 << 3,
	RW_RST_TIMESTAMPS_AGREED = 1 << 4, /* for this connection */
	/* Of an answer: a RST that may be injected ended the connection before */
	RW_RST_AFTER_SUSPECT = 1 << 5,
};

enum rw_order {
	RW_ORDER_NONE,
	RW_ORDER_FIRST,
	RW_ORDER_SECOND,
	RW_ORDER_SIMULTANEOUS
};

/* Bits of rw_evidence.exit */
#define RW_EXIT_SIGNAL 0x7f /* that ended the actor, 0: none */
#define RW_EXIT_OOM 0x80    /* SIGKILL came from the OOM killer */

/*
 * All that the verdict may look at, and all of it that is shown. Taken from
 * the socket before the kernel purges its queues and wipes its addresses.
 */
struct rw_evidence {
	__u32 path;	       /* enum rw_path bits */
	__u32 flags;	       /* enum rw_flag bits */
	__u8 kind;	       /* enum rw_kind */
	__u8 state;	       /* TCP state before the teardown began */
	__u8 state_now;	       /* TCP state when the kernel acted */
	__u8 reason;	       /* enum rw_reason */
	__u8 order;	       /* enum rw_order, FIN only */
	__u8 trigger;	       /* flags of the segment that provoked it */
	__u16 sk_err;	       /* errno left on the socket */
	__u16 sk_err_soft;     /* errno of the last soft error (ICMP) */
	__u16 deduced;	       /* enum rw_path bits that follow from the rest */
	__s16 kernel_reason;   /* raw enum sk_rst_reason */
	__u8 hops_established; /* hop limit of the handshake, 0: not known */
	__u8 hops_rst;	       /* of the RST received, 0: not known */
	__u32 trigger_payload; /* bytes */
	__u32 unread;	       /* bytes never read, FIN excluded */
	__u32 unsent;	       /* bytes queued, never sent */
	__u32 unacked;	       /* bytes sent, not acknowledged */
	__u32 linger;	       /* SO_LINGER time, jiffies */
	__u32 linger_wait_ms;  /* how long close() waited, ms */
	__u32 idle_rx;	       /* jiffies since data was last received */
	__u32 idle_tx;	       /* jiffies since data was last sent */
	__u32 retransmits;     /* segments, over the connection's life */
	__u16 rst_window;      /* of a received RST, as it is in the header */
	__u8 rst_shape;	       /* enum rw_rst_shape bits, of a received RST */
	__u8 exit;	       /* RW_EXIT_*, valid with RW_F_EXITING */
} RW_WORDS;
_Static_assert(sizeof(struct rw_evidence) == 64, "rw_evidence is ABI");

/* A task: who acted, or who owned. */
struct rw_task {
	__u32 pid; /* process (tgid), in the initial pid namespace */
	__u32 tid;
	__u32 uid;
	__u32 ns_pid; /* process, in its own pid namespace; 0: not known */
	char comm[RW_COMM_LEN];
} RW_WORDS;

/* A connection as its own end names it. IPv4 is stored in 4 bytes. */
struct rw_tuple {
	__u8 laddr[RW_ADDR_LEN]; /* network order */
	__u8 raddr[RW_ADDR_LEN];
	union {
		struct {
			__u16 lport; /* host order */
			__u16 rport; /* host order */
			__u32 netns; /* inode number */
		};
		__u64 tail; /* the three as one: tells most apart */
	};
} RW_WORDS;
_Static_assert(sizeof(struct rw_tuple) == 40, "rw_tuple is a map key");

enum rw_owner_source {
	RW_OWNER_NONE,
	RW_OWNER_CLOSE,
	RW_OWNER_CONNECT,
	RW_OWNER_ACCEPT,
	RW_OWNER_SCAN
};

struct rw_event {
	__u64 ktime_ns; /* CLOCK_MONOTONIC */
	__u64 sk;	/* address of the socket: joins records of one socket */
	__u64 cookie;	/* socket cookie, see docs/architecture.md */
	__u64 cgroup;	/* id of the socket's cgroup (v2), 0: not known */
	struct rw_tuple tuple;
	__u8 family;	   /* 4 or 6 */
	__u8 cause;	   /* enum rw_cause */
	__u8 owner_source; /* enum rw_owner_source */
	__u8 stacks;	   /* RW_STACK_*: those that go with it */
	__u32 since_close_ms;
	struct rw_evidence evidence;
	struct rw_task actor; /* valid with RW_F_ACTOR */
	struct rw_task owner; /* valid with RW_F_OWNER */
};
_Static_assert(sizeof(struct rw_event) == 208, "rw_event is ABI");

#define RW_STACK_KERNEL 1 /* bits of rw_config.stacks */
#define RW_STACK_USER 2
#define RW_KERNEL_FRAMES 64
#define RW_USER_FRAMES 64
#define RW_BUILD_ID_LEN 20

/* A place in a process, as the kernel names it: struct bpf_stack_build_id. */
struct rw_frame {
	__s32 status; /* enum bpf_stack_build_id_status */
	__u8 build_id[RW_BUILD_ID_LEN];
	__u64 offset; /* in the file of that build id, or an address */
};
_Static_assert(sizeof(struct rw_frame) == 32, "rw_frame is the kernel's");

/*
 * The stacks of an event. Goes through the ring directly before the event it
 * belongs to, and is told from one by its size. Return addresses, innermost
 * first.
 */
struct rw_stack {
	__u64 ktime_ns; /* with sk: which event */
	__u64 sk;
	__u32 pid;	    /* the process of the user stack */
	__s32 kernel_bytes; /* of kernel[], none if not above zero */
	__s32 user_bytes;   /* of user[], the same */
	__u32 pad;
	__u64 kernel[RW_KERNEL_FRAMES];
	struct rw_frame user[RW_USER_FRAMES];
};

/* A socket whose owner is looked for among the open files (bpf/owner.bpf.c). */
struct rw_wanted {
	__u16 lport;  /* host order; another socket at the same address has */
	__u16 rport;  /* other ports */
	__u32 likely; /* pid that is believed unless it has no such file; 0 */
	__u32 found;
	__u32 pad;
	struct rw_task owner;
};

/* One pass over the open files, and what it has to say. */
struct rw_search {
	__u32 first; /* file descriptor to begin with, in each process */
	__u32 more;  /* set: some process has files beyond this pass */
	__u32 sets;  /* not 0: record all owners, in a map of that size */
};

/* Counters per cause, in a per-CPU array: they never lose. */
struct rw_count {
	__u64 seen;	/* passed the filters */
	__u64 lost;	/* of these, the ring buffer had no room */
	__u64 lost_rst; /* of the lost, those that were resets */
};

/* RSTs that ended a minisock, by what it stood for; with --ttl. */
enum rw_minisock {
	RW_MINISOCK_TIME_WAIT,
	RW_MINISOCK_FIN_WAIT2,
	RW_MINISOCK_MAX
};

/* Bits of rw_config.port_filter */
#define RW_PORT_ANY 1
#define RW_PORT_LOCAL 2
#define RW_PORT_REMOTE 4

#define RW_PORT_WORDS 1024 /* of 64 bits: a set with a bit for each port */

/* Places of a set in the map of calls under way */
#define RW_CONTEXT_WAYS 4

/* What one CPU takes at a time of the map of connections that ended */
#define RW_ENDED_BLOCK 64

/*
 * Connections that ended in one chain, on average. Every end writes where its chain
 * begins, few are looked for: the beginnings had better stay in the processor's cache.
 */
#define RW_ENDED_CHAIN 4

/* Maps that can be too small, in the map map_full. */
enum rw_full {
	RW_FULL_ENDED,	  /* ended less than two minutes ago, and forgotten */
	RW_FULL_AUDITS,	  /* events of a netns that is in no comparison */
	RW_FULL_PIDS,	  /* descendants of the command that are not watched */
	RW_FULL_CONTEXTS, /* calls not followed to their end: context_place() */
	RW_FULL_DEATHS,	  /* ends whose owner is not named: see death_place() */
	RW_FULL_MAX
};

/* What user space tells the programs before they are loaded (.rodata). */
struct rw_config {
	__u64 cause_mask;  /* 1 << enum rw_cause; ~0: all */
	__u32 hz;	   /* jiffies a second */
	__u32 wake_at;	   /* bytes in the ring that wake the reader; 0: none */
	__u32 owner_sets;  /* size of the map owners, a power of two */
	__u32 ended_shift; /* 64 bits less this number one of ended_latest */
	__u32 context_shift;	/* the same a set of the map contexts */
	__u8 rst_only;		/* -r */
	__u8 family;		/* 0, 4 or 6 */
	__u8 filter_pid;	/* the map pids is consulted */
	__u8 port_filter;	/* RW_PORT_* */
	__s8 reason_arg_active; /* argument index of reason, -1: none */
	__s8 reason_arg_answer; /* the same for tcp_v4/v6_send_reset */
	__u8 reset_has_skb;	/* tcp_reset() has a skb argument (5.11+) */
	__u8 tp_has_reason; /* tcp_send_reset has a third argument (6.10+) */
	__u8 has_exit_hook; /* the return of __tcp_close is seen */
	__u8 follow;	  /* what the processes in pids fork belongs to them */
	__u8 accept_args; /* arguments of inet_csk_accept(), 2 or 4 */
	__u8 stacks;	  /* RW_STACK_*: what to take for each event */
	__u8 ttl;	  /* hop limits are looked at */
	__u32 stack_room; /* bytes in the ring that leave room for a stack */
	__u32 returns;	  /* so many calls at a time are seen to return */
	__u32 netns;	  /* inode number, 0: all */
	__u64 cgroup;	  /* id: only sockets in or below it; 0: all */
	__u32 cgroup_level; /* its depth, 0: the root */
	__u8 filter_comm;   /* comm is compared */
	__u8 net_family;    /* of --net: 0 (none), 4 or 6 */
	__u8 netns_cookies; /* SO_NETNS_COOKIE tells netns apart (5.14+) */
	__u8 can_cast;	    /* bpf_rdonly_cast() is there (6.2+) */
	__u8 identity; /* uid, ns_pid and cgroup are shown: else not read */
	__u8 filters;  /* any of those on address, netns, cgroup or task */
	__u32 net[4];  /* address as in rw_tuple, host bits cleared */
	__u32 net_mask[4];
	__u32 comm[4];			/* as bytes: the name and its NUL */
	__u32 comm_mask[4];		/* what counts of it */
	__u8 reason_of[RW_RAW_REASONS]; /* enum rw_reason, by raw number */
	__u8 has_state_reason;		/* RW_REASON_STATE is one of them */
};

#endif
