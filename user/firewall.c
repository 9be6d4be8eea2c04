// SPDX-License-Identifier: GPL-2.0
/* Attach to netfilter's reset functions when they appear: see firewall.h. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "firewall.h"
#include "kernel.h"
#include "rodata.h"
#include "watch.h"

#include "firewall_fentry.skel.h"
#include "firewall_kprobe.skel.h"

#define LOOK_NS 100000000ULL
#define BUILTIN UINT64_MAX /* no inode: a part of the kernel itself */

/* Function names of a module; the first is the one that is always there. */
struct module {
	const char *directory;
	const char *btf;
	const char *functions[FIREWALL_HOOKS];
};

static const struct module modules[FIREWALL_MODULES] = {
	{ "/sys/module/nf_reject_ipv4",
	  "/sys/kernel/btf/nf_reject_ipv4",
	  { "nf_send_reset", "nf_reject_skb_v4_tcp_reset" } },
	{ "/sys/module/nf_reject_ipv6",
	  "/sys/kernel/btf/nf_reject_ipv6",
	  { "nf_send_reset6", "nf_reject_skb_v6_tcp_reset" } },
};

/*
 * Ways to attach, best first: trampolines need the module's BTF and functions
 * that are all there, kprobes neither (5.10 has no BTF of modules).
 */
struct way {
	const void *(*bytes)(size_t *size);
	unsigned int hooks; /* that are tried */
	bool trampoline;
};

static const struct way ways[] = {
	{ firewall_fentry_bpf__elf_bytes, 2, true },
	{ firewall_fentry_bpf__elf_bytes, 1, true },
	{ firewall_kprobe_bpf__elf_bytes, 2, false },
};

/*
 * What is loaded under this name, told apart from what was loaded before; 0 for
 * nothing.
 */
static uint64_t look(const struct module *m, bool builtin)
{
	struct stat st;

	if (builtin)
		return BUILTIN;
	return stat(m->directory, &st) ? 0 : st.st_ino;
}

/* Asked first because it is quick: loading a program that is refused is not. */
static bool takes_trampolines(const struct firewall *f, const struct module *m,
			      const struct firewall_module *at)
{
	return f->trampolines && (at->seen == BUILTIN || !access(m->btf, R_OK));
}

/* Events, counters and all that is remembered are those of the main object. */
static int share_maps(struct bpf_object *object, struct bpf_object *main)
{
	struct bpf_map *map, *theirs;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);

		if (bpf_map__is_internal(map))
			continue;
		theirs = bpf_object__find_map_by_name(main, name);
		if (!theirs || bpf_map__reuse_fd(map, bpf_map__fd(theirs)))
			return -1;
	}
	return 0;
}

/* Load only the programs of this module. */
static void choose(struct bpf_object *object, const struct module *m,
		   unsigned int hooks)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, object)
	{
		const char *function = bpf_program__name(prog) + strlen("on_");
		bool ours = false;

		for (unsigned int i = 0; i < hooks; i++)
			ours |= !strcmp(function, m->functions[i]);
		bpf_program__set_autoload(prog, ours);
	}
}

static void drop_links(struct firewall_module *at)
{
	for (unsigned int i = 0; i < FIREWALL_HOOKS; i++) {
		bpf_link__destroy(at->links[i]);
		at->links[i] = NULL;
	}
}

static void drop(struct firewall_module *at)
{
	drop_links(at);
	bpf_object__close(at->object);
	at->object = NULL;
}

/* Return: 0 when the first function of the module is hooked */
static int try_way(struct firewall *f, const struct module *m,
		   struct firewall_module *at, const struct way *way)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "rw_firewall",
		    .btf_custom_path = kernel_btf_path());
	struct rw_config config = *f->config;
	struct bpf_program *prog;
	const void *bytes;
	char name[40];
	size_t size;

	bytes = way->bytes(&size);
	at->object = bpf_object__open_mem(bytes, size, &opts);
	if (!at->object || rodata_fill(at->object, &config, f->options))
		return -1;
	choose(at->object, m, way->hooks);
	if (share_maps(at->object, f->main) || bpf_object__load(at->object))
		return -1;
	for (unsigned int i = 0; i < way->hooks; i++) {
		snprintf(name, sizeof(name), "on_%s", m->functions[i]);
		prog = bpf_object__find_program_by_name(at->object, name);
		at->links[i] = prog ? bpf_program__attach(prog) : NULL;
	}
	return at->links[0] ? 0 : -1;
}

static void attach(struct firewall *f, const struct module *m,
		   struct firewall_module *at)
{
	bool trampolines = takes_trampolines(f, m, at);

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (ways[i].trampoline && !trampolines)
			continue;
		if (!try_way(f, m, at, &ways[i]))
			return;
		drop(at);
	}
	at->failed = true;
}

/* Return: whether anything has changed */
static bool tend(struct firewall *f, unsigned int i)
{
	struct firewall_module *at = &f->modules[i];
	uint64_t seen = look(&modules[i], at->seen == BUILTIN);

	if (seen == at->seen)
		return false;
	drop(at);
	at->seen = seen;
	at->failed = false;
	if (seen)
		attach(f, &modules[i], at);
	return true;
}

void firewall_open(struct firewall *f, struct bpf_object *main,
		   const struct rw_config *config,
		   const struct options *options, bool trampolines)
{
	memset(f, 0, sizeof(*f));
	f->trampolines = trampolines;
	f->main = main;
	f->config = config;
	f->options = options;
	f->wanted = options->cause_mask & 1ULL << RW_CAUSE_FIREWALL;
	for (unsigned int i = 0; f->wanted && i < FIREWALL_MODULES; i++) {
		struct firewall_module *at = &f->modules[i];

		at->seen = look(&modules[i],
				kernel_has_function(modules[i].functions[0]));
		if (at->seen)
			attach(f, &modules[i], at);
	}
}

const char *firewall_tend(struct firewall *f)
{
	uint64_t now;

	if (!f->wanted)
		return NULL;
	now = watch_now();
	if (now < f->next_ns)
		return NULL;
	f->next_ns = now + LOOK_NS;
	for (unsigned int i = 0; i < FIREWALL_MODULES; i++)
		if (tend(f, i) && f->modules[i].failed)
			return modules[i].functions[0];
	return NULL;
}

const char *firewall_probe(const struct firewall *f, unsigned int index)
{
	for (unsigned int i = 0; i < FIREWALL_MODULES * FIREWALL_HOOKS; i++)
		if (f->modules[i / FIREWALL_HOOKS].links[i % FIREWALL_HOOKS] &&
		    !index--)
			return modules[i / FIREWALL_HOOKS]
				.functions[i % FIREWALL_HOOKS];
	return NULL;
}

const char *firewall_failed(const struct firewall *f, unsigned int index)
{
	for (unsigned int i = 0; i < FIREWALL_MODULES; i++)
		if (f->modules[i].failed && !index--)
			return modules[i].functions[0];
	return NULL;
}

struct bpf_object *firewall_object(const struct firewall *f, unsigned int index)
{
	return f->modules[index].object;
}

void firewall_detach(struct firewall *f)
{
	for (unsigned int i = 0; i < FIREWALL_MODULES; i++)
		drop_links(&f->modules[i]);
}

void firewall_close(struct firewall *f)
{
	for (unsigned int i = 0; i < FIREWALL_MODULES; i++)
		drop(&f->modules[i]);
	f->wanted = false;
}
