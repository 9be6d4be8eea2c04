// SPDX-License-Identifier: GPL-2.0
/* Reading fields, none of which is believed before it was checked. */
#include "wire.h"

static bool get_varint(struct wire *wire, uint64_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint64_t bits;

		if (wire->p == wire->end)
			return false;
		bits = *wire->p & 0x7f;
		if (shift == 63 && bits > 1)
			return false;
		*value |= bits << shift;
		if (!(*wire->p++ & 0x80))
			return true;
	}
	return false;
}

int wire_next(struct wire *wire, struct wire_field *field)
{
	uint64_t tag;

	if (wire->p == wire->end)
		return 0;
	*field = (struct wire_field){ 0 };
	if (!get_varint(wire, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX ||
	    !get_varint(wire, &field->number))
		return -1;
	field->id = (uint32_t)(tag >> 3);
	if ((tag & 7) == WIRE_VARINT)
		return 1;
	if ((tag & 7) != WIRE_BYTES ||
	    field->number > (uint64_t)(wire->end - wire->p))
		return -1;
	field->is_bytes = true;
	field->bytes.p = wire->p;
	wire->p += field->number;
	field->bytes.end = wire->p;
	return 1;
}
