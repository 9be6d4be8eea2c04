// SPDX-License-Identifier: GPL-2.0
/* rstdemo: one TCP teardown after the other, each with its known cause. */
#include "case.h"
#include "demo.h"
#include "runner.h"

#include <argp.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#ifndef RSTWATCH_VERSION
#define RSTWATCH_VERSION "0.1.0"
#endif

#define MAX_NAMES 256

const char *argp_program_version = "rstdemo " RSTWATCH_VERSION;

enum { OPTION_JSON = 256, OPTION_CONNECT };

struct options {
	bool json;
	bool ipv6;
	bool verbose;
	const char *connect;
	const char *words[MAX_NAMES]; /* the command and its arguments */
	int nwords;
};

static const struct argp_option option_table[] = {
	{ "json", OPTION_JSON, NULL, 0,
	  "one JSON object per case: checks, endpoints, expected events", 0 },
	{ NULL, '6', NULL, 0, "use ::1 instead of 127.0.0.1", 0 },
	{ "connect", OPTION_CONNECT, "HOST:PORT", 0,
	  "client half only, against any listener such as nc -l", 0 },
	{ "verbose", 'v', NULL, 0,
	  "list: also the calls, what the peer sees, the expected causes", 0 },
	{ 0 },
};

static _Noreturn void usage_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static _Noreturn void usage_error(const char *format, ...)
{
	va_list args;

	fputs("rstdemo: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EX_USAGE);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		/* getopt's own line is enough, without "Try ... --help". */
		state->err_stream = NULL;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case '6':
		o->ipv6 = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case OPTION_CONNECT:
		o->connect = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->nwords == MAX_NAMES)
			usage_error("too many arguments");
		o->words[o->nwords++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse,
	.args_doc = "list\nrun all|CASE...",
	.doc = "Make TCP teardowns over loopback, each with one known cause.\v"
	       "Exit status: 0 every case that ran behaved as described, "
	       "1 a case failed, 64 usage error.",
};

static void put_verbose(const struct demo_case *c)
{
	printf("  calls      %s\n  peer sees  %s\n  causes     %s\n", c->calls,
	       c->peer_sees, c->causes);
	if (c->needs_root)
		puts("  needs root");
}

static int list(const struct options *o)
{
	const struct demo_case *c = NULL;

	if (o->nwords > 1)
		usage_error("list takes no argument, got '%s'", o->words[1]);
	while ((c = next_case(c))) {
		printf("%-24s  %s\n", c->name, c->sentence);
		if (o->verbose)
			put_verbose(c);
	}
	return EXIT_SUCCESS;
}

/* Splits at the last colon; brackets around an IPv6 address are dropped. */
static void resolve(const struct options *o, union addr *to)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM,
				 .ai_family = o->ipv6 ? AF_INET6 : AF_UNSPEC };
	char *host = strdup(o->connect);
	char *colon = host ? strrchr(host, ':') : NULL;
	struct addrinfo *found;
	size_t len;

	if (!colon || colon == host || !colon[1] ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    atol(colon + 1) < 1 || atol(colon + 1) > 65535)
		usage_error("--connect wants HOST:PORT, got '%s'", o->connect);
	*colon = '\0';
	len = strlen(host);
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		memmove(host, host + 1, len - 1);
	}
	if (getaddrinfo(host, colon + 1, &want, &found))
		usage_error("--connect: no address for '%s'", host);
	if (found->ai_addrlen > sizeof(*to))
		usage_error("--connect: '%s' has no IP address", host);
	memcpy(to, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	free(host);
}

/* Every name is checked before the first case runs. */
static void check_names(const struct options *o)
{
	for (int i = 1; i < o->nwords; i++) {
		const struct demo_case *c = find_case(o->words[i]);

		if (!strcmp(o->words[i], "all"))
			continue;
		if (!c)
			usage_error("no case is called '%s' (see rstdemo list)",
				    o->words[i]);
		if (o->connect && !c->act)
			usage_error(
				"case '%s' has no client half for --connect",
				c->name);
	}
}

/* What the selected cases came to. */
struct tally {
	int count[RESULT_UNREPORTED + 1];
	int signal; /* asks us to end */
};

static bool run_one(const struct options *o, const struct demo_case *c,
		    const union addr *server, struct tally *t)
{
	struct demo d = { .c = c,
			  .json = o->json,
			  .family = o->ipv6 ? AF_INET6 : AF_INET };
	enum result result;

	if (server) {
		d.server = server;
		d.family = server->sa.sa_family;
	}
	result = run_case(&d, &t->signal);
	if (t->signal)
		return false;
	t->count[result]++;
	return result != RESULT_UNREPORTED;
}

static bool run_named(const struct options *o, const char *name,
		      const union addr *server, struct tally *t)
{
	const struct demo_case *c = NULL;

	if (strcmp(name, "all"))
		return run_one(o, find_case(name), server, t);
	while ((c = next_case(c)))
		if (!run_one(o, c, server, t))
			return false;
	return true;
}

static void end_by_signal(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int run(const struct options *o)
{
	struct tally t = { 0 };
	union addr server;

	if (o->nwords < 2)
		usage_error("run wants 'all' or the names of cases");
	check_names(o);
	if (o->connect)
		resolve(o, &server);
	if (!runner_init()) {
		perror("rstdemo: start");
		return EXIT_FAILURE;
	}
	for (int i = 1; i < o->nwords; i++)
		if (!run_named(o, o->words[i], o->connect ? &server : NULL, &t))
			break;
	if (t.signal)
		end_by_signal(t.signal);
	if (t.count[RESULT_UNREPORTED]) {
		fputs("rstdemo: cannot write to standard output\n", stderr);
		return EXIT_FAILURE;
	}
	if (!o->json)
		printf("%d ok, %d failed, %d skipped\n", t.count[RESULT_OK],
		       t.count[RESULT_FAILED], t.count[RESULT_SKIPPED]);
	return t.count[RESULT_FAILED] ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return EX_USAGE;
	if (!o.nwords)
		usage_error("which command: list or run? (see --help)");
	if (!strcmp(o.words[0], "list"))
		return list(&o);
	if (!strcmp(o.words[0], "run"))
		return run(&o);
	usage_error("no command is called '%s'", o.words[0]);
}
