// SPDX-License-Identifier: GPL-2.0
/* The first frame of a recording: see record_header.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "record_header.h"

/* A string of its own, whatever the bytes; NULL without memory. */
static char *copy(const struct wire_field *field)
{
	return strndup((const char *)field->bytes.p, field->number);
}

static int set_string(const char **to, const struct wire_field *field)
{
	if (!field->is_bytes)
		return -EBADMSG;
	free((char *)*to);
	*to = copy(field);
	return *to ? 0 : -ENOMEM;
}

static int append(const char *const **list, size_t *n,
		  const struct wire_field *field)
{
	const char **longer;

	longer = realloc((void *)*list, (*n + 1) * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	*list = longer;
	longer[*n] = NULL;
	return set_string(&longer[(*n)++], field);
}

struct numbered_name {
	uint64_t number;
	const char *text; /* not terminated */
	size_t len;
};

static bool get_name(struct numbered_name *name, const struct wire_field *field)
{
	struct wire rest = field->bytes;
	struct wire_field part;
	int more;

	*name = (struct numbered_name){ 0 };
	while ((more = wire_next(&rest, &part)) > 0) {
		if (part.id == RECORD_N_NUMBER && !part.is_bytes)
			name->number = part.number;
		if (part.id != RECORD_N_NAME || !part.is_bytes)
			continue;
		name->text = (const char *)part.bytes.p;
		name->len = part.number;
	}
	return field->is_bytes && !more && name->text;
}

static int add_cause(struct record_header *h, const struct wire_field *field)
{
	struct numbered_name name;
	int cause;

	if (!get_name(&name, field) || name.number >= RECORD_NO_CAUSE)
		return -EBADMSG;
	cause = name_find_cause(name.text, name.len);
	h->causes[name.number] = cause < 0 ? RW_CAUSE_UNKNOWN : (uint8_t)cause;
	if (cause < 0 && !h->new_cause)
		h->new_cause = strndup(name.text, name.len);
	return 0;
}

static uint32_t find_path(const struct numbered_name *wanted)
{
	for (uint32_t i = 0; i < RW_PATH_BITS; i++) {
		const struct name *ours = name_path(i);

		if (ours->len == wanted->len &&
		    !memcmp(ours->text, wanted->text, wanted->len))
			return 1U << i;
	}
	return 0;
}

static int add_path(struct record_header *h, const struct wire_field *field)
{
	struct numbered_name name;

	if (!get_name(&name, field) || name.number >= 32)
		return -EBADMSG;
	h->paths[name.number] = find_path(&name);
	return 0;
}

static int get_field(struct record_header *h, const struct wire_field *field)
{
	struct run_info *info = &h->info;

	switch (field->id) {
	case RECORD_H_PROGRAM:
		return set_string(&info->version, field);
	case RECORD_H_HOST:
		return set_string(&info->host, field);
	case RECORD_H_KERNEL:
		return set_string(&info->kernel, field);
	case RECORD_H_BACKEND:
		return set_string(&info->backend, field);
	case RECORD_H_PROBE:
		return append(&info->probes, &info->n_probes, field);
	case RECORD_H_DEGRADED:
		return append(&info->degraded, &info->n_degraded, field);
	case RECORD_H_CAUSE:
		return add_cause(h, field);
	case RECORD_H_PATH:
		return add_path(h, field);
	case RECORD_H_HZ:
		info->hz = (uint32_t)field->number;
		return 0;
	case RECORD_H_START:
		info->start_ktime_ns = field->number;
		return 0;
	case RECORD_H_OOM:
		info->knows_oom = field->number;
		return 0;
	case RECORD_H_OFFSET:
		h->offset_ns = wire_unzigzag(field->number);
		return 0;
	default:
		return 0; /* of a newer version */
	}
}

int record_header_read(struct record_header *h, struct wire payload)
{
	struct wire_field field;
	int more, err;

	*h = (struct record_header){ 0 };
	memset(h->causes, RECORD_NO_CAUSE, sizeof(h->causes));
	while ((more = wire_next(&payload, &field)) > 0) {
		err = get_field(h, &field);
		if (err)
			return err;
	}
	return more || !h->info.hz || !h->info.version || !h->info.kernel ||
			       !h->info.backend
		       ? -EBADMSG
		       : 0;
}

static uint32_t translate_path(const struct record_header *h, uint32_t theirs)
{
	uint32_t ours = 0;

	for (; theirs; theirs &= theirs - 1)
		ours |= h->paths[__builtin_ctz(theirs)];
	return ours;
}

bool record_header_translate(const struct record_header *h,
			     struct rw_event *event)
{
	struct rw_evidence *e = &event->evidence;

	event->cause = h->causes[event->cause];
	e->path = translate_path(h, e->path);
	e->deduced = (__u16)translate_path(h, e->deduced);
	return event->cause != RECORD_NO_CAUSE;
}

static void free_list(const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((char *)list[i]);
	free((void *)list);
}

void record_header_free(struct record_header *h)
{
	free((char *)h->info.version);
	free((char *)h->info.host);
	free((char *)h->info.kernel);
	free((char *)h->info.backend);
	free_list(h->info.probes, h->info.n_probes);
	free_list(h->info.degraded, h->info.n_degraded);
	free(h->new_cause);
}
