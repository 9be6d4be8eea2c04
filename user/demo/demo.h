/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One case while it runs: what it checked on its own sockets, which TCP
 * endpoints it made, and which teardown events a complete observer must report
 * for each of them.
 */
#ifndef RSTDEMO_DEMO_H
#define RSTDEMO_DEMO_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

#define MAX_CHECKS 48
#define MAX_ENDS 16
#define MAX_EVENTS 4

struct demo_case;

/* A TCP address of either family. */
union addr {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* Who made a teardown; a null pointer means the kernel by itself. */
struct actor {
	pid_t pid;
	bool exiting;
	const char *signal; /* "SIGKILL", or NULL */
};

/* One event that must be reported, in the words of the JSON contract. */
struct event {
	const char *verdict;
	const char *direction;
	const char *cause;
	unsigned int number; /* order of all events of the case */
	char more[512]; /* further JSON members, each with a comma before */
	size_t more_len;
};

/* One end of a connection, or the address a RST was sent from. */
struct end {
	const char *role;
	int fd; /* -1 once closed, or when there never was one */
	union addr local;
	union addr remote;
	struct event events[MAX_EVENTS];
	size_t nevents;
};

struct check {
	char what[160];
	bool ok;
};

struct demo {
	const struct demo_case *c;
	int family;   /* AF_INET or AF_INET6 */
	int protocol; /* of new sockets: 0 or IPPROTO_MPTCP */
	bool json;
	const union addr *server; /* --connect: the listener elsewhere */
	union addr home; /* of new sockets; family 0: the loopback address */
	bool in_helper;	 /* this process is not the one that reports */
	struct check checks[MAX_CHECKS];
	size_t nchecks;
	struct end ends[MAX_ENDS];
	size_t nends;
	unsigned int nevents;
};

/* Also the exit status of a case's process. */
enum result {
	RESULT_OK,
	RESULT_FAILED,
	RESULT_SKIPPED,
	RESULT_UNREPORTED, /* standard output does not take the report */
};

/* result.c: record what was seen and what must be reported */

/** check - note that @ok is what the case promised; @what says it in words. */
void check(struct demo *d, bool ok, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

/** give_up - end the case as failed at once. Does not return. */
_Noreturn void give_up(struct demo *d, const char *why, ...)
	__attribute__((format(printf, 2, 3)));

/** skip - end the case as one that cannot run here. Does not return. */
_Noreturn void skip(struct demo *d, const char *why, ...)
	__attribute__((format(printf, 2, 3)));

/** result_of - the verdict of the checks made so far. */
enum result result_of(const struct demo *d);

/** new_end - a place for one more endpoint, without socket or addresses. */
struct end *new_end(struct demo *d, const char *role);

/**
 * new_address - an endpoint that is only an address: nothing listens there, or
 * the kernel answers for it.
 */
struct end *new_address(struct demo *d, const char *role,
			const union addr *local, const union addr *remote);

/** me - the calling process as the one that tears down. */
struct actor me(void);

/*
 * The events. @state is the socket's state before the teardown and may be NULL
 * where the contract leaves it open; @by is NULL when the kernel acted alone.
 */
struct event *expect_fin(struct demo *d, struct end *end, const char *cause,
			 const char *state, const char *order,
			 const struct actor *by);
struct event *expect_rst(struct demo *d, struct end *end, const char *cause,
			 const char *state, const struct actor *by);
struct event *expect_received(struct demo *d, struct end *end,
			      const char *cause, const char *state);
struct event *expect_silent(struct demo *d, struct end *end, const char *cause,
			    const char *state, const struct actor *by);

/* Further fields of an event. */
void with_number(struct event *ev, const char *key, long value);
void with_null(struct event *ev, const char *key);
void with_range(struct event *ev, const char *key, long min, long max);
/** with_provocation - the RST answers a segment of @payload bytes. */
void with_provocation(struct event *ev, unsigned int payload);
/** with_made_by - what the shape of a received RST says. */
void with_made_by(struct event *ev, const char *made_by);
/** with_owner - the process that held the socket. */
void with_owner(struct event *ev, pid_t pid);

/* report.c */

/**
 * report - print the finished case, as text or as one line of JSON. Returns
 * @result, or RESULT_UNREPORTED when it cannot be written.
 */
enum result report(const struct demo *d, enum result result,
		   const char *reason);

#endif
