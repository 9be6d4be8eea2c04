/* SPDX-License-Identifier: GPL-2.0 */
/* The network namespaces of this host, and the kernel's TCP counters in each. */
#ifndef RSTWATCH_NETNS_COUNTERS_H
#define RSTWATCH_NETNS_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/mechanism.h"

/* Counters beside those that are compared. */
enum {
	NETNS_ABORT_FAILED = RW_COUNTER_MAX, /* TcpExt: TCPAbortFailed */
	NETNS_COUNTERS
};

struct netns {
	uint64_t cookie; /* tells netns with the same number apart; or 0 */
	uint32_t inode;
	bool entered; /* false: not permitted, or gone that moment */
};

/**
 * netns_visit() - go through every netns of the host
 * @inside: called from within each, in another thread than the caller's
 *
 * Those that a process lives in, and those under /run/netns. One that only an
 * open file keeps alive is not found. None is kept alive by this.
 *
 * Return: 0, or a negative errno when nothing could be visited.
 */
int netns_visit(void (*inside)(void *context, const struct netns *netns),
		void *context);

/* netns_has_cookies() - does the kernel tell them apart by SO_NETNS_COOKIE? */
bool netns_has_cookies(void);

/*
 * netns_counters() - those of the netns the calling thread is in
 *
 * Return: 0, or a negative errno.
 */
int netns_counters(uint64_t values[NETNS_COUNTERS]);

/* netns_counter_name() - as it stands in /proc/net/snmp or netstat */
const char *netns_counter_name(unsigned int counter);

#endif
