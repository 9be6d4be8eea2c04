// SPDX-License-Identifier: GPL-2.0
/* The command line: what is stored, and the one line for what is wrong. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bpf/event.h"
#include "cause_text.h"
#include "names.h"
#include "options.h"

#define ARGS_MAX 16

static struct options options;
static char out_text[32768], err_text[8192];

/* Puts a file in the place of a stream's descriptor. */
static int divert(FILE *stream, int *saved)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	assert_true(fd >= 0);
	fflush(stream);
	*saved = dup(fileno(stream));
	assert_true(*saved >= 0);
	assert_true(dup2(fd, fileno(stream)) >= 0);
	return fd;
}

static void restore(FILE *stream, int saved, int fd, char *text, size_t size)
{
	ssize_t n;

	fflush(stream);
	assert_true(dup2(saved, fileno(stream)) >= 0);
	close(saved);
	n = pread(fd, text, size - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

/* Parses what a shell would have split at blanks. */
static int parse_args(char **args, int n)
{
	int saved_out, saved_err, status;
	int out = divert(stdout, &saved_out), err = divert(stderr, &saved_err);

	status = options_parse(&options, n, args);
	restore(stdout, saved_out, out, out_text, sizeof(out_text));
	restore(stderr, saved_err, err, err_text, sizeof(err_text));
	return status;
}

static int parse(const char *line)
{
	static char *copy; /* what is stored may point into it */
	char *save = NULL;
	char *args[ARGS_MAX + 1] = { "rstwatch" };
	int n = 1;

	free(copy);
	copy = strdup(line);
	assert_non_null(copy);
	for (char *word = strtok_r(copy, " ", &save); word && n < ARGS_MAX;
	     word = strtok_r(NULL, " ", &save))
		args[n++] = word;
	return parse_args(args, n);
}

static void accepts(const char *line)
{
	assert_int_equal(parse(line), OPTIONS_RUN);
	assert_string_equal(err_text, "");
	assert_string_equal(out_text, "");
}

static void refuses(const char *line, const char *expected)
{
	assert_int_equal(parse(line), 64);
	assert_string_equal(err_text, expected);
	assert_string_equal(out_text, "");
}

/* For arguments with blanks and newlines, or none at all. */
static void refuses_argument(const char *option, const char *argument,
			     const char *expected)
{
	char *args[] = { "rstwatch", (char *)option, (char *)argument, NULL };

	assert_int_equal(parse_args(args, 3), 64);
	assert_string_equal(err_text, expected);
}

static void test_defaults(void **state)
{
	(void)state;
	accepts("");
	assert_false(options.json || options.rst_only || options.wide ||
		     options.verbose);
	assert_int_equal(options.family, 0);
	assert_int_equal(options.pids.n + options.ports.n + options.lports.n +
				 options.rports.n,
			 0);
	assert_true(options.cause_mask == ~0ULL);
	assert_true(options.count == 0 && options.duration_ms == 0);
	assert_int_equal(options.buffer_bytes, 4 << 20);
	assert_int_equal(options.time, TIME_NONE);
	assert_int_equal(options.backend, BACKEND_AUTO);
	assert_int_equal(options.color, COLOR_AUTO);
}

static void test_flags(void **state)
{
	(void)state;
	accepts("-jrwv");
	assert_true(options.json && options.rst_only && options.wide &&
		    options.verbose);
	accepts("--json");
	assert_true(options.json && !options.rst_only);
	accepts("--rst");
	assert_true(options.rst_only && !options.wide);
	accepts("--wide");
	assert_true(options.wide && !options.verbose);
	accepts("--verbose");
	assert_true(options.verbose && !options.json);
	accepts("-4");
	assert_int_equal(options.family, 4);
	accepts("-6 --ipv6");
	assert_int_equal(options.family, 6);
	accepts("-T");
	assert_int_equal(options.time, TIME_WALL);
	accepts("--timestamp -t");
	assert_int_equal(options.time, TIME_RELATIVE);
}

static void test_check(void **state)
{
	(void)state;
	accepts("--check --debug");
	assert_true(options.check && options.debug && !options.dry_run);
	accepts("--dry-run -j");
	assert_true(options.dry_run && options.json && !options.debug);
	refuses("--check -- true",
		"rstwatch: --check and --dry-run run no command\n");
	refuses("--dry-run -- true",
		"rstwatch: --check and --dry-run run no command\n");
	refuses("--check=yes", "rstwatch: option --check takes no argument\n");
}

static void test_btf(void **state)
{
	(void)state;
	accepts("");
	assert_null(options.btf);
	accepts("--btf /dev/null");
	assert_non_null(options.btf);
	refuses("--btf /nonexistent/btf", "rstwatch: --btf '/nonexistent/btf': "
					  "No such file or directory\n");
	refuses("--btf", "rstwatch: option --btf needs an argument: PATH\n");
}

static void test_exclusive(void **state)
{
	(void)state;
	refuses("-4 -6", "rstwatch: -4 and -6 exclude each other\n");
	refuses("-64", "rstwatch: -4 and -6 exclude each other\n");
	refuses("-T -t", "rstwatch: -T and -t exclude each other\n");
}

static void test_ports(void **state)
{
	(void)state;
	accepts("-P 1,65535 --port=80 -L 22 -D443 --rport 8080");
	assert_int_equal(options.ports.n, 3);
	assert_int_equal(options.ports.values[0], 1);
	assert_int_equal(options.ports.values[1], 65535);
	assert_int_equal(options.ports.values[2], 80);
	assert_int_equal(options.lports.n, 1);
	assert_int_equal(options.lports.values[0], 22);
	assert_int_equal(options.rports.n, 2);
	assert_int_equal(options.rports.values[0], 443);
	assert_int_equal(options.rports.values[1], 8080);
	accepts("-P 00080");
	assert_int_equal(options.ports.values[0], 80);
}

static void test_bad_ports(void **state)
{
	(void)state;
	refuses("-P 65536", "rstwatch: port 65536 is not in 1..65535\n");
	refuses("-P 0", "rstwatch: port 0 is not in 1..65535\n");
	refuses("-L -1", "rstwatch: port -1 is not in 1..65535\n");
	refuses("-D 99999999999999999999999",
		"rstwatch: port 99999999999999999999999 is not in 1..65535\n");
	refuses("-P 18446744073709551617", /* 2^64 + 1 */
		"rstwatch: port 18446744073709551617 is not in 1..65535\n");
	refuses("-P abc", "rstwatch: port 'abc' is not a number in 1..65535\n");
	refuses("-P 80x", "rstwatch: port '80x' is not a number in 1..65535\n");
	refuses("-P 0x50",
		"rstwatch: port '0x50' is not a number in 1..65535\n");
	refuses("-P +80", "rstwatch: port '+80' is not a number in 1..65535\n");
	refuses("--lport=", "rstwatch: port '' is not a number in 1..65535\n");
	refuses("-P 80,", "rstwatch: port '' is not a number in 1..65535\n");
	refuses("-P ,80", "rstwatch: port '' is not a number in 1..65535\n");
	refuses("-P 80,,81", "rstwatch: port '' is not a number in 1..65535\n");
	refuses("-P 80,70000,81", "rstwatch: port 70000 is not in 1..65535\n");
	refuses_argument("-P", "8 0",
			 "rstwatch: port '8 0' is not a number in 1..65535\n");
}

static void test_pids(void **state)
{
	(void)state;
	accepts("-p 1,4194304 --pid 2");
	assert_int_equal(options.pids.n, 3);
	assert_int_equal(options.pids.values[1], 4194304);
	refuses("-p 0", "rstwatch: pid 0 is not in 1..4194304\n");
	refuses("-p 4194305", "rstwatch: pid 4194305 is not in 1..4194304\n");
	refuses("-p nginx",
		"rstwatch: pid 'nginx' is not a number in 1..4194304\n");
}

static void test_places(void **state)
{
	char *args[] = { "rstwatch",  "-n",	  "nginx",	   "-N",
			 "blue",      "--cgroup", "/system.slice", "--net",
			 "10.0.0.0/8" };

	(void)state;
	assert_int_equal(parse_args(args, 9), OPTIONS_RUN);
	assert_string_equal(options.comm, "nginx");
	assert_string_equal(options.netns, "blue");
	assert_string_equal(options.cgroup, "/system.slice");
	assert_int_equal(options.net.family, 4);
	refuses("--net 10.0.0.0/33",
		"rstwatch: --net '10.0.0.0/33' is not an address or a block of "
		"them such as 10.0.0.0/8\n");
	refuses("-n sixteen-bytes-xx",
		"rstwatch: --comm 'sixteen-bytes-xx' is not a name of 1 to 15 "
		"bytes, as ps -o comm shows it\n");
	refuses_argument("-n", "",
			 "rstwatch: --comm '' is not a name of 1 to 15 "
			 "bytes, as ps -o comm shows it\n");
}

static void test_list_limit(void **state)
{
	char line[1024] = "-p 1", *end = line + strlen(line);

	(void)state;
	for (int i = 1; i < OPTIONS_LIST_MAX; i++)
		end = mempcpy(end, ",2", 2);
	accepts(line);
	assert_int_equal(options.pids.n, OPTIONS_LIST_MAX);
	assert_int_equal(options.pids.values[OPTIONS_LIST_MAX - 1], 2);
	memcpy(end, ",3", 2);
	refuses(line, "rstwatch: more than 64 values for --pid\n");
}

static void test_causes(void **state)
{
	(void)state;
	accepts("--cause unread-data");
	assert_true(options.cause_mask == 1ULL << RW_CAUSE_UNREAD_DATA);
	accepts("--cause close,unread-data --cause=repair");
	assert_true(options.cause_mask ==
		    (1ULL << RW_CAUSE_CLOSE | 1ULL << RW_CAUSE_UNREAD_DATA |
		     1ULL << RW_CAUSE_REPAIR));
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		char line[64];

		if (i == RW_CAUSE_FIREWALL)
			continue;
		snprintf(line, sizeof(line), "--cause %s", name_cause(i)->text);
		accepts(line);
		assert_true(options.cause_mask == 1ULL << i);
	}
}

static void test_bad_causes(void **state)
{
	(void)state;
	refuses("--cause foo", "rstwatch: unknown cause 'foo' (rstwatch "
			       "--explain lists them)\n");
	refuses("--cause close,", "rstwatch: unknown cause '' (rstwatch "
				  "--explain lists them)\n");
	refuses("--cause Close", "rstwatch: unknown cause 'Close' (rstwatch "
				 "--explain lists them)\n");
	refuses_argument("--cause", "a\nb\033[31m",
			 "rstwatch: unknown cause 'a?b?[31m' (rstwatch "
			 "--explain lists them)\n");
}

static void test_count(void **state)
{
	(void)state;
	accepts("-c 1");
	assert_true(options.count == 1);
	accepts("--count 18446744073709551615");
	assert_true(options.count == UINT64_MAX);
	refuses("-c 0",
		"rstwatch: --count '0' is not a number of events above 0\n");
	refuses("-c 18446744073709551616",
		"rstwatch: --count '18446744073709551616' is not a number of "
		"events above 0\n");
	refuses("-c -1",
		"rstwatch: --count '-1' is not a number of events above 0\n");
	refuses("-c 1k",
		"rstwatch: --count '1k' is not a number of events above 0\n");
	refuses("--count=",
		"rstwatch: --count '' is not a number of events above 0\n");
}

static void check_duration(const char *line, uint64_t ms)
{
	accepts(line);
	assert_true(options.duration_ms == ms);
}

static void bad_duration(const char *value)
{
	char line[64], expected[128];

	snprintf(line, sizeof(line), "--duration=%s", value);
	snprintf(expected, sizeof(expected),
		 "rstwatch: --duration '%s' is not a number of seconds in "
		 "0.001..1000000000\n",
		 value);
	refuses(line, expected);
}

static void test_duration(void **state)
{
	(void)state;
	check_duration("-d 1", 1000);
	check_duration("-d 0.5", 500);
	check_duration("-d 0.05", 50);
	check_duration("--duration 12.345", 12345);
	check_duration("-d 0.001", 1);
	check_duration("-d 1000000000", 1000000000000ULL);
	bad_duration("0");
	bad_duration("0.000");
	bad_duration("0.0001");
	bad_duration("1.");
	bad_duration(".5");
	bad_duration("1.2.3");
	bad_duration("-1");
	bad_duration("1e3");
	bad_duration("5s");
	bad_duration("inf");
	bad_duration("");
	bad_duration("1000000001");
	bad_duration("99999999999999999999");
}

static void test_remember(void **state)
{
	(void)state;
	accepts("");
	assert_int_equal(options.remember, 65536);
	accepts("--remember=1K");
	assert_int_equal(options.remember, 1024);
	accepts("--remember 100000");
	assert_int_equal(options.remember, 131072);
	accepts("--remember 16M");
	assert_int_equal(options.remember, 16 << 20);
	for (const char *const *bad =
		     (const char *const[]){ "", "0", "1023", "17M", "x", NULL };
	     *bad; bad++) {
		char line[100];

		snprintf(line, sizeof(line),
			 "rstwatch: --remember '%s' is not a number in "
			 "1K..16M\n",
			 *bad);
		refuses_argument("--remember", *bad, line);
	}
}

static void check_buffer(const char *line, uint64_t bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	accepts(line);
	assert_true(options.buffer_bytes == (bytes < page ? page : bytes));
}

static void bad_buffer(const char *value)
{
	char line[64], expected[128];

	snprintf(line, sizeof(line), "--buffer=%s", value);
	snprintf(expected, sizeof(expected),
		 "rstwatch: --buffer '%s' is not a size in 4K..1G\n", value);
	refuses(line, expected);
}

static void test_buffer(void **state)
{
	(void)state;
	check_buffer("--buffer 4096", 4096);
	check_buffer("--buffer 4K", 4096);
	check_buffer("--buffer 4k", 4096);
	check_buffer("--buffer 1M", 1 << 20);
	check_buffer("--buffer 3M", 4 << 20);
	check_buffer("--buffer 1048577", 2 << 20);
	check_buffer("--buffer 1G", 1 << 30);
	check_buffer("--buffer 1023m", 1 << 30);
	bad_buffer("4095");
	bad_buffer("3K");
	bad_buffer("0");
	bad_buffer("2G");
	bad_buffer("1025M");
	bad_buffer("1073741825");
	bad_buffer("17179869184G"); /* 2^64 bytes */
	bad_buffer("1T");
	bad_buffer("1MB");
	bad_buffer("M");
	bad_buffer("-1M");
	bad_buffer("1+");
	bad_buffer("");
}

static void test_choices(void **state)
{
	(void)state;
	accepts("--backend fentry");
	assert_int_equal(options.backend, BACKEND_FENTRY);
	accepts("--backend=kprobe");
	assert_int_equal(options.backend, BACKEND_KPROBE);
	accepts("--backend=tracepoint");
	assert_int_equal(options.backend, BACKEND_TRACEPOINT);
	accepts("--backend=fentry --backend=auto");
	assert_int_equal(options.backend, BACKEND_AUTO);
	accepts("--color never");
	assert_int_equal(options.color, COLOR_NEVER);
	accepts("--color always");
	assert_int_equal(options.color, COLOR_ALWAYS);
	refuses("--backend=xdp", "rstwatch: --backend 'xdp' is not one of "
				 "auto|fentry|kprobe|tracepoint\n");
	refuses("--color=", "rstwatch: --color '' is not one of "
			    "auto|always|never\n");
}

static void test_ttl(void **state)
{
	(void)state;
	accepts("-j");
	assert_false(options.ttl);
	accepts("--ttl");
	assert_true(options.ttl);
	refuses("--ttl=64", "rstwatch: option --ttl takes no argument\n");
}

static void test_stack(void **state)
{
	(void)state;
	accepts("-j");
	assert_int_equal(options.stacks, 0);
	accepts("--stack");
	assert_int_equal(options.stacks, RW_STACK_KERNEL | RW_STACK_USER);
	accepts("--stack=kernel");
	assert_int_equal(options.stacks, RW_STACK_KERNEL);
	accepts("--stack=user");
	assert_int_equal(options.stacks, RW_STACK_USER);
	accepts("--stack=user,kernel");
	assert_int_equal(options.stacks, RW_STACK_KERNEL | RW_STACK_USER);
	refuses("--stack=", "rstwatch: --stack '' is not a list of kernel, "
			    "user\n");
	refuses("--stack=usr", "rstwatch: --stack 'usr' is not a list of "
			       "kernel, user\n");
	refuses("--stack=user,", "rstwatch: --stack 'user,' is not a list of "
				 "kernel, user\n");
	refuses("--stack=kernel,,user",
		"rstwatch: --stack 'kernel,,user' is not a list of kernel, "
		"user\n");
}

static void test_bad_options(void **state)
{
	(void)state;
	refuses("-x", "rstwatch: unknown option '-x' (see rstwatch --help)\n");
	refuses("-jx", "rstwatch: unknown option '-x' (see rstwatch --help)\n");
	refuses("--frobnicate", "rstwatch: unknown or ambiguous option "
				"'--frobnicate' (see rstwatch --help)\n");
	refuses("-j --foo=1 -r", "rstwatch: unknown or ambiguous option "
				 "'--foo=1' (see rstwatch --help)\n");
	refuses("--c 1", "rstwatch: unknown or ambiguous option '--c' "
			 "(see rstwatch --help)\n");
	refuses("--json=yes", "rstwatch: option --json takes no argument\n");
	refuses("-p", "rstwatch: option --pid needs an argument: PID[,..]\n");
	refuses("--buffer",
		"rstwatch: option --buffer needs an argument: SIZE\n");
	refuses("--stac=x=", "rstwatch: --stack 'x=' is not a list of kernel, "
			     "user\n");
	refuses("--stap", "rstwatch: unknown or ambiguous option '--stap' "
			  "(see rstwatch --help)\n");
}

static void test_stray_arguments(void **state)
{
	(void)state;
	refuses("eth0", "rstwatch: unexpected argument 'eth0' "
			"(see rstwatch --help)\n");
	refuses("-j 80 -r", "rstwatch: unexpected argument '80' "
			    "(see rstwatch --help)\n");
	refuses("-j 80 -- true", "rstwatch: unexpected argument '80' "
				 "(see rstwatch --help)\n");
	refuses_argument("-j", "a\nb",
			 "rstwatch: unexpected argument 'a?b' "
			 "(see rstwatch --help)\n");
}

static void test_command(void **state)
{
	(void)state;
	accepts("-j -- nc -l 80");
	assert_true(options.json && options.command);
	assert_string_equal(options.command[0], "nc");
	assert_string_equal(options.command[2], "80");
	assert_null(options.command[3]);
	accepts("-- -j");
	assert_false(options.json);
	assert_string_equal(options.command[0], "-j");
	accepts("--user -- a -- b");
	assert_true(options.as_user);
	assert_string_equal(options.command[1], "--");
	accepts("-j");
	assert_null(options.command);
	refuses("--", "rstwatch: no command after --\n");
	refuses("-p 1 -- true",
		"rstwatch: --pid and a command exclude each other\n");
	refuses("--user", "rstwatch: --user needs a command\n");
}

static void test_limit(void **state)
{
	(void)state;
	accepts("");
	assert_true(options.limit == OPTIONS_LIMIT_AUTO);
	accepts("--limit 0");
	assert_int_equal(options.limit, 0);
	accepts("--limit=1000000000");
	assert_int_equal(options.limit, 1000000000);
	refuses("--limit 1000000001", "rstwatch: --limit '1000000001' is not a "
				      "number of events in 0..1000000000\n");
	refuses("--limit x", "rstwatch: --limit 'x' is not a number of events "
			     "in 0..1000000000\n");
}

static void test_summary(void **state)
{
	(void)state;
	accepts("");
	assert_true(!options.summary && !options.interval_ms);
	accepts("--summary --interval 0.5");
	assert_true(options.summary && options.interval_ms == 500);
	refuses("--interval 0",
		"rstwatch: --interval '0' is not a number of seconds in "
		"0.001..1000000000\n");
}

static void test_output(void **state)
{
	(void)state;
	accepts("");
	assert_null(options.output);
	accepts("-o events");
	assert_string_equal(options.output, "events");
	refuses("--output=", "rstwatch: --output needs a name\n");
}

static void test_fail_on(void **state)
{
	(void)state;
	accepts("");
	assert_false(options_fail(&options));
	accepts("--fail-on rst");
	assert_true(options.fail_on_rst && !options.fail_mask);
	accepts("--fail-on unread-data,rst --fail-on close");
	assert_true(options.fail_on_rst && options_fail(&options));
	assert_true(options.fail_mask ==
		    (1ULL << RW_CAUSE_UNREAD_DATA | 1ULL << RW_CAUSE_CLOSE));
	assert_true(options.cause_mask == ~0ULL);
	refuses("--fail-on rsts", "rstwatch: unknown cause 'rsts' (rstwatch "
				  "--explain lists them)\n");
	refuses("--fail-on=", "rstwatch: unknown cause '' (rstwatch "
			      "--explain lists them)\n");
	refuses("--cause close --fail-on repair",
		"rstwatch: --fail-on names a cause that --cause leaves out\n");
}

/* The first mistake is told, and nothing after it. */
static void test_first_mistake_only(void **state)
{
	(void)state;
	refuses("-P 0 -P 70000 --foo bar",
		"rstwatch: port 0 is not in 1..65535\n");
}

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(parse("--version"), 0);
	assert_string_equal(out_text, "rstwatch " RSTWATCH_VERSION "\n");
	assert_string_equal(err_text, "");
	assert_int_equal(parse("-V"), 0);
	assert_string_equal(out_text, "rstwatch " RSTWATCH_VERSION "\n");
}

