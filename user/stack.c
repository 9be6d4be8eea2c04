// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "binaries.h"
#include "kernel_symbols.h"
#include "process_maps.h"
#include "stack.h"

/* Records that wait for their events: no more than a batch has. */
#define PENDING_MAX 4096
#define LOWEST_CODE 4096 /* nothing is mapped below */
#define ADDRESS_BITS 57	 /* of a process, at the most (5 levels) */
#define REREAD_NS (60 * 1000000000ULL)
#define KALLSYMS "/proc/kallsyms"
#define MODULES "/proc/modules"

_Static_assert(sizeof(struct rw_frame) == sizeof(struct bpf_stack_build_id),
	       "the kernel fills in struct rw_frame");

/* A stack being put into words. */
struct text {
	size_t len;
	unsigned int frames;
	char buffer[(RW_USER_FRAMES + 1) * FRAME_MAX];
};
_Static_assert(RW_KERNEL_FRAMES <= RW_USER_FRAMES, "either stack has room");

/* There is one source of records; everything is released by stacks_close(). */
static struct stacks {
	unsigned int wanted; /* RW_STACK_* */
	struct kernel_symbols *kernel;
	uint64_t reread_ns; /* not before, CLOCK_MONOTONIC */
	struct binaries *binaries;
	struct rw_stack *pending[PENDING_MAX]; /* as they came; NULL: taken */
	size_t first, n;
	uint64_t ktime_ns, sk; /* the event whose stacks are in words */
	struct text kernel_text, user_text;
} * s;

/* What BPF itself puts on top of the function that was hooked. */
static const char *const plumbing[] = {
	"bpf_prog_",
	"bpf_trampoline_",
	"bpf_trace_run",
	"__bpf_trace_",
	"__traceiter_",
	"bpf_get_stack",
	"kretprobe_trampoline",
	"__kretprobe_trampoline",
	"arch_rethook_trampoline",
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void read_kernel(void)
{
	kernel_symbols_free(s->kernel);
	s->kernel = kernel_symbols_new(KALLSYMS, MODULES);
	s->reread_ns = now_ns() + REREAD_NS;
}

int stacks_open(unsigned int wanted)
{
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->wanted = wanted;
	s->binaries = binaries_new();
	if (!s->binaries) {
		stacks_close();
		return -ENOMEM;
	}
	if (wanted & RW_STACK_KERNEL)
		read_kernel();
	return 0;
}

void stacks_close(void)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->pending[(s->first + i) % PENDING_MAX]);
	kernel_symbols_free(s->kernel);
	binaries_free(s->binaries);
	free(s);
	s = NULL;
}

const char *stacks_lost(void)
{
	return s->wanted & RW_STACK_KERNEL && !s->kernel ? KALLSYMS
		       " shows no addresses (kptr_restrict), kernel "
		       "frames are numbers"
							 : NULL;
}

void stacks_keep(const struct rw_stack *record)
{
	struct rw_stack *copy = s ? malloc(sizeof(*copy)) : NULL;

	if (!copy)
		return; /* the event will have none */
	*copy = *record;
	if (s->n == PENDING_MAX) { /* of an event that was never shown */
		free(s->pending[s->first]);
		s->first = (s->first + 1) % PENDING_MAX;
		s->n--;
	}
	s->pending[(s->first + s->n++) % PENDING_MAX] = copy;
}

/* The record that came before this event, the caller's now. */
static struct rw_stack *take(const struct rw_event *event)
{
	struct rw_stack *found = NULL;

	for (size_t i = 0; !found && i < s->n; i++) {
		struct rw_stack **at =
			&s->pending[(s->first + i) % PENDING_MAX];

		if (!*at || (*at)->ktime_ns != event->ktime_ns ||
		    (*at)->sk != event->sk)
			continue;
		found = *at;
		*at = NULL;
	}
	while (s->n && !s->pending[s->first]) {
		s->first = (s->first + 1) % PENDING_MAX;
		s->n--;
	}
	return found;
}

static bool is_plumbing(const char *name)
{
	for (size_t i = 0; i < sizeof(plumbing) / sizeof(*plumbing); i++)
		if (!strncmp(name, plumbing[i], strlen(plumbing[i])))
			return true;
	return false;
}

static void __attribute__((format(printf, 2, 3)))
append(char *frame, const char *format, ...)
{
	size_t len = strlen(frame);
	va_list args;

	va_start(args, format);
	vsnprintf(frame + len, FRAME_MAX - len, format, args);
	va_end(args);
}

/* Where the next frame is written; add_frame() keeps it. */
static char *next_frame(struct text *t)
{
	char *frame = t->buffer + t->len + (t->frames ? 1 : 0);

	*frame = '\0';
	return frame;
}

static void add_frame(struct text *t, char *frame)
{
	for (char *c = frame; *c; c++) /* a path may hold anything */
		if (*c == '\n')
			*c = '?';
	if (t->frames++)
		frame[-1] = '\n';
	t->len = (size_t)(frame - t->buffer) + strlen(frame);
}

/*
 * What has no name may be of a module that was loaded since: the table is read
 * again, now and then.
 *
 * A kprobe's first address is that of the function itself; any other is where
 * a call returns to, and the call may have been the last of its function.
 */
static bool find_function(uint64_t address, bool returns,
			  struct kernel_symbol *found)
{
	bool known;

	if (!s->kernel)
		return false;
	/* a return that a kretprobe bends goes to the start of its trampoline */
	if (kernel_symbols_find(s->kernel, address, found) && !found->offset &&
	    is_plumbing(found->name))
		return true;
	known = kernel_symbols_find(s->kernel, address - returns, found);
	if (!known && now_ns() > s->reread_ns) {
		read_kernel();
		known = s->kernel &&
			kernel_symbols_find(s->kernel, address - returns,
					    found);
	}
	if (known)
		found->offset += returns;
	return known;
}

