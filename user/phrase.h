/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bricks of English: each function adds to a text being built, without NUL.
 * The caller has made room.
 */
#ifndef RSTWATCH_PHRASE_H
#define RSTWATCH_PHRASE_H

#include <stdint.h>

#include "bpf/event.h"

/* Words separated by commas: the first has another lead. */
struct phrase {
	char *p;
	const char *lead;
};

void phrase_add(struct phrase *phrase, const char *text);
void phrase_add_number(struct phrase *phrase, uint64_t value);

/* phrase_add_count() - "1 byte", "2 bytes"; @noun takes an s */
void phrase_add_count(struct phrase *phrase, uint64_t n, const char *noun);

/* phrase_add_task() - "nginx (pid 812)", fit for a terminal */
void phrase_add_task(struct phrase *phrase, const struct rw_task *task);

/* phrase_next() - the lead of the next word; a comma leads those after it */
void phrase_next(struct phrase *phrase);

/* phrase_say() - the next word, such as "linger 5 s"; texts may be empty */
void phrase_say(struct phrase *phrase, const char *before, uint64_t value,
		const char *after);

/* phrase_say_count() - the next word, such as "12 bytes discarded" */
void phrase_say_count(struct phrase *phrase, uint64_t n, const char *noun,
		      const char *after);

/* phrase_say_word() - the next word, made of two texts */
void phrase_say_word(struct phrase *phrase, const char *before,
		     const char *word);

#endif
