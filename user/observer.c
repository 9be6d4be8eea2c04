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
#include "cgroup_mount.h"
#include "hooks.h"
#include "kernel.h"
#include "maps.h"
#include "netns_counters.h"
#include "rodata.h"

#include "fentry.skel.h"
#include "kprobe.skel.h"
#include "kprobe_typed.skel.h"
#include "tracepoint.skel.h"
#include "tracepoint_typed.skel.h"

/* One way to attach: its object, its hooks, and whether it can work here. */
struct flavour {
	enum backend choice;
	const char *name;
	const void *(*bytes)(size_t *size);
	/* The same with typed pointers, and when; NULL: they always are. */
	const void *(*typed_bytes)(size_t *size);
	bool (*is_typed)(void);
	const struct hook *hooks;
	const struct limit *limits;
	const char *needs; /* of the kernel, for a person */
	/* Can anything be attached? Asked first, because it is quick. */
	int (*works)(struct why *why);
	/* Can this hook be attached? Asked before the object is loaded. */
	bool (*has)(const struct hook *hook);
};

static int loud(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level;
	return vfprintf(stderr, format, ap);
}

/* Remember why this flavour does not work; Return: -1 */
static int refuse(struct observer *o, const char *what, const char *on,
		  int error)
{
	return why_not(&o->why, what, on, error);
}

static int tracepoint_works(struct why *why)
{
	(void)why;
	return 0;
}

static bool fentry_loads(const struct hook *hook)
{
	return trial_loads(hook->function, strstr(hook->program, "on_exit_"));
}

static bool always(const struct hook *hook)
{
	(void)hook;
	return true;
}

/* What a kprobe is given can be made typed. */
static bool can_cast(void)
{
	return kernel_has_function("bpf_rdonly_cast");
}

static bool has_typed_tracepoints(void)
{
	struct why why;

	return !trial_typed_tracepoint(&why);
}

static const struct flavour flavours[] = {
	{ BACKEND_FENTRY, "fentry", fentry_bpf__elf_bytes, NULL, NULL,
	  function_hooks, no_limits,
	  "BPF trampolines (CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS) and the "
	  "kernel's own BTF (CONFIG_DEBUG_INFO_BTF)",
	  trial_fentry, fentry_loads },
	{ BACKEND_KPROBE, "kprobe", kprobe_bpf__elf_bytes,
	  kprobe_typed_bpf__elf_bytes, can_cast, function_hooks, kprobe_limits,
	  "CONFIG_KPROBES and CONFIG_KPROBE_EVENTS", trial_kprobe, always },
	{ BACKEND_TRACEPOINT, "tracepoint", tracepoint_bpf__elf_bytes,
	  tracepoint_typed_bpf__elf_bytes, has_typed_tracepoints,
	  tracepoint_hooks, tracepoint_limits, "CONFIG_TRACEPOINTS",
	  tracepoint_works, always },
};

#define N_FLAVOURS (sizeof(flavours) / sizeof(*flavours))
_Static_assert(N_FLAVOURS == OBSERVER_FLAVOURS, "one refusal each");

static void blinded(struct observer *o, uint8_t counters, const char *why)
{
	if (counters && o->n_blind < OBSERVER_MAX_PROBES)
		o->blind[o->n_blind++] = (struct blind){ counters, why };
}

void observer_lose(struct observer *o, const struct loss *loss)
{
	char *text;

	if (o->n_degraded == OBSERVER_MAX_PROBES ||
	    asprintf(&text, "%s: %s", loss->hook, loss->lost) < 0)
		return;
	o->losses[o->n_degraded] = *loss;
	o->degraded[o->n_degraded++] = text;
	blinded(o, loss->counters, text);
}

static void degrade(struct observer *o, const struct hook *hook)
{
	const struct loss loss = {
		.hook = hook->probe,
		.lost = hook->lost,
		.causes = hook->causes,
		.evidence = hook->evidence,
		.back = kernel_has_function(hook->function)
				? "a kernel that lets this be traced"
				: "a kernel that has it, by version or "
				  "configuration",
		.counters = hook->counters,
	};

	observer_lose(o, &loss);
}

