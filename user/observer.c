// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>

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
	const struct limit *limits;
	/* Can anything be attached? Asked first, because it is quick. */
	int (*works)(struct observer *o);
	/* Can this hook be attached? Asked before the object is loaded. */
	bool (*has)(const struct hook *hook);
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
static int load_trial(const struct hook *hook)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = strstr(hook->program, "on_exit_")
						    ? BPF_TRACE_FEXIT
						    : BPF_TRACE_FENTRY);
	int id = kernel_function_id(hook->function);

	if (id <= 0)
		return -1;
	opts.attach_btf_id = id;
	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "rw_trial", "GPL", insns,
			     sizeof(insns) / sizeof(*insns), &opts);
}

static bool fentry_loads(const struct hook *hook)
{
	int fd = load_trial(hook);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Remember why this flavour does not work; Return: -1 */
static int refuse(struct observer *o, const char *what, const char *on,
		  int error)
{
	snprintf(o->why, sizeof(o->why), "%s %s: %s", what, on,
		 strerror(error));
	return -1;
}

/* A kernel can know trampolines and still refuse to patch its text. */
static int fentry_works(struct observer *o)
{
	const struct hook hook = { .program = "",
				   .function = "tcp_disconnect" };
	int fd = load_trial(&hook), link;

	if (fd < 0)
		return refuse(o, "cannot load a program for", hook.function,
			      errno);
	link = bpf_raw_tracepoint_open(NULL, fd);
	if (link < 0)
		refuse(o, "cannot attach to", hook.function, errno);
	else
		close(link);
	close(fd);
	return link < 0 ? -1 : 0;
}

static int kprobe_works(struct observer *o)
{
	const char *pmu = "/sys/bus/event_source/devices/kprobe/type";

	return access(pmu, R_OK)
		       ? refuse(o, "no kprobes (CONFIG_KPROBES):", pmu, errno)
		       : 0;
}

static int tracepoint_works(struct observer *o)
{
	(void)o;
	return 0;
}

static bool always(const struct hook *hook)
{
	(void)hook;
	return true;
}

static const struct flavour flavours[] = {
	{ BACKEND_FENTRY, "fentry", fentry_bpf__elf_bytes, function_hooks,
	  no_limits, fentry_works, fentry_loads },
	{ BACKEND_KPROBE, "kprobe", kprobe_bpf__elf_bytes, function_hooks,
	  kprobe_limits, kprobe_works, always },
	{ BACKEND_TRACEPOINT, "tracepoint", tracepoint_bpf__elf_bytes,
	  tracepoint_hooks, tracepoint_limits, tracepoint_works, always },
};

/* How perf writes the return of a function. */
#define EXIT_NAME "__tcp_close%return"

#define N_FLAVOURS (sizeof(flavours) / sizeof(*flavours))

static void degrade(struct observer *o, const char *hook, const char *lost)
{
	char *text;

	if (o->n_degraded < OBSERVER_MAX_PROBES &&
	    asprintf(&text, "%s: %s", hook, lost) > 0)
		o->degraded[o->n_degraded++] = text;
}

static bool wanted(const struct observer *o, const struct hook *hook)
{
	if (hook->when == HOOK_EXIT && !o->config.has_exit_hook)
		return false;
	return !o->config.rst_only ||
	       (hook->when != HOOK_UNLESS_RST_ONLY && hook->when != HOOK_EXIT);
}

/* Choose the programs to load; an essential one that is missing refuses. */
static int choose_programs(struct observer *o, const struct flavour *f)
{
	bool present = true;

	for (const struct hook *h = f->hooks; h->program; h++) {
		struct bpf_program *prog;
		bool skip = h->when == HOOK_FALLBACK && present;

		prog = bpf_object__find_program_by_name(o->object, h->program);
		if (!prog)
			return refuse(o, "no program", h->program, ENOENT);
		present = !skip && wanted(o, h) && f->has(h);
		bpf_program__set_autoload(prog, present);
		if (skip || present || !wanted(o, h))
			continue;
		if (!h->lost)
			return refuse(o, "cannot hook", h->function,
				      EOPNOTSUPP);
		degrade(o, h->function, h->lost);
	}
	for (const struct hook *h = follow_hooks; h->program; h++) {
		struct bpf_program *prog =
			bpf_object__find_program_by_name(o->object, h->program);

		if (!prog)
			return refuse(o, "no program", h->program, ENOENT);
		bpf_program__set_autoload(prog, o->config.follow);
	}
	return 0;
}

/* So many processes of a command are known, alive and ended. */
#define FOLLOW_MAX 32768

static int size_maps(struct observer *o, const struct options *options)
{
	struct bpf_map *map;

	map = bpf_object__find_map_by_name(o->object, "events");
	if (!map || bpf_map__set_max_entries(map, options->buffer_bytes))
		return refuse(o, "cannot size", "the ring buffer", errno);
	if (!o->config.follow)
		return 0;
	map = bpf_object__find_map_by_name(o->object, "pids");
	if (!map || bpf_map__set_max_entries(map, FOLLOW_MAX))
		return refuse(o, "cannot size", "the map pids", errno);
	map = bpf_object__find_map_by_name(o->object, "gone_pids");
	if (!map || bpf_map__set_max_entries(map, FOLLOW_MAX))
		return refuse(o, "cannot size", "the map gone_pids", errno);
	return 0;
}

/* Attach one program. Return: 0, also without one that is not essential. */
static int attach(struct observer *o, const struct hook *h)
{
	struct bpf_program *prog =
		bpf_object__find_program_by_name(o->object, h->program);
	struct bpf_link *link;

	if (!bpf_program__autoload(prog))
		return 0;
	link = bpf_program__attach(prog);
	if (!link && (!h->lost || h->when == HOOK_EXIT))
		return refuse(o, "cannot attach to", h->function, errno);
	if (!link) {
		degrade(o, h->function, h->lost);
		return 0;
	}
	o->probes[o->n_probes++] = h->when == HOOK_EXIT ? EXIT_NAME
							: h->function;
	o->links[o->n_links++] = link;
	return 0;
}

static int fill_pids(struct observer *o, const struct options *options)
{
	int fd = observer_map(o, "pids");
	__u8 one = 1;

	for (size_t i = 0; i < options->pids.n; i++)
		if (bpf_map_update_elem(fd, &options->pids.values[i], &one,
					BPF_ANY))
			return -1;
	return 0;
}

static void add_limits(struct observer *o, const struct flavour *f)
{
	for (const struct limit *l = f->limits; l->hook; l++)
		if (!l->without_reason || !o->config.tp_has_reason)
			degrade(o, l->hook, l->lost);
}

/* Load and attach one flavour. Return: 0, or -1 with the reason in why. */
static int try_flavour(struct observer *o, const struct flavour *f,
		       const struct options *options, bool with_exit)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "rstwatch",
		    .kernel_log_level = getenv("RSTWATCH_LIBBPF_LOG") ? 4 : 0);
	const void *bytes;
	size_t size;

	o->name = f->name;
	kernel_describe(&o->config);
	o->config.has_exit_hook = with_exit;
	bytes = f->bytes(&size);
	o->object = bpf_object__open_mem(bytes, size, &opts);
	if (!o->object)
		return refuse(o, "cannot open", "the BPF object", errno);
	if (rodata_fill(o->object, &o->config, options))
		return refuse(o, "cannot set", "the filters", ENOENT);
	if (size_maps(o, options) || choose_programs(o, f))
		return -1;
	if (bpf_object__load(o->object) || fill_pids(o, options))
		return refuse(o, "cannot load", "the BPF programs", errno);
	for (const struct hook *h = follow_hooks; h->program; h++)
		if (attach(o, h))
			return -1;
	for (const struct hook *h = f->hooks; h->program; h++)
		if (attach(o, h))
			return -1;
	add_limits(o, f);
	return 0;
}

