// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "rodata.h"

/*
 * The reader looks every 30 ms; out of a longer sleep it is woken. In that time a
 * ring of the default size takes what would be 280,000 teardowns a second: then
 * nobody need be woken.
 */
#define WAKE_BELOW (4 << 20)

/*
 * Where a constant of the object lies before loading. Several objects share this
 * code, so the variable is looked up by name rather than through a skeleton.
 */
static void *variable(struct bpf_object *object, const char *name, size_t size)
{
	const struct btf *btf = bpf_object__btf(object);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	struct bpf_map *map;
	const struct btf_type *section;
	size_t total;
	char *base;

	map = bpf_object__find_map_by_name(object, ".rodata");
	if (id < 0 || !map)
		return NULL;
	base = (char *)bpf_map__initial_value(map, &total);
	section = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(section); i++) {
		struct btf_var_secinfo *v = &btf_var_secinfos(section)[i];
		const struct btf_type *var = btf__type_by_id(btf, v->type);

		if (v->size == size && v->offset + size <= total &&
		    !strcmp(btf__name_by_offset(btf, var->name_off), name))
			return base + v->offset;
	}
	return NULL;
}

void rodata_ports(__u64 *set, const struct number_list *ports)
{
	for (size_t i = 0; i < ports->n; i++)
		set[ports->values[i] >> 6] |= 1ULL << (ports->values[i] & 63);
}

static int fill_ports(struct bpf_object *object, const char *name,
		      const struct number_list *ports)
{
	__u64 *set = variable(object, name, RW_PORT_WORDS * sizeof(*set));

	if (!set)
		return -ENOENT;
	rodata_ports(set, ports);
	return 0;
}

void rodata_filters(struct rw_config *config, const struct options *o)
{
	config->cause_mask = o->cause_mask;
	config->rst_only = o->rst_only;
	config->family = o->family;
	config->filter_pid = o->pids.n > 0;
	config->filter_comm = o->comm != NULL;
	if (o->comm) {
		memcpy(config->comm, o->comm, strlen(o->comm) + 1);
		memset(config->comm_mask, 0xff, strlen(o->comm) + 1);
	}
	config->netns = o->netns_inode;
	config->net_family = o->net.family;
	memcpy(config->net, o->net.address, RW_ADDR_LEN);
	memcpy(config->net_mask, o->net.mask, RW_ADDR_LEN);
	config->port_filter = (o->ports.n ? RW_PORT_ANY : 0) |
			      (o->lports.n ? RW_PORT_LOCAL : 0) |
			      (o->rports.n ? RW_PORT_REMOTE : 0);
}

int rodata_fill(struct bpf_object *object, struct rw_config *config,
		const struct options *o)
{
	struct rw_config *target = variable(object, "config", sizeof(*target));

	rodata_filters(config, o);
	config->cgroup = o->cgroup_id;
	config->cgroup_level = o->cgroup_level;
	config->identity = o->json || o->write || o->wide || o->verbose ||
			   o->cgroup;
	config->filters = o->family || config->port_filter || config->netns ||
			  o->net.family || o->cgroup || config->filter_pid ||
			  config->filter_comm;
	config->follow = o->command != NULL;
	config->stacks = o->stacks;
	config->ttl = o->ttl;
	config->stack_room = o->buffer_bytes - o->buffer_bytes / 4;
	config->wake_at = o->buffer_bytes < WAKE_BELOW ? o->buffer_bytes / 4
						       : 0;
	if (!target || fill_ports(object, "port_any", &o->ports) ||
	    fill_ports(object, "port_local", &o->lports) ||
	    fill_ports(object, "port_remote", &o->rports))
		return -ENOENT;
	*target = *config;
	return 0;
}
