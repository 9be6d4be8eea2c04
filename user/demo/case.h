/* SPDX-License-Identifier: GPL-2.0 */
/* What a case is, and the table of all of them. */
#ifndef RSTDEMO_CASE_H
#define RSTDEMO_CASE_H

#include "demo.h"

#include <stdbool.h>

/*
 * A case has either run(), which plays both ends, or act(): then the harness
 * makes the connection, calls prepare() for the server, act() for the client
 * and observe() for the server. With --connect only act() runs.
 */
struct demo_case {
	const char *name;
	const char *sentence;
	const char *calls; /* what is called, in order */
	const char *peer_sees;
	const char *causes; /* expected cause on each side */
	bool needs_root;
	bool changes_sysctl;
	void (*run)(struct demo *d);
	void (*prepare)(struct demo *d, struct end *server);
	void (*act)(struct demo *d, struct end *client);
	void (*observe)(struct demo *d, struct end *server);
};

/* Each group ends with an entry without a name. */
extern const struct demo_case close_cases[];
extern const struct demo_case unread_cases[];
extern const struct demo_case linger_cases[];
extern const struct demo_case port_cases[];
extern const struct demo_case process_cases[];
extern const struct demo_case listener_cases[];
extern const struct demo_case answer_cases[];
extern const struct demo_case connect_cases[];
extern const struct demo_case timeout_cases[];
extern const struct demo_case finwait_cases[];
extern const struct demo_case admin_cases[];
extern const struct demo_case raw_cases[];
extern const struct demo_case mptcp_cases[];
extern const struct demo_case firewall_cases[];

/** next_case - the case after @c in the table, the first one for NULL. */
const struct demo_case *next_case(const struct demo_case *c);

/** find_case - the case called @name, or NULL. */
const struct demo_case *find_case(const char *name);

/** play - run one case to its end and report it. */
enum result play(struct demo *d);

#endif
