// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel.h"
#include "reason.h"

#define REASON_PREFIX "SK_RST_REASON_"
#define REASON_MAX RW_RAW_REASONS

static struct btf *btf;
static const char *btf_path;	       /* NULL: the kernel's own */
static const struct btf_type *reasons; /* enum sk_rst_reason, from 6.10 */
static char *reason_names[REASON_MAX];

/* Names of the reasons that decide anything, by enum rw_reason. */
static const char *const reason_keys[RW_REASON_MAX] = {
	[RW_REASON_TCP_FLAGS] = "TCP_FLAGS",
	[RW_REASON_INVALID_SYN] = "INVALID_SYN",
	[RW_REASON_ABORT_ON_CLOSE] = "TCP_ABORT_ON_CLOSE",
	[RW_REASON_ABORT_ON_LINGER] = "TCP_ABORT_ON_LINGER",
	[RW_REASON_ABORT_ON_MEMORY] = "TCP_ABORT_ON_MEMORY",
	[RW_REASON_KEEPALIVE] = "TCP_KEEPALIVE_TIMEOUT",
	[RW_REASON_STATE] = "TCP_STATE",
};

void kernel_close(void)
{
	btf__free(btf);
	btf = NULL;
	reasons = NULL;
}

const char *kernel_btf_path(void)
{
	return btf_path;
}

int kernel_tracepoint_id(const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf ? btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF)
		   : -ENOENT;
}

const char *kernel_lockdown(void)
{
	static const char *const words[] = { "none", "integrity",
					     "confidentiality" };
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char text[128] = "", *word, *end;
	const char *found = NULL;

	if (!file)
		return NULL;
	word = fgets(text, sizeof(text), file) ? strchr(text, '[') : NULL;
	end = word ? strchr(word, ']') : NULL;
	fclose(file);
	if (!end)
		return NULL;
	*end = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(word + 1, words[i]))
			found = words[i];
	return found;
}

int kernel_function_id(const char *name)
{
	return btf ? btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) : -ENOENT;
}

bool kernel_has_function(const char *name)
{
	return kernel_function_id(name) > 0;
}

static const struct btf_type *prototype(const char *function)
{
	int id = kernel_function_id(function);

	if (id <= 0)
		return NULL;
	return btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
}

/* Position of the argument called @name, -1 when there is none. */
static int argument(const char *function, const char *name)
{
	const struct btf_type *proto = prototype(function);

	for (int i = 0; proto && i < btf_vlen(proto); i++) {
		__u32 off = btf_params(proto)[i].name_off;

		if (!strcmp(btf__name_by_offset(btf, off), name))
			return i;
	}
	return -1;
}

/* Number of arguments of a tracepoint, the hidden first one not counted. */
static int tracepoint_arguments(const char *name)
{
	const struct btf_type *type;
	int id = kernel_tracepoint_id(name);

	if (id <= 0)
		return 0;
	type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	type = btf__type_by_id(btf, type->type);
	return btf_vlen(type) - 1;
}

/* Without the prefix, and not the marker at the end of the enum. */
static const char *short_name(const struct btf_enum *e)
{
	const char *name = btf__name_by_offset(btf, e->name_off);
	size_t len = strlen(REASON_PREFIX);

	return strncmp(name, REASON_PREFIX, len) ? name : name + len;
}

const char *reason_name(int32_t raw)
{
	return raw >= 0 && raw < REASON_MAX ? reason_names[raw] : NULL;
}

/* The BTF is large and goes when the programs are loaded; the names stay. */
static void keep_reason_names(void)
{
	for (int i = 0; reasons && i < btf_vlen(reasons); i++) {
		const struct btf_enum *e = &btf_enum(reasons)[i];

		if (e->val >= 0 && e->val < REASON_MAX && !reason_names[e->val])
			reason_names[e->val] = strdup(short_name(e));
	}
}

