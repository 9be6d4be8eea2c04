// SPDX-License-Identifier: GPL-2.0
/* The table of causes with all its words: see cause_text.h. */
#include <stddef.h>
#include <string.h>

#include "bpf/event.h"
#include "cause_text.h"

static const struct cause_text causes[RW_CAUSE_MAX] = {
#define CAUSE(name, ...) [RW_CAUSE_##name] = { #name, __VA_ARGS__ },
#include "bpf/causes.def"
#undef CAUSE
};

/* The column usual in words. */
static const struct wire {
	const char *usual;
	const char *text;
} wires[] = {
	{ "fin sent", "A FIN from this host, after all data already queued." },
	{ "rst sent", "A RST from this host." },
	{ "rst sent, none", "A RST from this host, or nothing at all." },
	{ "rst received", "A RST arrives at this host." },
	{ "none", "Nothing: the connection just ends on this host." },
	{ "any", "Anything: a FIN, a RST, or nothing." },
};

const struct cause_text *cause_text(unsigned int cause)
{
	return cause < RW_CAUSE_MAX ? &causes[cause] : NULL;
}

const char *cause_wire(const struct cause_text *cause)
{
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++)
		if (!strcmp(wires[i].usual, cause->usual))
			return wires[i].text;
	return NULL;
}
