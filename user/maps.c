// SPDX-License-Identifier: GPL-2.0
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "maps.h"

/* So many processes of a command are known, alive and ended. */
#define FOLLOW_MAX 32768

/* So many teardowns under way are known at the least. */
#define UNDER_WAY_MIN 16384

/* Of so many connections the hop limit is remembered, about 5 MiB. */
#define HOPS_MAX 65536

/* A quarter of what is remembered, which is a power of two. */
static uint64_t places_under_way(const struct options *options)
{
	uint64_t places = options->remember / 4;

	return places < UNDER_WAY_MIN ? UNDER_WAY_MIN : places;
}

static uint64_t possible_cpus(void)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus > 0 ? (uint64_t)cpus : 1;
}

/* Each CPU has one in hand: one more for each lets them find another. */
static uint64_t ended_blocks(const struct options *options)
{
	uint64_t blocks = options->remember / RW_ENDED_BLOCK;
	uint64_t least = 2 * possible_cpus();

	return blocks < least ? least : blocks;
}

void maps_shape(struct rw_config *config, const struct options *options)
{
	config->ended_shift =
		__builtin_clzll(options->remember / RW_ENDED_CHAIN) + 1;
	config->context_shift =
		__builtin_clzll(places_under_way(options) / RW_CONTEXT_WAYS) +
		1;
}

const char *maps_size(struct bpf_object *object, const struct options *options,
		      const struct rw_config *config)
{
	const uint64_t under_way = places_under_way(options) / RW_CONTEXT_WAYS;
	const uint64_t blocks = ended_blocks(options);
	const struct {
		const char *name;
		uint64_t entries; /* 0: as in the object */
	} sizes[] = {
		{ "events", options->buffer_bytes },
		{ "owners", config->owner_sets },
		{ "ended", blocks * RW_ENDED_BLOCK },
		{ "ended_latest", options->remember / RW_ENDED_CHAIN },
		{ "ended_blocks", blocks },
		{ "contexts", under_way },
		{ "deaths", under_way },
		{ "hops", config->ttl ? HOPS_MAX : 0 },
		{ "pids", config->follow ? FOLLOW_MAX : 0 },
		{ "gone_pids", config->follow ? FOLLOW_MAX : 0 },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct bpf_map *map =
			bpf_object__find_map_by_name(object, sizes[i].name);

		if (sizes[i].entries &&
		    (!map || bpf_map__set_max_entries(map, sizes[i].entries)))
			return sizes[i].name;
	}
	return NULL;
}

static int fill_pids(struct bpf_object *object, const struct options *options)
{
	int fd = bpf_object__find_map_fd_by_name(object, "pids");
	__u8 one = 1;

	for (size_t i = 0; i < options->pids.n; i++)
		if (bpf_map_update_elem(fd, &options->pids.values[i], &one,
					BPF_ANY))
			return -1;
	return 0;
}

static int fill_blocks(struct bpf_object *object, const struct options *options)
{
	int fd = bpf_object__find_map_fd_by_name(object, "ended_blocks");
	__u32 blocks = ended_blocks(options);

	for (__u32 block = 0; block < blocks; block++)
		if (bpf_map_update_elem(fd, NULL, &block, BPF_ANY))
			return -1;
	return 0;
}

const char *maps_fill(struct bpf_object *object, const struct options *options)
{
	if (fill_pids(object, options))
		return "pids";
	return fill_blocks(object, options) ? "ended_blocks" : NULL;
}
