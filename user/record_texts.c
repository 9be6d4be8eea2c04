// SPDX-License-Identifier: GPL-2.0
/* Numbered texts: see record_texts.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record_texts.h"

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash(const char *text)
{
	uint32_t sum = 2166136261U;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619U;
	return sum;
}

static bool is_taken(const uint32_t taken[LOOKUP_MAX], uint32_t slot)
{
	for (int i = 0; i < LOOKUP_MAX; i++)
		if (taken[i] == slot + 1)
			return true;
	return false;
}

uint32_t record_texts_slot(struct record_texts *texts, const char *text,
			   const uint32_t taken[LOOKUP_MAX], bool *is_new)
{
	uint32_t slot = hash(text) % RECORD_SLOTS;
	const char *there;

	for (;; slot = (slot + 1) % RECORD_SLOTS) {
		there = texts->slots[slot];
		*is_new = !there || strcmp(there, text) != 0;
		if (!*is_new)
			return slot + 1;
		if (!is_taken(taken, slot))
			break;
	}
	if (record_texts_set(texts, slot, text, strlen(text)))
		return 0;
	return slot + 1;
}

int record_texts_set(struct record_texts *texts, uint32_t slot,
		     const void *text, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	free(texts->slots[slot]);
	texts->slots[slot] = copy;
	return 0;
}

void record_texts_clear(struct record_texts *texts)
{
	for (size_t i = 0; i < RECORD_SLOTS; i++) {
		free(texts->slots[i]);
		texts->slots[i] = NULL;
	}
}