/* The return of __tcp_close is the one hook that has to be known in advance */
static int try_with_and_without_exit(struct observer *o,
				     const struct flavour *f,
				     const struct options *options)
{
	struct hook exit_hook = { .program = "on_exit_",
				  .function = "__tcp_close" };
	bool with_exit = !options->rst_only && f->hooks == function_hooks &&
			 f->has(&exit_hook);

	if (f->works(o))
		return -1;
	if (!try_flavour(o, f, options, with_exit))
		return 0;
	if (!with_exit)
		return -1;
	observer_close(o);
	if (try_flavour(o, f, options, false))
		return -1;
	degrade(o, EXIT_NAME, "linger_waited_ms is unknown");
	return 0;
}

/*
 * CAP_BPF and CAP_PERFMON came with 5.8; CAP_SYS_ADMIN has always been enough.
 */
static bool is_permitted(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) ||
	       (capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF) &&
		capng_have_capability(CAPNG_EFFECTIVE, CAP_PERFMON));
}

/* Is the kernel locked down, so that root is refused as well? */
static bool is_locked_down(void)
{
	char text[128] = "";
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strstr(text, "[integrity]") || strstr(text, "[confidentiality]");
}

#define FIREWALL_LOST "firewall is not seen"

/* What netfilter sends is seen by no tracepoint. */
static void open_firewall(struct observer *o, const struct options *options)
{
	const char *function;

	if (!strcmp(o->name, "tracepoint"))
		return; /* its limits say so */
	firewall_open(&o->firewall, o->object, &o->config, options,
		      !strcmp(o->name, "fentry"));
	for (unsigned int i = 0; (function = firewall_probe(&o->firewall, i));
	     i++)
		o->probes[o->n_probes++] = function;
	for (unsigned int i = 0; (function = firewall_failed(&o->firewall, i));
	     i++)
		degrade(o, function, FIREWALL_LOST);
}