static void kernel_frame(char *frame, uint64_t address,
			 const struct kernel_symbol *symbol)
{
	if (!symbol) {
		append(frame, "0x%" PRIx64, address);
		return;
	}
	append(frame, "%s+0x%" PRIx64, symbol->name, symbol->offset);
	if (*symbol->module)
		append(frame, " [%s]", symbol->module);
}

/*
 * What BPF itself put on the stack is left out: above the hooked function, where
 * some of it may have no name, and where a trampoline calls a function that it
 * also waits for, which then stands there twice.
 */
static void name_kernel(const struct rw_stack *record)
{
	size_t n = record->kernel_bytes > 0
			   ? record->kernel_bytes / sizeof(uint64_t)
			   : 0;
	struct text *t = &s->kernel_text;
	const char *last = "", *around = NULL;
	char *frame;

	for (size_t i = 0; i < n && record->kernel[i]; i++) {
		uint64_t address = record->kernel[i];
		struct kernel_symbol symbol = { .name = "" };
		bool found = find_function(address, i > 0, &symbol);
		bool twice = around && !strcmp(around, symbol.name);

		around = NULL;
		if (found && is_plumbing(symbol.name)) {
			around = last;
			continue;
		}
		if (twice || (!found && !t->frames && s->kernel))
			continue;
		last = symbol.name;
		frame = next_frame(t);
		kernel_frame(frame, address, found ? &symbol : NULL);
		add_frame(t, frame);
	}
}

static void append_id(char *frame, const uint8_t *id)
{
	append(frame, "[");
	for (int i = 0; i < BUILD_ID_LEN; i++)
		append(frame, "%02x", id[i]);
	append(frame, "]");
}

/* @place: in the file; @address: all that is known where there is no file */
static void user_frame(char *frame, struct binary *binary, const uint8_t *id,
		       uint64_t place, const char *path)
{
	char name[FRAME_MAX / 2];

	if (binary && !path)
		path = binary_path(binary);
	if (binary && !id)
		id = binary_build_id(binary);
	if (binary && binary_name(binary, place, true, name, sizeof(name))) {
		append(frame, "%s (%s)", name, path);
		if (id) {
			append(frame, " ");
			append_id(frame, id);
		}
		return;
	}
	if (id) {
		append_id(frame, id);
		append(frame, "+");
	}
	append(frame, "0x%" PRIx64, place);
	if (path && *path)
		append(frame, " (%s)", path);
}

/* Where the kernel saw no build id: what the process has mapped there. */
static void name_address(char *frame, uint64_t address,
			 const struct process_maps *maps)
{
	const struct mapping *m = process_maps_find(maps, address);
	struct binary *binary = m ? binaries_by_mapping(s->binaries, maps, m)
				  : NULL;

	if (binary)
		user_frame(frame, binary, NULL, address - m->begin + m->offset,
			   m->path);
	else
		user_frame(frame, NULL, NULL, address, m ? m->path : NULL);
}

/* The kernel follows frame pointers; without them it may read anything. */
static bool is_garbage(const struct rw_frame *f,
		       const struct process_maps *maps)
{
	if (f->status != BPF_STACK_BUILD_ID_IP)
		return false;
	return f->offset < LOWEST_CODE || f->offset >> ADDRESS_BITS ||
	       (maps->n && !process_maps_find(maps, f->offset));
}

static void name_user(const struct rw_stack *record, const char *comm)
{
	size_t n = record->user_bytes > 0
			   ? record->user_bytes / sizeof(struct rw_frame)
			   : 0;
	struct text *t = &s->user_text;
	char *frame;
	struct process_maps maps;
	bool cut = false;

	if (!n)
		return;
	process_maps_read(&maps, (pid_t)record->pid);
	for (size_t i = 0; i < n; i++) {
		const struct rw_frame *f = &record->user[i];

		if (f->status != BPF_STACK_BUILD_ID_VALID &&
		    f->status != BPF_STACK_BUILD_ID_IP)
			break;
		cut = is_garbage(f, &maps);
		if (cut)
			break;
		frame = next_frame(t);
		if (f->status == BPF_STACK_BUILD_ID_IP)
			name_address(frame, f->offset, &maps);
		else
			user_frame(frame,
				   binaries_by_id(s->binaries, f->build_id,
						  &maps, comm),
				   f->build_id, f->offset, NULL);
		add_frame(t, frame);
	}
	if (cut || t->frames == 1) {
		frame = next_frame(t);
		append(frame, STACK_CUT);
		add_frame(t, frame);
	}
	process_maps_free(&maps);
}

/* Put the stacks of this event into words, if it is not the last one again. */
static void name_stacks(const struct rw_event *event)
{
	char comm[RW_COMM_LEN + 1] = "";
	struct rw_stack *record;

	if (s->ktime_ns == event->ktime_ns && s->sk == event->sk)
		return;
	s->ktime_ns = event->ktime_ns;
	s->sk = event->sk;
	s->kernel_text.frames = s->user_text.frames = 0;
	s->kernel_text.len = s->user_text.len = 0;
	record = take(event);
	if (!record)
		return;
	memcpy(comm, event->actor.comm, RW_COMM_LEN);
	name_kernel(record);
	if (event->evidence.flags & RW_F_ACTOR)
		name_user(record, comm);
	free(record);
}

const char *stacks_text(unsigned int side, const struct rw_event *event)
{
	const struct text *t;

	if (!s || !(event->stacks & side))
		return NULL;
	name_stacks(event);
	t = side == RW_STACK_KERNEL ? &s->kernel_text : &s->user_text;
	return t->frames ? t->buffer : NULL;
}
