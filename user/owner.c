// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel.h"
#include "owner.h"
#include "owner.skel.h"
#include "watch.h"

/* A search may take one part in this many of the time. */
#define SEARCH_SHARE 20

int owner_finder_open(struct owner_finder *f)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts,
		    .btf_custom_path = kernel_btf_path());
	struct bpf_program *prog;
	const void *bytes;
	size_t size;

	memset(f, 0, sizeof(*f));
	bytes = owner_bpf__elf_bytes(&size);
	f->object = bpf_object__open_mem(bytes, size, &opts);
	if (!f->object)
		return -1;
	prog = bpf_object__find_program_by_name(f->object, "find_owner");
	if (prog && !bpf_object__load(f->object))
		f->link = bpf_program__attach_iter(prog, NULL);
	if (f->link)
		return 0;
	owner_finder_close(f);
	f->searched_ns = UINT64_MAX; /* nobody need wait for one */
	return -1;
}

void owner_finder_close(struct owner_finder *f)
{
	bpf_link__destroy(f->link);
	bpf_object__close(f->object);
	f->link = NULL;
	f->object = NULL;
}

bool owner_is_missing(const struct rw_event *event)
{
	uint32_t flags = event->evidence.flags;

	return event->sk && flags & RW_F_SK && event->evidence.state &&
	       !(flags & (RW_F_OWNER | RW_F_DEAD | RW_F_TW)) &&
	       event->evidence.kind < RW_KIND_OWNER;
}

/* Make the kernel walk through all open files of all processes. */
static void search(struct owner_finder *f)
{
	char text[64];
	int fd = bpf_iter_create(bpf_link__fd(f->link));

	if (fd < 0)
		return;
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

/* Take the answer for one event out of the map again. */
static void collect(int map, struct rw_event *event)
{
	struct rw_wanted want;

	if (bpf_map_lookup_elem(map, &event->sk, &want))
		return;
	if (!want.found || want.lport != event->tuple.lport)
		return;
	event->owner = want.owner;
	event->owner_source = RW_OWNER_SCAN;
	event->evidence.flags |= RW_F_OWNER;
}

void owner_find(struct owner_finder *f, struct rw_event *events, size_t n)
{
	uint64_t begin = watch_now();
	bool any = false;
	int map;

	if (!f->link || begin < f->not_before_ns)
		return;
	map = bpf_object__find_map_fd_by_name(f->object, "wanted");
	for (size_t i = 0; i < n; i++) {
		struct rw_wanted want = {
			.lport = events[i].tuple.lport,
			.rport = events[i].tuple.rport,
		};

		if (!owner_is_missing(&events[i]))
			continue;
		any |= !bpf_map_update_elem(map, &events[i].sk, &want, BPF_ANY);
	}
	if (!any)
		return;
	search(f);
	f->searched_ns = begin;
	for (size_t i = 0; i < n; i++) {
		if (!owner_is_missing(&events[i]))
			continue;
		collect(map, &events[i]);
		bpf_map_delete_elem(map, &events[i].sk);
	}
	f->not_before_ns = watch_now() + SEARCH_SHARE * (watch_now() - begin);
}
