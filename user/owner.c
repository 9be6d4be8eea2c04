// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel.h"
#include "owner.h"
#include "observer.h"
#include "owner.skel.h"
#include "watch.h"

/* A search may take one part in this many of the time. */
#define SEARCH_SHARE 20

/* As in bpf/owner.bpf.c: files of each process in one pass. */
#define FILES_A_PASS 1024

/* Sets of four: 50 KB at the least, 3 MB for connections to come, 50 MB at most. */
#define OWNER_SETS_MIN (1 << 8)
#define OWNER_SETS_KEPT (1 << 14)
#define OWNER_SETS_MAX (1 << 18)

/* All TCP sockets of this host, as far as the kernel tells. */
static unsigned long count_sockets(void)
{
	FILE *file = fopen("/proc/net/sockstat", "re");
	unsigned long all = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "TCP: %*s %*s %*s %*s %*s %*s alloc %lu",
			   &all) == 1)
			break;
	if (file)
		fclose(file);
	return all;
}

/* Every event looks into it: the smaller, the more of it is in the cache. */
uint32_t owner_sets(bool kept)
{
	unsigned long sockets = count_sockets();
	unsigned long want = kept ? OWNER_SETS_KEPT : 2 * sockets;
	uint32_t sets = OWNER_SETS_MIN;

	if (want > OWNER_SETS_KEPT)
		want = OWNER_SETS_KEPT;
	if (want < sockets / 2) /* twice, by four */
		want = sockets / 2;
	while (sets < want && sets < OWNER_SETS_MAX)
		sets <<= 1;
	return sets;
}

/* Make the kernel walk once through the open files of all processes. */
static void pass(struct owner_finder *f)
{
	char text[64];
	int fd = bpf_iter_create(bpf_link__fd(f->link));

	if (fd < 0)
		return;
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

/* As many passes as the process with the most files needs. */
static void search(struct owner_finder *f, uint32_t sets)
{
	int map = bpf_object__find_map_fd_by_name(f->object, "search");
	struct rw_search s = { .sets = sets };
	uint32_t zero = 0;

	do {
		s.more = 0;
		if (bpf_map_update_elem(map, &zero, &s, BPF_ANY))
			return;
		pass(f);
		if (bpf_map_lookup_elem(map, &zero, &s))
			return;
		s.first += FILES_A_PASS;
	} while (s.more);
}

/* The programs of both objects share the map of owners. */
static int share_owners(struct owner_finder *f, const struct observer *o)
{
	struct bpf_map *map = bpf_object__find_map_by_name(f->object, "owners");

	return map ? bpf_map__reuse_fd(map, observer_map(o, "owners")) : -1;
}

int owner_finder_open(struct owner_finder *f, const struct observer *o)
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
	if (prog && !share_owners(f, o) && !bpf_object__load(f->object))
		f->link = bpf_program__attach_iter(prog, NULL);
	if (f->link) {
		search(f, o->config.owner_sets);
		return 0;
	}
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

/* Take the answer for one event out of the map again. */
static void collect(int map, struct rw_event *event)
{
	struct rw_wanted want;

	if (bpf_map_lookup_elem(map, &event->sk, &want))
		return;
	if (!want.found || want.lport != event->tuple.lport)
		return;
	if (!(event->evidence.flags & RW_F_OWNER) ||
	    event->owner.pid != want.owner.pid)
		event->owner_source = RW_OWNER_SCAN;
	event->owner = want.owner;
	event->evidence.flags |= RW_F_OWNER;
}

/* Return: whether the search is to look for it. */
static bool want(int map, const struct rw_event *event)
{
	struct rw_wanted want = {
		.lport = event->tuple.lport,
		.rport = event->tuple.rport,
	};

	if (event->evidence.flags & RW_F_OWNER)
		want.likely = event->owner.pid;
	return !bpf_map_update_elem(map, &event->sk, &want, BPF_ANY);
}

void owner_find(struct owner_finder *f, struct rw_event *events, size_t n)
{
	uint64_t begin = watch_now();
	bool any = false;
	int map;

	if (!f->link || begin < f->not_before_ns)
		return;
	map = bpf_object__find_map_fd_by_name(f->object, "wanted");
	for (size_t i = 0; i < n; i++)
		if (owner_may_change(&events[i]))
			any |= want(map, &events[i]);
	if (!any)
		return;
	search(f, 0);
	f->searched_ns = begin;
	for (size_t i = 0; i < n; i++) {
		if (!owner_may_change(&events[i]))
			continue;
		collect(map, &events[i]);
		bpf_map_delete_elem(map, &events[i].sk);
	}
	f->not_before_ns = watch_now() + SEARCH_SHARE * (watch_now() - begin);
}
