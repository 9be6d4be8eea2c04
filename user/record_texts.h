/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Texts that a file has been told already. A bounded cache: a text that has
 * lost its slot to another is told again.
 */
#ifndef RSTWATCH_RECORD_TEXTS_H
#define RSTWATCH_RECORD_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct record_texts {
	char *slots[RECORD_SLOTS]; /* NULL: free */
};

/**
 * record_texts_slot() - the slot of a text
 * @taken: slots that the event at hand uses already, 1 plus the number of
 *	   each; they keep what they hold
 * @is_new: set to whether the file has to be told
 *
 * Return: 1 plus its number, 0 without memory.
 */
uint32_t record_texts_slot(struct record_texts *texts, const char *text,
			   const uint32_t taken[LOOKUP_MAX], bool *is_new);

/* record_texts_set() - put a text where a file says; Return: 0 or -ENOMEM */
int record_texts_set(struct record_texts *texts, uint32_t slot,
		     const void *text, size_t len);

void record_texts_clear(struct record_texts *texts);

#endif
