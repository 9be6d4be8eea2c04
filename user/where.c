// SPDX-License-Identifier: GPL-2.0
/* The places the options name: see where.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cgroup.h"
#include "netns.h"
#include "text.h"
#include "where.h"

#define SHOWN_MAX 256 /* of what the user typed */

static int refuse(const char *option, const char *typed, const char *why)
{
	char shown[SHOWN_MAX + 1] = "";

	text_printable(shown, typed, SHOWN_MAX);
	fprintf(stderr, "rstwatch: %s '%s': %s\n", option, shown, why);
	return OPTIONS_USAGE;
}

static int find_netns(struct options *o)
{
	int err = netns_find(o->netns, &o->netns_inode);

	if (!err)
		return OPTIONS_RUN;
	if (err == -ENOENT)
		return refuse("--netns", o->netns,
			      "there is no such network namespace");
	if (err == -EINVAL)
		return refuse("--netns", o->netns,
			      "that is no network namespace");
	return refuse("--netns", o->netns, strerror(-err));
}

static int find_cgroup(struct options *o)
{
	int err = cgroup_find(o->cgroup, &o->cgroup_id, &o->cgroup_level);

	switch (err) {
	case 0:
		return OPTIONS_RUN;
	case -ENOENT:
		return refuse("--cgroup", o->cgroup,
			      "there is no such cgroup (version 2)");
	case -ENODEV:
		refuse("--cgroup", o->cgroup,
		       "no cgroup2 file system is mounted here");
		return EX_UNAVAILABLE;
	case -EXDEV:
		refuse("--cgroup", o->cgroup,
		       "not possible in a cgroup namespace of its own");
		return EX_UNAVAILABLE;
	default:
		return refuse("--cgroup", o->cgroup, strerror(-err));
	}
}

int where_find(struct options *o)
{
	int status = OPTIONS_RUN;

	if (o->read) /* the names are those of the recording's host */
		return OPTIONS_RUN;
	if (o->netns)
		status = find_netns(o);
	if (status == OPTIONS_RUN && o->cgroup)
		status = find_cgroup(o);
	return status;
}
