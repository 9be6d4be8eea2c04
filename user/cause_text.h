/* SPDX-License-Identifier: GPL-2.0 */
/* All that bpf/causes.def says of a cause, for --explain, -v and the page. */
#ifndef RSTWATCH_CAUSE_TEXT_H
#define RSTWATCH_CAUSE_TEXT_H

/* The columns of bpf/causes.def, where they are described. */
struct cause_text {
	const char *id;
	const char *name;
	const char *usual;
	const char *meaning;
	const char *kernel;
	const char *peer;
	const char *culprits;
	const char *fix;
	const char *hint;
	const char *demo;
};

/* cause_text() - the entry of a cause; NULL when it is no enum rw_cause */
const struct cause_text *cause_text(unsigned int cause);

/**
 * cause_wire() - what usually goes on the wire, as a sentence
 *
 * Return: NULL when the column usual holds something not foreseen.
 */
const char *cause_wire(const struct cause_text *cause);

#endif
