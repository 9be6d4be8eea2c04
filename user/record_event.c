// SPDX-License-Identifier: GPL-2.0
/* An event as fields: the table record_fields.def written out twice. */
#include <string.h>

#include "record.h"
#include "wire.h"

_Static_assert(sizeof(struct rw_event) == 208,
	       "a new field of struct rw_event needs a row in "
	       "record_fields.def, or recordings lose it");

#define PINNED(name, value)               \
	_Static_assert((name) == (value), \
		       #name " stands in recordings with its old number");
#include "record_fields.def"

static size_t address_len(const struct rw_event *event)
{
	return event->family == 6 ? 16 : 4;
}

static char *put_task(char *p, uint32_t id, const struct rw_task *task)
{
	char text[128], *end = text;

#define TASK_NUMBER(field, member) end = wire_number(end, field, task->member);
#include "record_fields.def"
	end = wire_bytes(end, RECORD_TASK_COMM, task->comm,
			 strnlen(task->comm, sizeof(task->comm)));
	return wire_bytes(p, id, text, (size_t)(end - text));
}

char *record_encode(char *p, const struct rw_event *event,
		    const uint32_t slots[LOOKUP_MAX])
{
#define NUMBER(field, member) \
	p = wire_number(p, field, (uint64_t)event->member);
#define ADDRESS(field, member) \
	p = wire_bytes(p, field, event->member, address_len(event));
#define TASK(field, member, flag)           \
	if (event->evidence.flags & (flag)) \
		p = put_task(p, field, &event->member);
#define LOOKUP(field, kind) p = wire_number(p, field, slots[kind]);
#include "record_fields.def"
	return p;
}

/*
 * Store a number in a member of any width and sign; false when it does not
 * fit. A number below 0 was written as the 64 bits it extends to.
 */
#define STORE(member, field)                                                 \
	(!(field)->is_bytes &&                                               \
	 (uint64_t)(__typeof__(member))(field)->number == (field)->number && \
	 ((member) = (__typeof__(member))(field)->number, true))

static bool get_bytes(void *to, size_t room, const struct wire_field *field)
{
	if (!field->is_bytes || field->number > room)
		return false;
	memcpy(to, field->bytes.p, field->number);
	return true;
}

/* @exit: of the event; the first recordings had it in the task, as a code */
static bool get_task_field(struct rw_task *task, __u8 *exit,
			   const struct wire_field *f)
{
	switch (f->id) {
#define TASK_NUMBER(field, member) \
	case field:                \
		return STORE(task->member, f);
#include "record_fields.def"
	case RECORD_TASK_EXIT_CODE:
		*exit |= f->is_bytes ? 0 : f->number & RW_EXIT_SIGNAL;
		return !f->is_bytes;
	case RECORD_TASK_COMM:
		return get_bytes(task->comm, sizeof(task->comm), f);
	default:
		return true;
	}
}

static bool get_task(struct rw_task *task, __u8 *exit,
		     const struct wire_field *field)
{
	struct wire rest = field->bytes;
	struct wire_field part;
	int more;

	while ((more = wire_next(&rest, &part)) > 0)
		if (!get_task_field(task, exit, &part))
			return false;
	return field->is_bytes && !more;
}

static bool get_field(struct rw_event *event, uint32_t slots[LOOKUP_MAX],
		      const struct wire_field *f)
{
	switch (f->id) {
#define NUMBER(field, member) \
	case field:           \
		return STORE(event->member, f);
#define ADDRESS(field, member) \
	case field:            \
		return get_bytes(event->member, sizeof(event->member), f);
#define TASK(field, member, flag) \
	case field:               \
		return get_task(&event->member, &event->evidence.exit, f);
#define LOOKUP(field, kind) \
	case field:         \
		return STORE(slots[kind], f) && slots[kind] <= RECORD_SLOTS;
#include "record_fields.def"
	default:
		return true; /* of a newer version */
	}
}

int record_decode(const void *payload, size_t len, struct rw_event *event,
		  uint32_t slots[LOOKUP_MAX])
{
	struct wire rest = { .p = payload,
			     .end = (const uint8_t *)payload + len };
	struct wire_field field;
	int more;

	memset(event, 0, sizeof(*event));
	memset(slots, 0, LOOKUP_MAX * sizeof(*slots));
	while ((more = wire_next(&rest, &field)) > 0)
		if (!get_field(event, slots, &field))
			return -1;
	if (more || (event->family != 4 && event->family != 6) ||
	    event->evidence.kind > RW_KIND_OWNER)
		return -1;
	return 0;
}
