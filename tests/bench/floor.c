// SPDX-License-Identifier: GPL-2.0
/*
 * floor - attaches a program that does nothing to each of the given hooks
 *
 *	floor fentry|kprobe|tracepoint HOOK...
 *
 * A hook is written as in the "probes" of rstwatch's start record: a kernel
 * function, a function with %return, or a tracepoint. Prints how many are
 * attached and stays until it is told to go.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bench/floor.skel.h"
#include "user/cgroup_mount.h"

#define RETURN "%return"
#define RELEASE "sock_release"

static int silent(enum libbpf_print_level level, const char *format, va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, ap) : 0;
}

static struct bpf_link *attach(struct bpf_program *prog, const char *way,
			       const char *function)
{
	if (!strcmp(way, "cgroup"))
		return bpf_program__attach_cgroup(prog, cgroup_root());
	if (!strcmp(way, "raw_tp"))
		return bpf_program__attach_raw_tracepoint(prog, function);
	if (!strcmp(way, "kprobe") || !strcmp(way, "kretprobe"))
		return bpf_program__attach_kprobe(prog, way[1] == 'r',
						  function);
	return bpf_program__attach(prog);
}

/* An object of its own for each hook: a trampoline has one target. */
static int add(const char *way, const char *function)
{
	struct bpf_object *object;
	struct bpf_program *each, *prog;
	char name[16];
	const void *bytes;
	size_t size;

	bytes = floor_bpf__elf_bytes(&size);
	object = bpf_object__open_mem(bytes, size, NULL);
	if (!object)
		return -1;
	bpf_object__for_each_program(each, object)
		bpf_program__set_autoload(each, false);
	snprintf(name, sizeof(name), "on_%s", way);
	prog = bpf_object__find_program_by_name(object, name);
	if (!prog)
		return -1;
	bpf_program__set_autoload(prog, true);
	if (way[0] == 'f' && bpf_program__set_attach_target(prog, 0, function))
		return -1;
	if (bpf_object__load(object))
		return -1;
	return attach(prog, way, function) ? 0 : -1;
}

static int add_hook(const char *flavour, char *hook)
{
	char *mark = strstr(hook, RETURN);

	if (mark)
		*mark = '\0';
	if (!strcmp(flavour, "fentry"))
		return add(mark ? "fexit" : "fentry", hook);
	if (!strcmp(flavour, "kprobe"))
		return add(mark ? "kretprobe" : "kprobe", hook);
	if (!strcmp(flavour, "tracepoint"))
		return add(strcmp(hook, RELEASE) ? "raw_tp" : "cgroup", hook);
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	sigset_t end;
	int signal;

	if (argc < 3) {
		fputs("Usage: floor fentry|kprobe|tracepoint HOOK...\n",
		      stderr);
		return 64;
	}
	libbpf_set_print(silent);
	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	for (int i = 2; i < argc; i++) {
		if (!add_hook(argv[1], argv[i]))
			continue;
		fprintf(stderr, "floor: %s %s: %s\n", argv[1], argv[i],
			strerror(errno));
		return 1;
	}
	printf("%d attached\n", argc - 2);
	fflush(stdout);
	sigwait(&end, &signal);
	return 0; /* what is attached goes with the process */
}