void observer_tend(struct observer *o)
{
	const char *function = firewall_tend(&o->firewall);

	if (function)
		fprintf(stderr, "rstwatch: without %s: " FIREWALL_LOST "\n",
			function);
}

int observer_open(struct observer *o, const struct options *options)
{
	char reasons[OBSERVER_WHY * N_FLAVOURS] = "";

	libbpf_set_print(quiet);
	if (!is_permitted()) {
		fprintf(stderr, "rstwatch: needs root (or the capabilities "
				"CAP_BPF and CAP_PERFMON)\n");
		return EX_NOPERM;
	}
	if (kernel_open()) {
		fprintf(stderr, "rstwatch: this kernel offers no BTF "
				"(CONFIG_DEBUG_INFO_BTF, "
				"/sys/kernel/btf/vmlinux)\n");
		return EX_UNAVAILABLE;
	}
	for (size_t i = 0; i < N_FLAVOURS; i++) {
		const struct flavour *f = &flavours[i];
		size_t len = strlen(reasons);

		if (options->backend != BACKEND_AUTO &&
		    options->backend != f->choice)
			continue;
		if (!try_with_and_without_exit(o, f, options)) {
			open_firewall(o, options);
			kernel_close();
			malloc_trim(0); /* the BTF was most of it */
			return 0;
		}
		observer_close(o);
		snprintf(reasons + len, sizeof(reasons) - len, "%s%s: %s",
			 len ? "; " : "", f->name, o->why);
	}
	kernel_close();
	fprintf(stderr, "rstwatch: this kernel cannot be watched: %s%s\n",
		reasons,
		is_locked_down() ? " (the kernel is locked down)" : "");
	return EX_UNAVAILABLE;
}

void observer_detach(struct observer *b)
{
	firewall_detach(&b->firewall);
	for (size_t i = 0; i < b->n_links; i++)
		bpf_link__destroy(b->links[i]);
	b->n_links = 0;
}

void observer_close(struct observer *b)
{
	observer_detach(b);
	for (size_t i = 0; i < b->n_degraded; i++)
		free(b->degraded[i]);
	b->n_degraded = b->n_probes = 0;
	firewall_close(&b->firewall);
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

	if (cpus <= 0)
		return cpus;
	each = calloc(cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	for (__u32 cause = 0; cause < RW_CAUSE_MAX; cause++) {
		counts[cause] = (struct rw_count){};
		if (bpf_map_lookup_elem(fd, &cause, each))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++) {
			counts[cause].seen += each[cpu].seen;
			counts[cause].lost += each[cpu].lost;
			counts[cause].lost_rst += each[cpu].lost_rst;
		}
	}
	free(each);
	return 0;
}

bool observer_watches(const struct observer *o, uint32_t pid)
{
	uint8_t one;

	return !bpf_map_lookup_elem(observer_map(o, "pids"), &pid, &one) ||
	       !bpf_map_lookup_elem(observer_map(o, "gone_pids"), &pid, &one);
}

uint64_t observer_unfollowed(const struct observer *o)
{
	uint64_t unfollowed = 0;
	uint32_t zero = 0;

	bpf_map_lookup_elem(observer_map(o, "unfollowed"), &zero, &unfollowed);
	return unfollowed;
}

static uint64_t missed_in(const struct bpf_object *object)
{
	struct bpf_program *prog;
	uint64_t missed = 0;

	bpf_object__for_each_program(prog, object)
	{
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_program__fd(prog);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			missed += info.recursion_misses;
	}
	return missed;
}

uint64_t observer_missed(const struct observer *o)
{
	uint64_t missed = missed_in(o->object);

	for (unsigned int i = 0; i < FIREWALL_MODULES; i++) {
		struct bpf_object *object = firewall_object(&o->firewall, i);

		if (object)
			missed += missed_in(object);
	}
	return missed;
}
