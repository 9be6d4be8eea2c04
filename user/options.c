// SPDX-License-Identifier: GPL-2.0
/* The command line of rstwatch: see options.h. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "names.h"
#include "option_values.h"
#include "options.h"
#include "options_table.h"
#include "schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(name) offsetof(struct options, name)

#define BUFFER_DEFAULT (4ULL << 20)
#define REMEMBER_DEFAULT (64ULL << 10)
#define PID_LIMIT 4194304 /* PID_MAX_LIMIT, include/linux/threads.h */
#define KEY_LONG_ONLY 256 /* keys of options without a letter start here */

static const char *const backends[] = { [BACKEND_AUTO] = "auto",
					[BACKEND_FENTRY] = "fentry",
					[BACKEND_KPROBE] = "kprobe",
					[BACKEND_TRACEPOINT] = "tracepoint",
					NULL };

static const char *const colors[] = { [COLOR_AUTO] = "auto",
				      [COLOR_ALWAYS] = "always",
				      [COLOR_NEVER] = "never",
				      NULL };

static int answer_explain(const char *arg)
{
	int cause;

	if (!arg) {
		explain_list(stdout);
		return 0;
	}
	cause = find_cause(arg, strlen(arg));
	if (cause < 0)
		return -1;
	explain_cause(stdout, (unsigned int)cause);
	return 0;
}

static int answer_schema(const char *arg)
{
	(void)arg;
	schema_print(stdout);
	return 0;
}

static int answer_version(const char *arg)
{
	(void)arg;
	printf("rstwatch %s\n", RSTWATCH_VERSION);
	return 0;
}

static int answer_help(const char *arg); /* prints the table it stands in */

#define ROW(long_name, key, argument, text, parser, ...)                 \
	{                                                                \
		.name = (long_name), .letter = (key), .arg = (argument), \
		.help = (text), .parse = (parser), __VA_ARGS__           \
	}

