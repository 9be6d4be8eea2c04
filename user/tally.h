/* SPDX-License-Identifier: GPL-2.0 */
/*
 * --summary and --interval: events added up by cause and process, and by remote
 * address. Memory is bounded, whatever comes: what finds no row of its own is in
 * the sums, and a report has it under others.
 */
#ifndef RSTWATCH_TALLY_H
#define RSTWATCH_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/event.h"

#define TALLY_ROWS 1024	  /* pairs of cause and process name told apart */
#define TALLY_REMOTES 256 /* remote addresses followed at a time */
#define REPORT_ROWS 20	  /* of these, in a report: the largest */
#define REPORT_REMOTES 10

/* Sums over events. */
struct tally_sums {
	uint64_t events;
	uint64_t fin;
	uint64_t rst_sent;
	uint64_t rst_received;
	uint64_t silent;
	uint64_t unread; /* bytes */
	uint64_t unsent; /* bytes */
};

/* One cause and the processes of one name. */
struct tally_row {
	uint8_t cause;		/* enum rw_cause */
	bool known;		/* else no process is */
	char comm[RW_COMM_LEN]; /* ends at a NUL or is full */
	uint32_t pid;		/* 0: several */
	struct tally_sums sums;
};

/* A remote address. Which ones are followed is decided as they come. */
struct tally_remote {
	uint8_t family; /* 4 or 6 */
	uint8_t address[RW_ADDR_LEN];
	uint64_t events;
	uint64_t resets;
	uint64_t over; /* events may be too many by so many, no more */
};

/* What a sink prints. */
struct report {
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
	uint64_t end_ns;
	struct tally_sums sums; /* of what was not lost */
	uint64_t held;		/* of these, not shown because of --limit */
	uint64_t lost;		/* events, not in the sums */
	uint64_t lost_rst;	/* of the lost, resets */
	struct rw_count counts[RW_CAUSE_MAX]; /* seen: with the lost ones */
	struct tally_row rows[REPORT_ROWS];   /* by events, falling */
	size_t n_rows;
	struct tally_sums others; /* what is in no row, the lost ones too */
	struct tally_remote remotes[REPORT_REMOTES]; /* by events, falling */
	size_t n_remotes;
};

struct tally;

/* tally_new() - @begin_ns: CLOCK_MONOTONIC. Return: NULL without memory */
struct tally *tally_new(uint64_t begin_ns);

void tally_free(struct tally *tally);

/* tally_add() - one event; @held: it was not shown because of --limit */
void tally_add(struct tally *tally, const struct rw_event *event, bool held);

/**
 * tally_report() - what has been added up since the last restart
 * @lost: for each cause, what the ring buffer has lost since the run began
 */
void tally_report(const struct tally *tally, uint64_t end_ns,
		  const struct rw_count *lost, struct report *report);

/* tally_restart() - forget it all; @lost as in tally_report() */
void tally_restart(struct tally *tally, uint64_t begin_ns,
		   const struct rw_count *lost);

/**
 * report_ratio() - FINs for each reset, in hundredths
 *
 * Return: false when there was no reset.
 */
bool report_ratio(const struct report *report, uint64_t *hundredths);

#endif
