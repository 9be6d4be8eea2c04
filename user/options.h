/* SPDX-License-Identifier: GPL-2.0 */
/* The command line of rstwatch. */
#ifndef RSTWATCH_OPTIONS_H
#define RSTWATCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cidr.h"

#ifndef RSTWATCH_VERSION
#define RSTWATCH_VERSION "0.1.0"
#endif

#define OPTIONS_RUN (-1) /* nothing to exit for: go on */
#define OPTIONS_USAGE 64 /* EX_USAGE of sysexits.h */
#define OPTIONS_LIST_MAX 64
#define OPTIONS_LIMIT_AUTO UINT32_MAX /* for a table on a terminal alone */
#define OPTIONS_KEEP_ALL UINT32_MAX

enum time_column { TIME_NONE, TIME_WALL, TIME_RELATIVE };

enum backend {
	BACKEND_AUTO,
	BACKEND_FENTRY,
	BACKEND_KPROBE,
	BACKEND_TRACEPOINT
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* A list option; given twice, it grows. */
struct number_list {
	uint32_t values[OPTIONS_LIST_MAX];
	size_t n;
};

struct options {
	bool json;
	bool rst_only;
	bool wide;
	bool verbose;
	bool check;   /* print what this kernel offers, and leave */
	bool dry_run; /* load and attach, and leave */
	bool debug;   /* libbpf's log */
	bool community_id;
	unsigned int stacks; /* RW_STACK_*: --stack */
	uint8_t family;	     /* 0: both, 4 or 6 */
	bool ttl;	     /* compare hop limits */
	struct cidr net;     /* either address; family 0: all */
	struct number_list pids;
	struct number_list ports;  /* either side */
	struct number_list lports; /* local */
	struct number_list rports; /* remote */
	const char *comm;	   /* NULL: all */
	const char *netns;	   /* as the user wrote it; NULL: all */
	const char *cgroup;	   /* the same */
	uint32_t netns_inode;	   /* what that is: where_find() */
	uint32_t cgroup_level;	   /* depth, 0: the root */
	uint64_t cgroup_id;
	uint64_t cause_mask;   /* 1 << enum rw_cause; ~0: all */
	uint64_t count;	       /* events to print; 0: no limit */
	uint64_t duration_ms;  /* 0: no limit */
	uint64_t remember;     /* connections that ended, a power of two */
	uint64_t buffer_bytes; /* a power of two, a page at least */
	bool print;	       /* show events although they are recorded */
	const char *write;     /* recording to write, "-": stdout; or NULL */
	const char *read;      /* recording to read, "-": stdin; or NULL */
	uint64_t rotate_bytes; /* of one file; 0: no limit */
	uint32_t rotate_keep;  /* older files, OPTIONS_KEEP_ALL */
	enum time_column time;
	enum backend backend;
	enum color_when color;
	bool audit;	      /* an unexplained difference is an error */
	bool summary;	      /* add up, print at the end and on USR1 */
	uint64_t interval_ms; /* add up and print so often; 0: events */
	uint32_t limit;	      /* events a second, 0: all */
	const char *output;   /* FILE; NULL: stdout, with a command stderr */
	uint64_t fail_mask;   /* 1 << enum rw_cause */
	bool fail_on_rst;     /* any reset, whatever its cause */
	bool as_user;	      /* the command runs as who called sudo */
	char *const *command; /* its arguments, the last NULL; NULL: none */
	const char *btf;      /* file; NULL: the kernel's own BTF */
};

/* options_fail() - whether --fail-on was given */
static inline bool options_fail(const struct options *options)
{
	return options->fail_mask || options->fail_on_rst;
}

/**
 * options_parse() - read the command line
 * @options: filled in, with the defaults where nothing was said; points into @argv
 *
 * What is wrong is said in exactly one line on stderr, the answer to --help
 * and --version on stdout.
 *
 * Return: OPTIONS_RUN to go on, else the status to exit with: 0 after --help
 * or --version (1 when stdout could not take it), OPTIONS_USAGE.
 */
int options_parse(struct options *options, int argc, char **argv);

#endif