static const struct option_row rows[] = {
	ROW("json", 'j', NULL, "one JSON object a line", parse_flag,
	    .field = FIELD(json), .more = "See FIELDS."),
	ROW("rst", 'r', NULL, "only resets, sent and received", parse_flag,
	    .field = FIELD(rst_only),
	    .more = "Hooks that serve FINs and silent ends alone are not "
		    "attached."),
	ROW("pid", 'p', "PID[,..]", "only sockets of these processes",
	    parse_numbers, .field = FIELD(pids), .max = PID_LIMIT,
	    .noun = "pid",
	    .more = "Sockets on which they acted, or which they own."),
	ROW("comm", 'n', "COMM", "only sockets of processes called so",
	    parse_comm,
	    .more = "The whole name, as ps -o comm shows it. Sockets on which "
		    "they acted, or which they own."),
	ROW("port", 'P', "PORT[,..]", "only these ports, either side",
	    parse_numbers, .field = FIELD(ports), .max = 65535, .noun = "port"),
	ROW("lport", 'L', "PORT[,..]", "only these local ports", parse_numbers,
	    .field = FIELD(lports), .max = 65535, .noun = "port"),
	ROW("rport", 'D', "PORT[,..]", "only these remote ports", parse_numbers,
	    .field = FIELD(rports), .max = 65535, .noun = "port"),
	ROW("net", 0, "CIDR", "only these addresses, either side", parse_net,
	    .more = "A block such as 10.0.0.0/8 or 2001:db8::/32, or one "
		    "address."),
	ROW("netns", 'N', "NETNS",
	    "only this network namespace (name, path, inode)", parse_text,
	    .field = FIELD(netns),
	    .more = "A name under /run/netns, a path such as "
		    "/proc/PID/ns/net, or the inode number."),
	ROW("cgroup", 0, "PATH", "only this cgroup and those below it",
	    parse_text, .field = FIELD(cgroup),
	    .more = "A path in the file system or below the root of the "
		    "hierarchy (version 2), such as /system.slice. It is the "
		    "cgroup in which the socket was made."),
	ROW("ipv4", '4', NULL, "only IPv4", parse_family, .value = 4,
	    .more = "IPv4 on an IPv6 socket is IPv4."),
	ROW("ipv6", '6', NULL, "only IPv6", parse_family, .value = 6),
	ROW("cause", 0, "NAME[,..]", "only these causes", parse_causes,
	    .field = FIELD(cause_mask), .more = "See CAUSES."),
	ROW("count", 'c', "N", "end after N events", parse_count,
	    .field = FIELD(count)),
	ROW("duration", 'd', "SECS", "end after SECS seconds", parse_duration,
	    .field = FIELD(duration_ms),
	    .more = "Up to three digits may follow a point."),
	ROW("time", 'T', NULL, "show the time of day", parse_time,
	    .value = TIME_WALL, .more = "It is local time."),
	ROW("timestamp", 't', NULL, "show seconds since the start", parse_time,
	    .value = TIME_RELATIVE),
	ROW("wide", 'w', NULL, "more columns", parse_flag, .field = FIELD(wide),
	    .more = "They are state, bytes, idle time, retransmits, network "
		    "namespace and the kernel's own reason."),
	ROW("verbose", 'v', NULL, "show the evidence under each event",
	    parse_flag, .field = FIELD(verbose),
	    .more = "First in plain sentences, then the facts: the socket, the "
		    "path through the kernel, actor and owner."),
	ROW("community-id", 0, NULL, "fill in the key community_id", parse_flag,
	    .field = FIELD(community_id),
	    .more = "With -j: the Community ID of each connection, as Zeek "
		    "and Suricata have it (version 1, seed 0). It costs a "
		    "SHA-1 for each event."),
	ROW("stack", 0, "kernel,user", "show stacks, both or one of them",
	    parse_stacks, .optional = true,
	    .more = "They are taken for the events that are shown alone, see "
		    "STACKS."),
	ROW("audit", 0, NULL, "exit 1 if the kernel counted what was not seen",
	    parse_flag, .field = FIELD(audit),
	    .more = "The kernel's own counters of resets are compared with "
		    "what was seen, in every network namespace and whatever "
		    "the filters; see AUDIT."),
	ROW("ttl", 0, NULL, "compare the hop limit of received resets",
	    parse_flag, .field = FIELD(ttl),
	    .more = "See HOP LIMITS. It costs a hook for each connection that "
		    "is established, and one for each segment to a TIME_WAIT "
		    "entry."),
	ROW("backend", 0, "auto|fentry|kprobe|tracepoint",
	    "how to attach to the kernel", parse_choice,
	    .field = FIELD(backend), .words = backends,
	    .more = "The default is auto: the first of them that this kernel "
		    "allows, in this order."),
	ROW("buffer", 0, "SIZE", "ring buffer, 4K to 1G (default 4M)",
	    parse_buffer, .field = FIELD(buffer_bytes),
	    .more = "With suffix K, M or G; rounded up to a power of two."),
	ROW("remember", 0, "N",
	    "remember N connections that ended (default 64K)", parse_remember,
	    .field = FIELD(remember),
	    .more = "What comes for a connection after its end has its owner "
		    "from there, for two minutes unless there were more than "
		    "N; those are counted. 1K to 16M, rounded up to a power "
		    "of two, about 100 bytes of the kernel's memory each."),
	ROW("color", 0, "auto|always|never", "when to use color", parse_choice,
	    .field = FIELD(color), .words = colors,
	    .more = "With auto, on a terminal, unless NO_COLOR is set."),
	ROW("limit", 0, "N", "N events a second per cause and network; 0: all",
	    parse_limit,
	    .more = "The network is the remote address's, /24 or /64. What is "
		    "held back is counted and told once a second in the table, "
		    "at the end in JSON. The default is 20 for a table on a "
		    "terminal, else 0."),
	ROW("summary", 0, NULL, "add up, print at the end and on SIGUSR1",
	    parse_flag, .field = FIELD(summary),
	    .more = "It is a table by cause and process: events, FINs, resets, "
		    "bytes unread and unsent, and the remote addresses with "
		    "the most events. The 20 largest rows are shown, the rest "
		    "is in the row others."),
	ROW("interval", 0, "SECS", "print such sums every SECS, no events",
	    parse_interval,
	    .more = "Each is of the time since the one before; up to three "
		    "digits may follow a point."),
	ROW("output", 'o', "FILE", "write to FILE instead", parse_text,
	    .field = FIELD(output),
	    .more = "FILE is created or emptied; it takes the table or the "
		    "JSON."),
	ROW("fail-on", 0, "CAUSE[,..]",
	    "exit 1 if one was seen; the word rst: any reset", parse_fail_on,
	    .more = "Counted is what passed the filters, not only what was "
		    "shown: events that the ring buffer lost are in it. A "
		    "command that fails by itself keeps its own status."),
	ROW("user", 0, NULL, "run COMMAND as the user who called sudo",
	    parse_flag, .field = FIELD(as_user),
	    .more = "With that user's groups and HOME."),
	ROW("btf", 0, "PATH", "take the kernel's BTF from a file", parse_btf,
	    .more = "For a kernel without BTF of its own. "
		    "PATH is raw BTF, or an ELF file (vmlinux) with a section "
		    ".BTF, and must be of the running kernel: with another "
		    "kernel's, wrong fields are read; it is refused where a "
		    "TCP socket has another size. "
		    "The flavour fentry needs BTF inside the kernel."),
	ROW("check", 0, NULL, "tell what this kernel offers, and leave",
	    parse_flag, .field = FIELD(check),
	    .more = "On one screen: what can be attached and read here, the "
		    "flavour that will be used and why, which causes and "
		    "evidence are lost by it, and what would bring them back. "
		    "With -j the same as one record of the type check. "
		    "It honours --backend, --btf, --ttl and -r. "
		    "Exit status: 0, or that of a run, 69 or 77."),
	ROW("dry-run", 0, NULL, "load, attach, print the probes, and leave",
	    parse_flag, .field = FIELD(dry_run)),
	ROW("debug", 0, NULL, "show the log of libbpf on stderr", parse_flag,
	    .field = FIELD(debug)),
	ROW("explain", 0, "CAUSE", "list the causes, or explain one", NULL,
	    .optional = true, .answer = answer_explain,
	    .more = "How the kernel gets there, what each side sees, usual "
		    "culprits, how to fix it, how to reproduce it."),
	ROW("json-schema", 0, NULL, "print the JSON Schema of the records",
	    NULL, .answer = answer_schema,
	    .more = "It is of draft 2020-12. No key is ever missing from a "
		    "record."),
	ROW("write", 0, "FILE", "record events in FILE, print none", parse_text,
	    .field = FIELD(write),
	    .more = "A FILE of - is standard output. With -j or --print the "
		    "events are printed too."),
	ROW("print", 0, NULL, "with --write: print events too", parse_flag,
	    .field = FIELD(print)),
	ROW("rotate", 0, "SIZE[,N]", "with --write: begin a new file at SIZE",
	    parse_rotate, .field = FIELD(rotate_bytes),
	    .more = "SIZE has suffix K, M or G. FILE is always the newest; "
		    "the one before becomes FILE.1, that becomes FILE.2 and "
		    "so on, N of them at the most, without N all. Each can be "
		    "read by itself."),
	ROW("read", 0, "FILE", "show what was recorded in FILE", parse_text,
	    .field = FIELD(read),
	    .more = "A FILE of - is standard input. Needs no permissions, nor "
		    "the kernel it was recorded on."),
	ROW("version", 'V', NULL, "print the version", NULL,
	    .answer = answer_version),
	ROW("help", 'h', NULL, "print this help", NULL, .answer = answer_help,
	    .more = "It names all causes."),
};

