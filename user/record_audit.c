// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "record_audit.h"
#include "text.h"

static char *put_text(char *p, uint32_t id, const char *text)
{
	return text ? wire_bytes(p, id, text,
				 strnlen(text, RECORD_AUDIT_TEXT_MAX))
		    : p;
}

static char *put_line(char *p, uint32_t counter, const struct audit_line *line)
{
	char text[RECORD_AUDIT_TEXT_MAX + 4 * WIRE_NUMBER_MAX], *end = text;

	if (!line->kernel && !line->seen)
		return p;
	end = wire_number(end, RECORD_L_COUNTER, counter);
	end = wire_number(end, RECORD_L_KERNEL, line->kernel);
	end = wire_number(end, RECORD_L_SEEN, line->seen);
	end = put_text(end, RECORD_L_EXPLAINED, line->explained);
	return wire_bytes(p, RECORD_A_LINE, text, (size_t)(end - text));
}

char *record_audit_encode(char *p, const struct audit_netns *netns)
{
	p = wire_number(p, RECORD_A_NETNS, netns->netns);
	p = put_text(p, RECORD_A_UNKNOWN, netns->unknown);
	for (uint32_t i = 0; i < RW_COUNTER_MAX; i++)
		p = put_line(p, i, &netns->lines[i]);
	return p;
}

static int get_text(const char **to, const struct wire_field *field)
{
	char *text;

	if (!field->is_bytes || field->number > RECORD_AUDIT_TEXT_MAX || *to)
		return -EBADMSG;
	text = calloc(1, field->number + 1);
	if (!text)
		return -ENOMEM;
	text_printable(text, (const char *)field->bytes.p, field->number);
	*to = text;
	return 0;
}

/* Counters that a newer version compares are no damage: they are left out. */
static int get_line(struct audit_netns *netns, const struct wire_field *field)
{
	struct audit_line line = {};
	struct wire rest = field->bytes;
	struct wire_field part;
	uint64_t counter = 0;
	int more, err = 0;

	while (!err && (more = wire_next(&rest, &part)) > 0) {
		if (part.id == RECORD_L_COUNTER)
			counter = part.number;
		else if (part.id == RECORD_L_KERNEL)
			line.kernel = part.number;
		else if (part.id == RECORD_L_SEEN)
			line.seen = part.number;
		else if (part.id == RECORD_L_EXPLAINED)
			err = get_text(&line.explained, &part);
	}
	if (!err && (more || !field->is_bytes))
		err = -EBADMSG;
	if (err || counter >= RW_COUNTER_MAX) {
		free((char *)line.explained);
		return err;
	}
	free((char *)netns->lines[counter].explained);
	netns->lines[counter] = line;
	return 0;
}

static int get_field(struct audit_netns *netns, const struct wire_field *field)
{
	switch (field->id) {
	case RECORD_A_NETNS:
		netns->netns = (uint32_t)field->number;
		return 0;
	case RECORD_A_UNKNOWN:
		return get_text(&netns->unknown, field);
	case RECORD_A_LINE:
		return get_line(netns, field);
	default:
		return 0; /* of a newer version */
	}
}

int record_audit_decode(struct audit *audit, struct wire payload)
{
	struct audit_netns *more_netns, *netns;
	struct wire_field field;
	int more, err = 0;

	more_netns =
		realloc(audit->netns, (audit->n + 1) * sizeof(*audit->netns));
	if (!more_netns)
		return -ENOMEM;
	audit->netns = more_netns;
	netns = &audit->netns[audit->n++];
	*netns = (struct audit_netns){};
	while (!err && (more = wire_next(&payload, &field)) > 0)
		err = get_field(netns, &field);
	return err ? err : more ? -EBADMSG : 0;
}

void record_audit_free(struct audit *audit)
{
	for (size_t i = 0; i < audit->n; i++) {
		free((char *)audit->netns[i].unknown);
		for (int c = 0; c < RW_COUNTER_MAX; c++)
			free((char *)audit->netns[i].lines[c].explained);
	}
	free(audit->netns);
	*audit = (struct audit){};
}
