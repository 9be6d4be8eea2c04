// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include "bpf/mechanism.h"
#include "hooks.h"

/* What only a hook on the receipt of a RST tells. */
#define RECEIVED                                           \
	(LOST_CAUSE(REFUSED) | LOST_CAUSE(RESET_BY_PEER) | \
	 LOST_CAUSE(RESET_AFTER_FIN))

#define COUNTER(name) (1 << RW_COUNTER_##name)

/* The kernel's counters that rise where only some hooks see why. */
#define REQUESTS (COUNTER(EMBRYONIC_RSTS) | COUNTER(ATTEMPT_FAILS))
#define ANSWERS (COUNTER(OUT_RSTS) | COUNTER(ON_DATA) | REQUESTS)
#define RECEIPTS (COUNTER(ON_DATA) | COUNTER(ATTEMPT_FAILS))
#define SILENT \
	(COUNTER(ON_TIMEOUT) | COUNTER(ON_MEMORY) | COUNTER(ATTEMPT_FAILS))

#define HOPS_LOST "suspect_injected is null: no hop limit is seen"
#define MINISOCKS_LOST "RSTs that end a TIME_WAIT entry are not counted"

/* The last arguments: causes, evidence, counters that are lost. */
#define HOOK(fn, at, text, ...)                                   \
	{                                                         \
		.program = "on_" fn, .function = fn, .probe = fn, \
		.lost = text, .when = at, ##__VA_ARGS__           \
	}
#define EXIT_HOOK(fn, at, text, ...)                                           \
	{                                                                      \
		.program = "on_exit_" fn, .function = fn,                      \
		.probe = fn "%return", .lost = text, .when = at, ##__VA_ARGS__ \
	}

const struct hook function_hooks[] = {
	HOOK("__tcp_close", HOOK_ALWAYS,
	     "unread bytes are counted before the socket lock",
	     .evidence = "exact unread_bytes"),
	HOOK("tcp_close", HOOK_FALLBACK, NULL),
	EXIT_HOOK("__tcp_close", HOOK_EXIT, "linger_waited_ms is unknown",
		  .evidence = "linger_waited_ms"),
	HOOK("tcp_disconnect", HOOK_ALWAYS, NULL),
	HOOK("tcp_send_active_reset", HOOK_ALWAYS, NULL),
	HOOK("tcp_v4_send_reset", HOOK_ALWAYS,
	     "resets that answer an IPv4 segment are not seen",
	     .evidence = "resets that answer IPv4", .counters = ANSWERS),
	HOOK("tcp_v6_send_reset", HOOK_ALWAYS,
	     "resets that answer an IPv6 segment are not seen",
	     .evidence = "resets that answer IPv6", .counters = ANSWERS),
	HOOK("tcp_reset", HOOK_ALWAYS, "received resets are not seen",
	     .causes = RECEIVED, .counters = RECEIPTS),
	HOOK("tcp_abort", HOOK_ALWAYS, "socket-destroyed reads as unknown",
	     .causes = LOST_CAUSE(SOCKET_DESTROYED)),
	HOOK("inet_csk_listen_stop", HOOK_ALWAYS,
	     "listener-closed has no actor",
	     .evidence = "actor of listener-closed"),
	HOOK("inet_child_forget", HOOK_ALWAYS, "listener-closed has no actor",
	     .evidence = "actor of listener-closed"),
	HOOK("tcp_check_req", HOOK_ALWAYS,
	     "reset-in-handshake is not seen; before 6.10 accept-overflow "
	     "reads as handshake",
	     .causes = LOST_CAUSE(RESET_IN_HANDSHAKE), .counters = REQUESTS),
	HOOK("mptcp_subflow_reset", HOOK_ALWAYS,
	     "mptcp-subflow reads as mptcp-fastclose",
	     .causes = LOST_CAUSE(MPTCP_SUBFLOW)),
	HOOK("tcp_connect", HOOK_FOR_OWNERS,
	     "who connected a socket is found by search alone",
	     .evidence = "some owners"),
	EXIT_HOOK("inet_csk_accept", HOOK_FOR_OWNERS,
		  "who accepted a socket is found by search alone",
		  .evidence = "some owners"),
	HOOK("tcp_init_transfer", HOOK_FOR_HOPS, HOPS_LOST,
	     .evidence = "suspect_injected"),
	HOOK("tcp_timewait_state_process", HOOK_FOR_TTL, MINISOCKS_LOST,
	     .evidence = "minisock_resets"),
	HOOK("tcp_shutdown", HOOK_UNLESS_RST_ONLY, "shutdown reads as close",
	     .causes = LOST_CAUSE(SHUTDOWN)),
	HOOK("inet_shutdown", HOOK_UNLESS_RST_ONLY,
	     "a connection attempt that is shut down reads as disconnect",
	     .evidence = "shutdown of a connection attempt"),
	HOOK("tcp_send_fin", HOOK_UNLESS_RST_ONLY, "FINs are not seen",
	     .causes = LOST_CAUSE(CLOSE) | LOST_CAUSE(SHUTDOWN)),
	HOOK("tcp_done", HOOK_SILENT,
	     "timed-out, unreachable and silent user-timeout are not seen",
	     .causes = LOST_CAUSE(TIMED_OUT) | LOST_CAUSE(UNREACHABLE),
	     .evidence = "silent user-timeout", .counters = SILENT),
	{},
};