static void test_explain(void **state)
{
	static const char *const ways[] = { "--explain=linger-zero",
					    "--explain linger-zero",
					    "-r --explain linger-zero -P 0" };

	(void)state;
	assert_int_equal(parse("--explain"), 0);
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		assert_non_null(strstr(out_text, name_cause(i)->text));
	assert_non_null(strstr(out_text, "--explain CAUSE"));
	assert_int_equal(parse("--explain -r"), 0);
	assert_non_null(strstr(out_text, "--explain CAUSE"));
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		assert_int_equal(parse(ways[i]), 0);
		assert_string_equal(err_text, "");
		assert_memory_equal(out_text, "linger-zero: closed with ", 25);
	}
	refuses("--explain frogs", "rstwatch: unknown cause 'frogs' (rstwatch "
				   "--explain lists them)\n");
	refuses_argument("--explain", "",
			 "rstwatch: unknown cause '' (rstwatch "
			 "--explain lists them)\n");
	refuses_argument("--explain", "a\nb",
			 "rstwatch: unknown cause 'a?b' (rstwatch "
			 "--explain lists them)\n");
}

/* Every column of the table is there, in lines that fit a terminal. */
static void test_explain_all(void **state)
{
	char line[64];

	(void)state;
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		const struct cause_text *cause = cause_text(i);
		char *wire;

		snprintf(line, sizeof(line), "--explain %s", cause->name);
		assert_int_equal(parse(line), 0);
		wire = strstr(out_text, cause_wire(cause));
		assert_non_null(wire);
		assert_non_null(strstr(wire, "\nHow the kernel gets there\n"));
		assert_non_null(strstr(wire, "\nWhat each side sees\n"));
		assert_non_null(strstr(wire, "\nUsual culprits\n"));
		assert_non_null(strstr(wire, "\nHow to fix it\n"));
		snprintf(line, sizeof(line), "\n  rstdemo run %s\n",
			 cause->demo);
		assert_non_null(strstr(
			wire, *cause->demo ? line : "\n  No case of rstdemo"));
		for (char *row = strtok(out_text, "\n"); row;
		     row = strtok(NULL, "\n"))
			assert_in_range(strlen(row), 1, 93);
	}
}