/* @name: without its prefix */
static enum rw_reason reason_class(const char *name)
{
	for (int i = 0; i < RW_REASON_MAX; i++)
		if (reason_keys[i] && !strcmp(name, reason_keys[i]))
			return i;
	return strncmp(name, "MPTCP_RST_", 10) ? RW_REASON_OTHER
					       : RW_REASON_MPTCP;
}

static void describe_reasons(struct rw_config *config)
{
	for (int i = 0; reasons && i < btf_vlen(reasons); i++) {
		const struct btf_enum *e = &btf_enum(reasons)[i];
		enum rw_reason class = reason_class(short_name(e));

		if (e->val < 0 || e->val >= RW_RAW_REASONS)
			continue;
		config->reason_of[e->val] = class;
		config->has_state_reason |= class == RW_REASON_STATE;
	}
}

/* The coarse clock ticks once a jiffy: its resolution is 1/HZ. */
static uint32_t ticks_per_second(void)
{
	struct timespec tick = {};

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || !tick.tv_nsec)
		return 250;
	return (1000000000L + tick.tv_nsec / 2) / tick.tv_nsec;
}

/*
 * A kretprobe has as many instances as register_kretprobe() gives it, and a call
 * that finds none is not seen to return. Calls that wait get half of them: the
 * others pass through the same function.
 */
static uint32_t returns_seen(void)
{
	int cpus = libbpf_num_possible_cpus();
	int instances = cpus > 0 ? cpus : 1;
	struct utsname host;

	/* CONFIG_PREEMPTION, which all kernels that can be preempted have */
	if (!uname(&host) && strstr(host.version, " PREEMPT"))
		instances = 2 * instances > 10 ? 2 * instances : 10;
	return instances > 1 ? (uint32_t)instances / 2 : 1;
}

void kernel_describe(struct rw_config *config)
{
	const struct btf_type *accept = prototype("inet_csk_accept");
	const struct btf_type *reset = prototype("tcp_reset");

	config->hz = ticks_per_second();
	config->reason_arg_active = argument("tcp_send_active_reset", "reason");
	config->reason_arg_answer = argument("tcp_v4_send_reset", "reason");
	config->reset_has_skb = reset && btf_vlen(reset) > 1;
	config->accept_args = accept ? btf_vlen(accept) : 0;
	config->tp_has_reason = tracepoint_arguments("tcp_send_reset") == 3;
	config->returns = returns_seen();
	describe_reasons(config);
}

/*
 * With another kernel's BTF wrong fields would be read. What the kernel tells
 * of its own is how large a TCP socket is (tcp_prot.obj_size, net/ipv4/tcp_ipv4.c;
 * its slab cache is never merged). Return: true also where it does not tell.
 */
static bool is_of_this_kernel(void)
{
	FILE *file = fopen("/sys/kernel/slab/TCP/object_size", "re");
	int id = btf__find_by_name_kind(btf, "tcp_sock", BTF_KIND_STRUCT);
	unsigned int size = 0;
	bool told;

	if (!file)
		return true;
	told = fscanf(file, "%u", &size) == 1;
	fclose(file);
	return !told || btf__type_by_id(btf, id)->size == size;
}

int kernel_open(const char *path)
{
	int id;

	btf_path = path;
	btf = path ? btf__parse(path, NULL) : btf__load_vmlinux_btf();
	if (!btf)
		return -errno;
	/* A BPF object has BTF too, and kernel types, but no kernel function. */
	if (btf__find_by_name_kind(btf, "tcp_sock", BTF_KIND_STRUCT) < 0 ||
	    !kernel_has_function("tcp_disconnect")) {
		kernel_close();
		return -ESRCH;
	}
	if (path && !is_of_this_kernel()) {
		kernel_close();
		return -ESTALE;
	}
	id = btf__find_by_name_kind(btf, "sk_rst_reason", BTF_KIND_ENUM);
	reasons = id > 0 ? btf__type_by_id(btf, id) : NULL;
	keep_reason_names();
	return 0;
}
