// SPDX-License-Identifier: GPL-2.0
/* The table of all cases, and how one is played. */
#include "case.h"
#include "demo.h"
#include "harness.h"

#include <string.h>
#include <unistd.h>

static const struct demo_case *const groups[] = {
	close_cases,   unread_cases,   linger_cases, port_cases,
	process_cases, listener_cases, answer_cases, connect_cases,
	timeout_cases, finwait_cases,  admin_cases,  raw_cases,
	mptcp_cases,   firewall_cases,
};

#define NGROUPS (sizeof(groups) / sizeof(groups[0]))

static size_t group_of(const struct demo_case *c)
{
	for (size_t i = 0; i < NGROUPS; i++)
		for (const struct demo_case *m = groups[i]; m->name; m++)
			if (m == c)
				return i;
	return NGROUPS;
}

const struct demo_case *next_case(const struct demo_case *c)
{
	size_t group;

	if (!c)
		return groups[0];
	group = group_of(c);
	if (c[1].name)
		return c + 1;
	return group + 1 < NGROUPS ? groups[group + 1] : NULL;
}

const struct demo_case *find_case(const char *name)
{
	const struct demo_case *c = NULL;

	while ((c = next_case(c)))
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static void play_both_ends(struct demo *d)
{
	struct pair p = connect_pair(d);

	if (d->c->prepare)
		d->c->prepare(d, p.server);
	d->c->act(d, p.client);
	d->c->observe(d, p.server);
}

static void play_client_end(struct demo *d)
{
	if (!d->c->act)
		skip(d, "it has no client half of its own");
	d->c->act(d, connect_to(d, d->server, "client"));
}

enum result play(struct demo *d)
{
	if (d->c->needs_root && geteuid() != 0)
		skip(d, "needs root");
	if (d->server)
		play_client_end(d);
	else if (d->c->run)
		d->c->run(d);
	else
		play_both_ends(d);
	return report(d, result_of(d), NULL);
}
