// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binaries.h"
#include "text.h"

/* Each holds a descriptor, and debug information once it was asked. */
#define BINARIES_MAX 96

/* Which file of which file system: a name may have come to mean another. */
struct entry {
	struct binary *binary; /* NULL: no ELF file, not opened again */
	dev_t device;
	uint64_t inode;
	uint64_t used; /* larger is later */
};

struct binaries {
	struct entry entries[BINARIES_MAX];
	size_t n;
	uint64_t uses;
};

struct binaries *binaries_new(void)
{
	return calloc(1, sizeof(struct binaries));
}

void binaries_free(struct binaries *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		binary_close(b->entries[i].binary);
	free(b);
}

/* A place for one more; the one unused for longest goes. */
static struct entry *add(struct binaries *b, struct binary *binary,
			 dev_t device, uint64_t inode)
{
	struct entry *e = &b->entries[0];

	if (b->n < BINARIES_MAX) {
		e = &b->entries[b->n++];
	} else {
		for (size_t i = 1; i < b->n; i++)
			if (b->entries[i].used < e->used)
				e = &b->entries[i];
		binary_close(e->binary);
	}
	*e = (struct entry){ binary, device, inode, ++b->uses };
	return e;
}

static struct binary *find_id(struct binaries *b, const uint8_t *id)
{
	for (size_t i = 0; i < b->n; i++) {
		struct entry *e = &b->entries[i];
		const uint8_t *its = e->binary ? binary_build_id(e->binary)
					       : NULL;

		if (!its || memcmp(its, id, BUILD_ID_LEN) != 0)
			continue;
		e->used = ++b->uses;
		return e->binary;
	}
	return NULL;
}

struct binary *binaries_by_mapping(struct binaries *b,
				   const struct process_maps *maps,
				   const struct mapping *m)
{
	struct binary *binary = NULL;
	int fd;

	if (!m->inode)
		return NULL;
	for (size_t i = 0; i < b->n; i++) {
		struct entry *e = &b->entries[i];

		if (e->inode != m->inode || e->device != m->device)
			continue;
		e->used = ++b->uses;
		return e->binary;
	}
	fd = process_maps_open(maps, m);
	if (fd >= 0)
		binary = binary_open(fd, m->path);
	else
		return NULL; /* another time perhaps */
	return add(b, binary, m->device, m->inode)->binary;
}

/* A file at @path, if it has that build id. */
static struct binary *try_path(struct binaries *b, const char *path,
			       const uint8_t *id)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct binary *binary = fd < 0 ? NULL : binary_open(fd, path);
	const uint8_t *its = binary ? binary_build_id(binary) : NULL;

	if (its && !memcmp(its, id, BUILD_ID_LEN))
		return add(b, binary, 0, 0)->binary;
	binary_close(binary);
	return NULL;
}

/* The program of a process that is gone, where programs usually are. */
static struct binary *try_name(struct binaries *b, const char *comm,
			       const uint8_t *id)
{
	static const char *const directories[] = { "/usr/bin", "/usr/sbin",
						   "/usr/local/bin",
						   "/usr/local/sbin" };
	struct binary *binary = NULL;
	char path[64];

	if (strchr(comm, '/') || !*comm)
		return NULL;
	for (size_t i = 0;
	     !binary && i < sizeof(directories) / sizeof(*directories); i++) {
		snprintf(path, sizeof(path), "%s/%s", directories[i], comm);
		binary = try_path(b, path, id);
	}
	return binary;
}

struct binary *binaries_by_id(struct binaries *b, const uint8_t *id,
			      const struct process_maps *maps, const char *comm)
{
	struct binary *binary = find_id(b, id);

	if (binary)
		return binary;
	for (size_t i = 0; i < maps->n; i++) {
		const uint8_t *its;

		binary = binaries_by_mapping(b, maps, &maps->mappings[i]);
		its = binary ? binary_build_id(binary) : NULL;
		if (its && !memcmp(its, id, BUILD_ID_LEN))
			return binary;
	}
	return try_name(b, comm, id);
}