static bool wanted(const struct observer *o, const struct hook *hook)
{
	switch (hook->when) {
	case HOOK_EXIT:
		return o->config.has_exit_hook && !o->config.rst_only;
	case HOOK_SILENT:
		return !o->config.rst_only || o->audited;
	case HOOK_UNLESS_RST_ONLY:
		return !o->config.rst_only;
	case HOOK_FOR_OWNERS:
		return o->config.filter_pid || o->config.filter_comm;
	case HOOK_FOR_TTL:
		return o->config.ttl;
	case HOOK_FOR_HOPS:
		return o->config.ttl && o->config.reset_has_skb;
	case HOOK_RELEASE:
		return o->sees_release;
	case HOOK_UNLESS_RELEASE:
		return !o->sees_release;
	default:
		return true;
	}
}

/* Choose the programs to load; an essential one that is missing refuses. */
static int choose_programs(struct observer *o, const struct flavour *f)
{
	bool present = true;

	for (const struct hook *h = f->hooks; h->program; h++) {
		struct bpf_program *prog;
		bool skip = h->when == HOOK_FALLBACK && present;

		prog = bpf_object__find_program_by_name(o->object, h->program);
		if (!prog && h->when == HOOK_RELEASE && !wanted(o, h))
			continue; /* it is typed */
		if (!prog)
			return refuse(o, "no program", h->program, ENOENT);
		present = !skip && wanted(o, h) && f->has(h);
		bpf_program__set_autoload(prog, present);
		if (!wanted(o, h))
			blinded(o, h->counters, "not watched with -r alone");
		if (skip || present || !wanted(o, h))
			continue;
		if (!h->lost)
			return refuse(o, "cannot hook", h->function,
				      EOPNOTSUPP);
		degrade(o, h);
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

/* What the root cgroup passes all others pass, too. */
static struct bpf_link *attach_to_root(const struct bpf_program *prog)
{
	int root = cgroup_root();
	struct bpf_link *link = bpf_program__attach_cgroup(prog, root);
	int error = errno;

	if (root >= 0)
		close(root);
	errno = error;
	return link;
}

/* Attach one program. Return: 0, also without one that is not essential. */
static int attach(struct observer *o, const struct hook *h)
{
	struct bpf_program *prog =
		bpf_object__find_program_by_name(o->object, h->program);
	struct bpf_link *link;

	if (!prog || !bpf_program__autoload(prog))
		return 0;
	link = h->when == HOOK_RELEASE ? attach_to_root(prog)
				       : bpf_program__attach(prog);
	if (!link && (!h->lost || h->when == HOOK_EXIT))
		return refuse(o, "cannot attach to", h->function, errno);
	if (!link) {
		degrade(o, h);
		return 0;
	}
	o->probes[o->n_probes++] = h->probe;
	o->links[o->n_links++] = link;
	return 0;
}

static void add_limits(struct observer *o, const struct flavour *f)
{
	if (f->hooks == function_hooks && !o->config.reset_has_skb)
		observer_lose(
			o, &(struct loss){
				   "tcp_reset",
				   "rst is null: the segment is not shown",
				   .evidence = "rst", .back = "kernel 5.11" });
	if (f->hooks == function_hooks && !o->config.reset_has_skb &&
	    o->config.ttl)
		observer_lose(
			o,
			&(struct loss){ "tcp_reset",
					"suspect_injected is null: the segment "
					"is not shown",
					.evidence = "suspect_injected",
					.back = "kernel 5.11" });
	for (const struct limit *l = f->limits; l->hook; l++)
		if ((!l->without_reason || !o->config.tp_has_reason) &&
		    (!l->with_ttl || o->config.ttl) &&
		    (!l->with_release || o->sees_release))
			observer_lose(o,
				      &(struct loss){ l->hook, l->lost,
						      l->causes, l->evidence,
						      l->back, l->counters });
}

/* Load and attach one flavour. Return: 0, or -1 with the reason in why. */
static int try_flavour(struct observer *o, const struct flavour *f,
		       const struct options *options, bool with_extra,
		       bool typed)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "rstwatch",
		    .btf_custom_path = kernel_btf_path(),
		    .kernel_log_level = options->debug ? 4 : 0);
	const char *map;
	const void *bytes;
	size_t size;

	o->name = f->name;
	o->audited = options->audit;
	o->misses_uncounted = f->limits == kprobe_limits;
	kernel_describe(&o->config);
	o->config.has_exit_hook = with_extra && f->hooks == function_hooks;
	o->sees_release = with_extra && f->hooks == tracepoint_hooks;
	o->config.netns_cookies = netns_has_cookies();
	o->config.can_cast = can_cast();
	bytes = typed ? f->typed_bytes(&size) : f->bytes(&size);
	o->object = bpf_object__open_mem(bytes, size, &opts);
	if (!o->object)
		return refuse(o, "cannot open", "the BPF object", errno);
	o->config.owner_sets = owner_sets(options->pids.n || options->comm ||
					  options->command);
	maps_shape(&o->config, options);
	if (rodata_fill(o->object, &o->config, options))
		return refuse(o, "cannot set", "the filters", ENOENT);
	map = maps_size(o->object, options, &o->config);
	if (map)
		return refuse(o, "cannot size the map", map, errno);
	if (choose_programs(o, f))
		return -1;
	if (bpf_object__load(o->object))
		return refuse(o, "cannot load", "the BPF programs", errno);
	map = maps_fill(o->object, options);
	if (map)
		return refuse(o, "cannot fill the map", map, errno);
	for (const struct hook *h = follow_hooks; h->program; h++)
		if (attach(o, h))
			return -1;
	for (const struct hook *h = f->hooks; h->program; h++)
		if (attach(o, h))
			return -1;
	add_limits(o, f);
	return 0;
}