const struct option_row *option_rows(size_t *n)
{
	*n = COUNT(rows);
	return rows;
}

#define HELP_COLUMN 26 /* where the descriptions start */
#define HELP_WIDTH 79

static void help_option(const struct option_row *row)
{
	int len = row->letter ? printf("  -%c, ", row->letter)
			      : printf("      ");

	len += printf("--%s", row->name);
	if (row->arg)
		len += printf(row->optional ? "[=%s]" : "=%s", row->arg);
	if (len >= HELP_COLUMN) {
		putchar('\n');
		len = 0;
	}
	printf("%*s%s\n", HELP_COLUMN - len, "", row->help);
}

static void help_causes(void)
{
	int column = 0;

	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		const struct name *cause = name_cause(i);

		if (column + cause->len + 3 > HELP_WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += printf("%s%s%s", column ? " " : "  ", cause->text,
				 i + 1 < RW_CAUSE_MAX ? "," : "\n");
	}
}

static int answer_help(const char *arg)
{
	(void)arg;
	puts("Usage: rstwatch [OPTION...] [-- COMMAND [ARG...]]\n"
	     "Watch TCP connections end: who sent the FIN or RST, and why.\n"
	     "With COMMAND: run it, and watch it and what it starts alone.\n");
	for (size_t i = 0; i < COUNT(rows); i++)
		help_option(&rows[i]);
	puts("\nCauses:");
	help_causes();
	puts("\nExit status: 0 normal end, 1 failure or --fail-on, 64 usage, "
	     "69 this kernel\ncannot, 77 not permitted; else that of COMMAND.");
	return 0;
}

static int finish_stdout(void)
{
	if (fflush(stdout) == 0)
		return 0;
	complain("cannot write to standard output: %s", strerror(errno));
	return 1;
}

static int argument_kind(const struct option_row *row)
{
	if (!row->arg)
		return no_argument;
	return row->optional ? optional_argument : required_argument;
}

static void fill_getopt(struct option *longs, char *letters)
{
	*letters++ = '+'; /* what follows a first argument is not ours */
	*letters++ = ':'; /* a missing argument is told apart */
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct option_row *row = &rows[i];

		longs[i] = (struct option){ .name = row->name,
					    .has_arg = argument_kind(row),
					    .val = KEY_LONG_ONLY + (int)i };
		if (!row->letter)
			continue;
		*letters++ = row->letter;
		if (row->arg)
			*letters++ = ':';
	}
	longs[COUNT(rows)] = (struct option){ 0 };
	*letters = '\0';
}