/* That it is a schema, and right, is for tests/contract.py to say. */
static void test_schema(void **state)
{
	(void)state;
	assert_int_equal(parse("--json-schema"), 0);
	assert_string_equal(err_text, "");
	assert_memory_equal(out_text, "{\n\"$schema\": \"https://json-", 25);
	assert_non_null(strstr(out_text, "\"$ref\": \"#/$defs/teardown\""));
	assert_null(strstr(out_text, "@"));
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		assert_non_null(strstr(out_text, name_cause(i)->text));
	refuses("--json-schema=x",
		"rstwatch: option --json-schema takes no argument\n");
}

static void test_help(void **state)
{
	(void)state;
	assert_int_equal(parse("--help"), 0);
	assert_string_equal(err_text, "");
	assert_memory_equal(out_text, "Usage: rstwatch [OPTION...] [-- ", 32);
	assert_non_null(strstr(out_text, "\n  -P, --port=PORT[,..]    only "
					 "these ports, either side\n"));
	assert_non_null(strstr(out_text, "\n      --buffer=SIZE "));
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		assert_non_null(strstr(out_text, name_cause(i)->text));
	for (char *line = strtok(out_text, "\n"); line;
	     line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 1, 79);
}

/* --help into a full disk is no success. */
static void test_help_write_error(void **state)
{
	char *args[] = { "rstwatch", "--help", NULL };
	int full = open("/dev/full", O_WRONLY), saved_err, saved_out, err;
	int status;

	(void)state;
	err = divert(stderr, &saved_err);
	fflush(stdout);
	saved_out = dup(STDOUT_FILENO);
	assert_true(full >= 0 && dup2(full, STDOUT_FILENO) >= 0);
	status = options_parse(&options, 2, args);
	dup2(saved_out, STDOUT_FILENO);
	clearerr(stdout);
	restore(stderr, saved_err, err, err_text, sizeof(err_text));
	close(saved_out);
	close(full);
	assert_int_equal(status, 1);
	assert_string_equal(err_text,
			    "rstwatch: cannot write to standard output: "
			    "No space left on device\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_remember),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_btf),
		cmocka_unit_test(test_exclusive),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_bad_ports),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_list_limit),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_bad_causes),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_stray_arguments),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_fail_on),
		cmocka_unit_test(test_first_mistake_only),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_all),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
