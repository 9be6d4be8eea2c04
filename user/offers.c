// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cap-ng.h>

#include "kernel.h"
#include "observer.h"
#include "offers.h"
#include "trial.h"

static enum answer __attribute__((format(printf, 3, 4)))
say(struct fact *fact, enum answer answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fact->detail, sizeof(fact->detail), format, args);
	va_end(args);
	return answer;
}

static enum answer from_trial(struct fact *fact, int (*trial)(struct why *why))
{
	struct why why;

	return trial(&why) ? say(fact, ANSWER_NO, "%s", why.text) : ANSWER_YES;
}

static enum answer btf(struct fact *fact)
{
	static const char own[] = "/sys/kernel/btf/vmlinux";

	if (kernel_btf_path())
		return say(fact, ANSWER_YES, "the file of --btf%s",
			   access(own, R_OK) ? "" : "; the kernel has its own");
	return access(own, R_OK)
		       ? say(fact, ANSWER_NO,
			     "%s: %s (CONFIG_DEBUG_INFO_BTF; or --btf)", own,
			     strerror(errno))
		       : say(fact, ANSWER_YES, "%s", own);
}

static enum answer fentry(struct fact *fact)
{
	return from_trial(fact, trial_fentry);
}

static enum answer kprobes(struct fact *fact)
{
	return from_trial(fact, trial_kprobe);
}

static enum answer typed_tracepoints(struct fact *fact)
{
	return from_trial(fact, trial_typed_tracepoint);
}

/* Whether the kernel's own reason is among the arguments decides much. */
static enum answer raw_tracepoints(struct fact *fact)
{
	struct rw_config config = {};
	enum answer answer = from_trial(fact, trial_raw_tracepoint);

	if (answer != ANSWER_YES || kernel_tracepoint_id("tcp_send_reset") <= 0)
		return answer;
	kernel_describe(&config);
	return say(fact, answer, "tcp_send_reset %s",
		   config.tp_has_reason ? "tells the reason (as from 6.10)"
					: "tells no reason (as before 6.10)");
}

static enum answer lockdown(struct fact *fact)
{
	const char *mode = kernel_lockdown();

	if (!mode)
		return say(fact, ANSWER_UNKNOWN,
			   "/sys/kernel/security/lockdown cannot be read");
	return say(fact,
		   strcmp(mode, "confidentiality") ? ANSWER_YES : ANSWER_NO,
		   "%s", mode);
}

static enum answer capabilities(struct fact *fact)
{
	static const struct {
		unsigned int number;
		const char *name;
	} wanted[] = {
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
	};
	bool permitted = observer_is_permitted();
	size_t len = 0;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (capng_have_capability(CAPNG_EFFECTIVE, wanted[i].number))
			len += snprintf(fact->detail + len,
					sizeof(fact->detail) - len, "%s%s",
					len ? ", " : "", wanted[i].name);
	if (permitted)
		return ANSWER_YES;
	return say(fact, ANSWER_NO, "needs root, or CAP_BPF and CAP_PERFMON");
}

/* Where the hierarchy is mounted; hybrid systems have it in a corner. */
static enum answer cgroup2(struct fact *fact)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char where[128] = "", type[32] = "", line[1024];
	bool found = false;

	if (!mounts)
		return say(fact, ANSWER_UNKNOWN, "/proc/self/mounts: %s",
			   strerror(errno));
	while (!found && fgets(line, sizeof(line), mounts))
		found = sscanf(line, "%*s %127s %31s", where, type) == 2 &&
			!strcmp(type, "cgroup2");
	fclose(mounts);
	return found ? say(fact, ANSWER_YES, "%s", where)
		     : say(fact, ANSWER_NO, "not mounted");
}

/* All addresses are 0 to those who may not see them. */
static enum answer kallsyms(struct fact *fact)
{
	static const char path[] = "/proc/kallsyms";
	FILE *symbols = fopen(path, "re");
	unsigned long long address = 0;

	if (!symbols)
		return say(fact, ANSWER_NO, "%s: %s", path, strerror(errno));
	while (!address && fscanf(symbols, "%llx %*[^\n]", &address) == 1)
		;
	fclose(symbols);
	return address ? say(fact, ANSWER_YES, "%s", path)
		       : say(fact, ANSWER_NO,
			     "addresses are hidden (kernel.kptr_restrict)");
}

static const struct {
	const char *key, *label;
	enum answer (*look)(struct fact *fact);
} facts[] = {
	{ "btf", "BTF", btf },
	{ "fentry", "fentry", fentry },
	{ "kprobes", "kprobes", kprobes },
	{ "typed_tracepoints", "typed tracepoints", typed_tracepoints },
	{ "raw_tracepoints", "raw tracepoints", raw_tracepoints },
	{ "lockdown", "lockdown", lockdown },
	{ "capabilities", "capabilities", capabilities },
	{ "cgroup_v2", "cgroup v2", cgroup2 },
	{ "kallsyms", "kallsyms", kallsyms },
};

bool offers_fact(size_t i, struct fact *fact)
{
	if (i >= sizeof(facts) / sizeof(*facts))
		return false;
	*fact = (struct fact){ .key = facts[i].key, .label = facts[i].label };
	fact->good = facts[i].look(fact);
	return true;
}
