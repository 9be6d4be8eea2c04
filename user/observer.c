// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "observer.h"
#include "hooks.h"
#include "kernel.h"
#include "rodata.h"

#include "fentry.skel.h"
#include "kprobe.skel.h"
#include "tracepoint.skel.h"

/* One way to attach: its object, its hooks, and whether it can work here. */
struct flavour {
	enum backend choice;
	const char *name;
	const void *(*bytes)(size_t *size);
	const struct hook *hooks;
	/* Can this hook be attached? Asked before the object is loaded. */
	bool (*has)(const struct hook *hook);
	const char *missing; /* what the kernel lacks when nothing attaches */
};

/* Messages of libbpf: only what went wrong last is of interest, if anything. */
static int quiet(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level;
	if (!getenv("RSTWATCH_LIBBPF_LOG"))
		return 0;
	return vfprintf(stderr, format, ap);
}

/*
 * Whether a function takes a trampoline is found by loading the smallest
 * program for it: the verifier looks the function up as it will later.
 */
static bool fentry_loads(const struct hook *hook)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = strstr(hook->program, "on_exit_")
						    ? BPF_TRACE_FEXIT
						    : BPF_TRACE_FENTRY);
	int id = kernel_function_id(hook->function), fd;

	if (id <= 0)
		return false;
	opts.attach_btf_id = id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "rw_trial", "GPL", insns,
			   sizeof(insns) / sizeof(*insns), &opts);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool always(const struct hook *hook)
{
	(void)hook;
	return true;
}

static const struct flavour flavours[] = {
	{ BACKEND_FENTRY, "fentry", fentry_bpf__elf_bytes, function_hooks,
	  fentry_loads, "BPF trampolines (fentry)" },
	{ BACKEND_KPROBE, "kprobe", kprobe_bpf__elf_bytes, function_hooks,
	  always, "kprobes (CONFIG_KPROBES)" },
	{ BACKEND_TRACEPOINT, "tracepoint", tracepoint_bpf__elf_bytes,
	  tracepoint_hooks, always, "the tracepoints sock:inet_sock_set_state "
				    "and tcp:tcp_send_reset" },
};

#define N_FLAVOURS (sizeof(flavours) / sizeof(*flavours))

static void degrade(struct observer *b, const struct hook *hook)
{
	char *text;

	if (b->n_degraded < OBSERVER_MAX_PROBES &&
	    asprintf(&text, "%s: %s", hook->function, hook->lost) > 0)
		b->degraded[b->n_degraded++] = text;
}

static bool wanted(const struct observer *b, const struct hook *hook)
{
	return hook->when != HOOK_UNLESS_RST_ONLY || !b->config.rst_only;
}

/*
 * Choose the programs to load. Return: false when one that nothing works
 * without cannot be attached.
 */
static bool choose_programs(struct observer *b, const struct flavour *f)
{
	bool present = true;

	for (const struct hook *h = f->hooks; h->program; h++) {
		struct bpf_program *prog;
		bool skip = h->when == HOOK_FALLBACK && present;

		present = !skip && wanted(b, h) && f->has(h);
		prog = bpf_object__find_program_by_name(b->object, h->program);
		if (!prog)
			return false;
		bpf_program__set_autoload(prog, present);
		if (skip)
			continue;
		if (!present && !h->lost)
			return false;
		if (!present && wanted(b, h))
			degrade(b, h);
	}
	return true;
}

/* Attach one program. Return: false when nothing works without it. */
static bool attach(struct observer *b, const struct hook *h)
{
	struct bpf_program *prog =
		bpf_object__find_program_by_name(b->object, h->program);
	struct bpf_link *link;

	if (!bpf_program__autoload(prog))
		return true;
	link = bpf_program__attach(prog);
	if (!link) {
		degrade(b, h);
		return h->lost;
	}
	b->probes[b->n_links] = h->function;
	b->links[b->n_links++] = link;
	return true;
}

static int fill_pids(struct observer *b, const struct options *o)
{
	int fd = observer_map(b, "pids");
	__u8 one = 1;

	for (size_t i = 0; i < o->pids.n; i++)
		if (bpf_map_update_elem(fd, &o->pids.values[i], &one, BPF_ANY))
			return -errno;
	return 0;
}

/* Return: 0, or the negative errno of the first thing that did not work. */
static int try_flavour(struct observer *b, const struct flavour *f,
		       const struct options *o)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "rstwatch");
	struct bpf_map *ring;
	const void *bytes;
	size_t size;

	bytes = f->bytes(&size);
	b->object = bpf_object__open_mem(bytes, size, &opts);
	if (!b->object)
		return -errno;
	b->name = f->name;
	if (rodata_fill(b->object, &b->config, o))
		return -ENOENT;
	ring = bpf_object__find_map_by_name(b->object, "events");
	if (!ring || bpf_map__set_max_entries(ring, o->buffer_bytes))
		return -EINVAL;
	if (!choose_programs(b, f))
		return -EOPNOTSUPP;
	if (bpf_object__load(b->object) || fill_pids(b, o))
		return -errno;
	for (const struct hook *h = f->hooks; h->program; h++)
		if (!attach(b, h))
			return -EOPNOTSUPP;
	return 0;
}

int observer_open(struct observer *b, const struct options *o)
{
	int err;

	libbpf_set_print(quiet);
	err = kernel_open();
	if (err) {
		fprintf(stderr,
			"rstwatch: this kernel has no BTF "
			"(/sys/kernel/btf/vmlinux, CONFIG_DEBUG_INFO_BTF): %s\n",
			strerror(-err));
		return EX_UNAVAILABLE;
	}
	for (size_t i = 0; i < N_FLAVOURS; i++) {
		const struct flavour *f = &flavours[i];

		if (o->backend != BACKEND_AUTO && o->backend != f->choice)
			continue;
		memset(b, 0, sizeof(*b));
		kernel_describe(&b->config);
		err = try_flavour(b, f, o);
		if (!err)
			return 0;
		observer_close(b);
		if (err == -EPERM || err == -EACCES)
			break;
	}
	kernel_close();
	return EX_UNAVAILABLE;
}

void observer_detach(struct observer *b)
{
	for (size_t i = 0; i < b->n_links; i++)
		bpf_link__destroy(b->links[i]);
	b->n_links = 0;
}

void observer_close(struct observer *b)
{
	observer_detach(b);
	for (size_t i = 0; i < b->n_degraded; i++)
		free(b->degraded[i]);
	b->n_degraded = 0;
	bpf_object__close(b->object);
	b->object = NULL;
}

int observer_map(const struct observer *b, const char *name)
{
	return bpf_object__find_map_fd_by_name(b->object, name);
}

int observer_counts(const struct observer *b, struct rw_count *counts)
{
	int cpus = libbpf_num_possible_cpus(), fd = observer_map(b, "counts");
	struct rw_count *each;

	each = calloc(cpus > 0 ? cpus : 1, sizeof(*each));
	if (!each || cpus <= 0)
		return -ENOMEM;
	for (__u32 cause = 0; cause < RW_CAUSE_MAX; cause++) {
		counts[cause] = (struct rw_count){};
		if (bpf_map_lookup_elem(fd, &cause, each))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++) {
			counts[cause].seen += each[cpu].seen;
			counts[cause].lost += each[cpu].lost;
		}
	}
	free(each);
	return 0;
}