static const struct hook exit_hook = { .program = "on_exit_",
				       .function = "__tcp_close",
				       .probe = "__tcp_close%return",
				       .lost = "linger_waited_ms is unknown",
				       .evidence = "linger_waited_ms" };

/*
 * Resets alone are told from what close() begins with as well, which costs a fraction
 * of all changes of state.
 */
static bool release_is_enough(const struct options *options)
{
	return options->rst_only && !options->audit && !options->stacks;
}

/* Is there a hook the programs could rely on? */
static bool has_extra(const struct flavour *f, const struct options *options,
		      bool typed)
{
	int root;

	if (f->hooks == function_hooks)
		return !options->rst_only && f->has(&exit_hook);
	if (!typed || !can_cast() || !release_is_enough(options))
		return false;
	root = cgroup_root();
	if (root >= 0)
		close(root);
	return root >= 0;
}

/* What the programs rely on has to be known in advance: it is tried. */
static int try_with_and_without_extra(struct observer *o,
				      const struct flavour *f,
				      const struct options *options, bool typed)
{
	bool with_extra = has_extra(f, options, typed);

	if (!try_flavour(o, f, options, with_extra, typed))
		return 0;
	if (!with_extra)
		return -1;
	observer_close(o);
	if (try_flavour(o, f, options, false, typed))
		return -1;
	if (f->hooks == function_hooks)
		degrade(o, &exit_hook);
	return 0;
}

/* Types come from the kernel's own BTF: a file names them by other numbers. */
static int try_typed_and_probed(struct observer *o, const struct flavour *f,
				const struct options *options)
{
	if (f->works(&o->why))
		return -1;
	if (f->typed_bytes && !options->btf && f->is_typed()) {
		if (!try_with_and_without_extra(o, f, options, true))
			return 0;
		observer_close(o);
	}
	return try_with_and_without_extra(o, f, options, false);
}

/*
 * CAP_BPF and CAP_PERFMON came with 5.8; CAP_SYS_ADMIN has always been enough.
 */
bool observer_is_permitted(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) ||
	       (capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF) &&
		capng_have_capability(CAPNG_EFFECTIVE, CAP_PERFMON));
}

/* Say why there is nothing to observe with. Return: @status */
static int give_up(struct observer *o, int status, const char *text)
{
	snprintf(o->error, sizeof(o->error), "%s", text);
	return status;
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
		observer_lose(o,
			      &(struct loss){
				      .hook = function,
				      .lost = FIREWALL_LOST,
				      .causes = LOST_CAUSE(FIREWALL),
				      .back = "a module that can be traced" });
}

void observer_tend(struct observer *o)
{
	const char *function = firewall_tend(&o->firewall);

	if (function)
		fprintf(stderr,
			"rstwatch: %s cannot be hooked: " FIREWALL_LOST "\n",
			function);
}

