// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include "hooks.h"

#define HOOK(fn, when, lost)             \
	{                                \
		"on_" fn, fn, lost, when \
	}

const struct hook function_hooks[] = {
	HOOK("__tcp_close", HOOK_ALWAYS,
	     "unread bytes are counted before the socket lock"),
	HOOK("tcp_close", HOOK_FALLBACK, NULL),
	{ "on_exit___tcp_close", "__tcp_close", "linger_waited_ms is unknown",
	  HOOK_EXIT },
	HOOK("tcp_disconnect", HOOK_ALWAYS, NULL),
	HOOK("tcp_send_active_reset", HOOK_ALWAYS, NULL),
	HOOK("tcp_v4_send_reset", HOOK_ALWAYS,
	     "resets that answer an IPv4 segment are not seen"),
	HOOK("tcp_v6_send_reset", HOOK_ALWAYS,
	     "resets that answer an IPv6 segment are not seen"),
	HOOK("tcp_reset", HOOK_ALWAYS, "received resets are not seen"),
	HOOK("tcp_abort", HOOK_ALWAYS, "socket-destroyed reads as unknown"),
	HOOK("inet_csk_listen_stop", HOOK_ALWAYS,
	     "listener-closed has no actor"),
	HOOK("inet_child_forget", HOOK_ALWAYS, "listener-closed has no actor"),
	HOOK("tcp_check_req", HOOK_ALWAYS,
	     "reset-in-handshake is not seen; before 6.10 accept-overflow "
	     "reads as handshake"),
	HOOK("mptcp_subflow_reset", HOOK_ALWAYS,
	     "mptcp-subflow reads as mptcp-fastclose"),
	HOOK("tcp_shutdown", HOOK_UNLESS_RST_ONLY, "shutdown reads as close"),
	HOOK("inet_shutdown", HOOK_UNLESS_RST_ONLY,
	     "a connection attempt that is shut down reads as disconnect"),
	HOOK("tcp_send_fin", HOOK_UNLESS_RST_ONLY, "FINs are not seen"),
	HOOK("tcp_fin", HOOK_UNLESS_RST_ONLY, "simultaneous reads as first"),
	HOOK("tcp_done", HOOK_UNLESS_RST_ONLY,
	     "timed-out, unreachable and silent user-timeout are not seen"),
	{},
};

const struct hook tracepoint_hooks[] = {
	HOOK("inet_sock_set_state", HOOK_ALWAYS, NULL),
	HOOK("tcp_send_reset", HOOK_ALWAYS, NULL),
	HOOK("tcp_receive_reset", HOOK_ALWAYS, "received resets are not seen"),
	HOOK("tcp_destroy_sock", HOOK_ALWAYS,
	     "the owner of a connection that the peer or the kernel ended is "
	     "found by search alone"),
	{},
};

const struct hook follow_hooks[] = {
	HOOK("sched_process_fork", HOOK_ALWAYS, NULL),
	HOOK("sched_process_free", HOOK_ALWAYS,
	     "a pid that is used again may pass for a process of the command"),
	{},
};

const struct limit no_limits[] = { {} };

const struct limit kprobe_limits[] = {
	{ "kprobes",
	  "one that is hit inside another on the same CPU is missed, "
	  "rarely",
	  false },
	{},
};

const struct limit tracepoint_limits[] = {
	{ "__tcp_close",
	  "linger_waited_ms is unknown, and since_close_ms of a "
	  "segment that crosses the close in the same instant",
	  false },
	{ "tcp_check_req", "reset-in-handshake is not seen", false },
	{ "nf_send_reset", "firewall is not seen", false },
	{ "tcp_v4_send_reset",
	  "before 6.10 answers without a full socket are not seen: "
	  "no-listener, connect-abandoned, no-socket, and data-after-close "
	  "from a minisock",
	  true },
	{},
};