static const struct option_row *find_row(int key)
{
	if (key >= KEY_LONG_ONLY)
		return &rows[key - KEY_LONG_ONLY];
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].letter == key)
			return &rows[i];
	return NULL;
}

/* getopt_long() leaves in optopt what it stumbled over: 0 for a long name. */
static int bad_option(char **argv)
{
	const char *word = argv[optind - 1];
	const struct option_row *row = optopt ? find_row(optopt) : NULL;
	char letter = (char)optopt;

	if (row && optopt >= KEY_LONG_ONLY)
		return complain("option --%s takes no argument", row->name);
	if (optopt)
		return complain("unknown option '-%s' (see rstwatch --help)",
				typed_text(&letter, 1).text);
	return complain("unknown or ambiguous option '%s' (see rstwatch "
			"--help)",
			typed_text(word, strlen(word)).text);
}

static int missing_argument(void)
{
	const struct option_row *row = find_row(optopt);

	return complain("option --%s needs an argument: %s", row->name,
			row->arg);
}

/* OPTIONS_RUN, or the status to exit with. */
static int parse_one(struct options *options, int key, char **argv)
{
	const struct option_row *row;

	if (key == ':') {
		missing_argument();
		return OPTIONS_USAGE;
	}
	row = key == '?' ? NULL : find_row(key);
	if (!row) {
		bad_option(argv);
		return OPTIONS_USAGE;
	}
	if (row->parse)
		return row->parse(options, row, optarg) ? OPTIONS_USAGE
							: OPTIONS_RUN;
	if (row->optional && !optarg && argv[optind] && *argv[optind] != '-')
		optarg = argv[optind++];
	return row->answer(optarg) ? OPTIONS_USAGE : finish_stdout();
}

/* What follows "--" is the command; anything else that is left is a mistake. */
static int take_command(struct options *options, int argc, char **argv)
{
	bool dashes = optind > 1 && !strcmp(argv[optind - 1], "--");

	if (optind < argc && !dashes)
		return complain(
			"unexpected argument '%s' (see rstwatch "
			"--help)",
			typed_text(argv[optind], strlen(argv[optind])).text);
	if (dashes && optind == argc)
		return complain("no command after --");
	if (dashes)
		options->command = argv + optind;
	return 0;
}

/* What is wrong only together. */
static int check_combination(const struct options *options)
{
	if (options->command && options->pids.n)
		return complain("--pid and a command exclude each other");
	if (options->command && (options->check || options->dry_run))
		return complain("--check and --dry-run run no command");
	if (options->as_user && !options->command)
		return complain("--user needs a command");
	if (options->fail_mask & ~options->cause_mask)
		return complain("--fail-on names a cause that --cause leaves "
				"out");
	return 0;
}

/* What each may say alone but not together. Return: 0, or -1 after a line. */
static int check_together(const struct options *o)
{
	bool to_stdout = o->write && !strcmp(o->write, "-");

	if (to_stdout && (o->json || o->print))
		return complain("--write - leaves no room for events on "
				"standard output");
	if (o->rotate_bytes && !o->write)
		return complain("--rotate goes with --write");
	if (o->rotate_bytes && to_stdout)
		return complain("standard output cannot be rotated");
	if (o->print && !o->write)
		return complain("--print goes with --write");
	if (o->read && (o->backend != BACKEND_AUTO || o->btf || o->command ||
			o->check || o->dry_run))
		return complain("--read goes with no kernel and no command: "
				"not with --backend, --btf, --check, "
				"--dry-run, COMMAND");
	if (o->write &&
	    (o->interval_ms || (o->limit && o->limit != OPTIONS_LIMIT_AUTO)))
		return complain("--limit and --interval would keep events out "
				"of the recording; use them with --read");
	if (o->write && (o->check || o->dry_run))
		return complain("--check and --dry-run have nothing to write");
	return 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct option longs[COUNT(rows) + 1];
	char letters[2 * COUNT(rows) + 3];
	int key, status = OPTIONS_RUN;

	*options = (struct options){ .cause_mask = ~0ULL,
				     .buffer_bytes = BUFFER_DEFAULT,
				     .remember = REMEMBER_DEFAULT,
				     .limit = OPTIONS_LIMIT_AUTO };
	fill_getopt(longs, letters);
	opterr = 0;
	optind = 0; /* glibc: start over */
	while (status == OPTIONS_RUN &&
	       (key = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		status = parse_one(options, key, argv);
	if (status == OPTIONS_RUN &&
	    (take_command(options, argc, argv) || check_combination(options) ||
	     check_together(options)))
		status = OPTIONS_USAGE;
	return status;
}
