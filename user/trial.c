// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "kernel.h"
#include "trial.h"

#define TRACEPOINT "inet_sock_set_state"
#define FUNCTION "tcp_disconnect"

int why_not(struct why *why, const char *what, const char *on, int error)
{
	snprintf(why->text, sizeof(why->text), "%s %s: %s", what, on,
		 strerror(error));
	return -1;
}

/* Load a program that does nothing. Return: its descriptor, or -1 */
static int load(enum bpf_prog_type type, enum bpf_attach_type attach, int id)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach,
		    .attach_btf_id = id > 0 ? id : 0);

	if (id < 0) {
		errno = -id;
		return -1;
	}
	return bpf_prog_load(type, "rw_trial", "GPL", insns,
			     sizeof(insns) / sizeof(*insns), &opts);
}

/* Attach a program and detach it at once; takes @fd, which may be -1. */
static int attach(struct why *why, int fd, const char *name, const char *on)
{
	int link;

	if (fd < 0)
		return why_not(why, "cannot load a program for", on, errno);
	link = bpf_raw_tracepoint_open(name, fd);
	if (link < 0)
		why_not(why, "cannot attach to", on, errno);
	else
		close(link);
	close(fd);
	return link < 0 ? -1 : 0;
}

/* The verifier looks the function up as it will later. */
bool trial_loads(const char *function, bool at_exit)
{
	int fd = load(BPF_PROG_TYPE_TRACING,
		      at_exit ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY,
		      kernel_function_id(function));

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int trial_fentry(struct why *why)
{
	int fd = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY,
		      kernel_function_id(FUNCTION));

	return attach(why, fd, NULL, FUNCTION);
}

int trial_kprobe(struct why *why)
{
	const char *pmu = "/sys/bus/event_source/devices/kprobe/type";

	return access(pmu, R_OK)
		       ? why_not(why, "no kprobes (CONFIG_KPROBES):", pmu,
				 errno)
		       : 0;
}

int trial_raw_tracepoint(struct why *why)
{
	int fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0);

	return attach(why, fd, TRACEPOINT, TRACEPOINT);
}

int trial_typed_tracepoint(struct why *why)
{
	int fd = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP,
		      kernel_tracepoint_id(TRACEPOINT));

	return attach(why, fd, NULL, TRACEPOINT);
}
