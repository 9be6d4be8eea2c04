// SPDX-License-Identifier: GPL-2.0
/* Bricks of English: see phrase.h. */
#include <string.h>

#include "format.h"
#include "phrase.h"
#include "text.h"

void phrase_add(struct phrase *phrase, const char *text)
{
	phrase->p = mempcpy(phrase->p, text, strlen(text));
}

void phrase_add_number(struct phrase *phrase, uint64_t value)
{
	phrase->p = format_u64(phrase->p, value);
}

void phrase_add_count(struct phrase *phrase, uint64_t n, const char *noun)
{
	phrase_add_number(phrase, n);
	phrase_add(phrase, " ");
	phrase_add(phrase, noun);
	if (n != 1)
		phrase_add(phrase, "s");
}

void phrase_add_task(struct phrase *phrase, const struct rw_task *task)
{
	phrase->p += text_printable(phrase->p, task->comm, RW_COMM_LEN);
	phrase_add(phrase, " (pid ");
	phrase_add_number(phrase, task->pid);
	phrase_add(phrase, ")");
}

void phrase_next(struct phrase *phrase)
{
	phrase_add(phrase, phrase->lead);
	phrase->lead = ", ";
}

void phrase_say(struct phrase *phrase, const char *before, uint64_t value,
		const char *after)
{
	phrase_next(phrase);
	phrase_add(phrase, before);
	phrase_add_number(phrase, value);
	phrase_add(phrase, after);
}

void phrase_say_count(struct phrase *phrase, uint64_t n, const char *noun,
		      const char *after)
{
	phrase_next(phrase);
	phrase_add_count(phrase, n, noun);
	phrase_add(phrase, after);
}

void phrase_say_word(struct phrase *phrase, const char *before,
		     const char *word)
{
	phrase_next(phrase);
	phrase_add(phrase, before);
	phrase_add(phrase, word);
}