const struct hook tracepoint_hooks[] = {
	HOOK("sock_release", HOOK_RELEASE, NULL),
	HOOK("inet_sock_set_state", HOOK_UNLESS_RELEASE, NULL,
	     .counters = SILENT),
	HOOK("tcp_send_reset", HOOK_ALWAYS, NULL),
	HOOK("tcp_receive_reset", HOOK_ALWAYS, "received resets are not seen",
	     .causes = RECEIVED, .counters = RECEIPTS),
	HOOK("tcp_destroy_sock", HOOK_UNLESS_RELEASE,
	     "the owner of a connection that the peer or the kernel ended is "
	     "found by search alone",
	     .evidence = "some owners"),
	{},
};

const struct hook follow_hooks[] = {
	HOOK("sched_process_fork", HOOK_ALWAYS, NULL),
	HOOK("sched_process_free", HOOK_ALWAYS,
	     "a pid that is used again may pass for a process of the command",
	     .evidence = "which processes of the command have ended"),
	{},
};

const struct limit no_limits[] = { {} };

#define FUNCTION_FLAVOUR "the flavour fentry or kprobe"

const struct limit kprobe_limits[] = {
	{ "kprobes",
	  "one that is hit inside another on the same CPU is missed, "
	  "rarely",
	  .back = "the flavour fentry", .evidence = "" },
	{ "__tcp_close%return",
	  "of many closes that wait at once linger_waited_ms is unknown",
	  .back = "the flavour fentry", .evidence = "" },
	{},
};

const struct limit tracepoint_limits[] = {
	{ "__tcp_close",
	  "linger_waited_ms is unknown, and since_close_ms of a "
	  "segment that crosses the close in the same instant",
	  .back = FUNCTION_FLAVOUR, .evidence = "linger_waited_ms" },
	{ "tcp_connect",
	  "the owner of a connection that the peer or the kernel ended is "
	  "found by search, or told by the close",
	  .back = FUNCTION_FLAVOUR, .evidence = "some owners" },
	{ "inet_csk_listen_stop",
	  "listener-closed has no actor where the listener was shut down or "
	  "destroyed, not closed",
	  .with_release = true, .back = "watching without -r",
	  .evidence = "actor of listener-closed by shutdown" },
	{ "inet_sock_set_state",
	  "whose late segments are is unknown of attempts that "
	  "connect(AF_UNSPEC) or shutdown() gave up, of MPTCP and of the "
	  "kernel's own sockets",
	  .with_release = true, .back = "watching without -r",
	  .evidence = "some owners" },
	{ "tcp_check_req", "reset-in-handshake is not seen",
	  .back = FUNCTION_FLAVOUR, .causes = LOST_CAUSE(RESET_IN_HANDSHAKE),
	  .counters = REQUESTS },
	{ "tcp_reset", "rst is null: the segment is not shown",
	  .back = FUNCTION_FLAVOUR, .evidence = "rst" },
	{ "tcp_init_transfer", HOPS_LOST, .with_ttl = true,
	  .back = FUNCTION_FLAVOUR, .evidence = "suspect_injected" },
	{ "tcp_timewait_state_process", MINISOCKS_LOST, .with_ttl = true,
	  .back = FUNCTION_FLAVOUR, .evidence = "minisock_resets" },
	{ "nf_send_reset", "firewall is not seen", .back = FUNCTION_FLAVOUR,
	  .causes = LOST_CAUSE(FIREWALL) },
	{ "tcp_v4_send_reset",
	  "before 6.10 answers without a full socket are not seen: "
	  "no-listener, connect-abandoned, no-socket, and data-after-close "
	  "from a minisock",
	  .without_reason = true,
	  .back = "kernel 6.10 or newer, or " FUNCTION_FLAVOUR,
	  .causes = LOST_CAUSE(NO_LISTENER) | LOST_CAUSE(CONNECT_ABANDONED) |
		    LOST_CAUSE(NO_SOCKET),
	  .evidence = "some data-after-close", .counters = COUNTER(OUT_RSTS) },
	{},
};