/* No flavour works: what each lacks. */
static int give_up_all(struct observer *o, bool debug)
{
	const char *lockdown = kernel_lockdown();
	size_t len = 0;

	for (size_t i = 0; i < o->n_refused; i++)
		len += snprintf(o->error + len, sizeof(o->error) - len,
				"%s%s: %s",
				i ? "; " : "this kernel cannot be watched: ",
				o->refused[i].flavour, o->refused[i].why.text);
	if (lockdown && strcmp(lockdown, "none") != 0)
		len += snprintf(o->error + len, sizeof(o->error) - len,
				" (the kernel is locked down)");
	if (!debug)
		snprintf(o->error + len, sizeof(o->error) - len,
			 " (--debug shows libbpf's log)");
	return EX_UNAVAILABLE;
}

/* The flavours in their order, as far as the options leave a choice. */
static int try_flavours(struct observer *o, const struct options *options)
{
	for (size_t i = 0; i < N_FLAVOURS; i++) {
		const struct flavour *f = &flavours[i];
		struct refusal *refusal = &o->refused[o->n_refused];

		if (options->backend != BACKEND_AUTO &&
		    options->backend != f->choice)
			continue;
		if (!try_typed_and_probed(o, f, options)) {
			open_firewall(o, options);
			return 0;
		}
		observer_close(o);
		*refusal = (struct refusal){ f->name, o->why };
		o->n_refused++;
	}
	o->name = NULL;
	return give_up_all(o, options->debug);
}

/* kernel_open() failed with @err. */
static int give_up_btf(struct observer *o, const char *path, int err)
{
	if (path && err == -ESTALE)
		return give_up(o, EX_USAGE,
			       "the file of --btf holds the BTF of another "
			       "kernel: a TCP socket has another size here");
	if (path)
		return give_up(o, EX_USAGE,
			       "the file of --btf holds no BTF of a kernel");
	return give_up(o, EX_UNAVAILABLE,
		       "this kernel offers no BTF (CONFIG_DEBUG_INFO_BTF, "
		       "/sys/kernel/btf/vmlinux); --btf takes it from a file");
}

int observer_try(struct observer *o, const struct options *options)
{
	int status;

	libbpf_set_print(options->debug ? loud : NULL);
	if (!observer_is_permitted())
		return give_up(o, EX_NOPERM,
			       "needs root (or the capabilities CAP_BPF and "
			       "CAP_PERFMON)");
	status = kernel_open(options->btf);
	if (status)
		return give_up_btf(o, options->btf, status);
	status = try_flavours(o, options);
	if (!status)
		owner_finder_open(&o->owners, o);
	kernel_close();
	malloc_trim(0); /* the BTF was most of it */
	return status;
}

int observer_open(struct observer *o, const struct options *options)
{
	int status = observer_try(o, options);

	if (status)
		fprintf(stderr, "rstwatch: %s\n", o->error);
	return status;
}

bool observer_offers(size_t i, struct offer *offer)
{
	if (i >= N_FLAVOURS)
		return false;
	*offer = (struct offer){ .flavour = flavours[i].name,
				 .needs = flavours[i].needs };
	offer->works = !flavours[i].works(&offer->why);
	return true;
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
	b->n_degraded = b->n_probes = b->n_blind = 0;
	firewall_close(&b->firewall);
	owner_finder_close(&b->owners);
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

bool observer_minisocks(const struct observer *o, uint64_t *counts)
{
	int cpus = libbpf_num_possible_cpus();
	int fd = observer_map(o, "minisocks");
	uint64_t *each = NULL;
	bool counted = false;

	for (size_t i = 0; i < o->n_probes; i++)
		counted |= !strcmp(o->probes[i], "tcp_timewait_state_process");
	if (counted && cpus > 0)
		each = calloc(cpus, sizeof(*each));
	if (!each)
		return false;
	for (__u32 i = 0; i < RW_MINISOCK_MAX; i++) {
		counts[i] = 0;
		if (bpf_map_lookup_elem(fd, &i, each))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			counts[i] += each[cpu];
	}
	free(each);
	return true;
}

bool observer_watches(const struct observer *o, uint32_t pid)
{
	uint8_t one;

	return !bpf_map_lookup_elem(observer_map(o, "pids"), &pid, &one) ||
	       !bpf_map_lookup_elem(observer_map(o, "gone_pids"), &pid, &one);
}

uint64_t observer_full(const struct observer *o, enum rw_full which)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *each = calloc(cpus > 0 ? cpus : 1, sizeof(*each)), sum = 0;
	__u32 key = which;

	if (each &&
	    !bpf_map_lookup_elem(observer_map(o, "map_full"), &key, each))
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += each[cpu];
	free(each);
	return sum;
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
