/* SPDX-License-Identifier: GPL-2.0 */
/* Network namespaces by inode number and by name. */
#ifndef RSTWATCH_NETNS_H
#define RSTWATCH_NETNS_H

#include <stdint.h>

/**
 * netns_name() - what a network namespace is called under /run/netns
 * @inode: its number, as in struct rw_tuple
 *
 * Numbers are used again soon, and names change: what was read of the directory
 * is believed until netns_expire(), and after that as long as the directory has
 * not changed, a second at the most.
 *
 * Return: valid until netns_expire(); NULL when it has no name.
 */
const char *netns_name(uint32_t inode);

/* netns_expire() - before its next answer netns_name() looks again */
void netns_expire(void);

/*
 * netns_version() - changes when a name may have changed; looks again if it is
 * time to
 */
uint32_t netns_version(void);

/**
 * netns_find() - the network namespace the user means
 * @what: a name under /run/netns, a path such as /proc/PID/ns/net, or a number
 *
 * Return: 0; -ENOENT: there is none; -EINVAL: that is something else; another
 * negative errno.
 */
int netns_find(const char *what, uint32_t *inode);

#endif
