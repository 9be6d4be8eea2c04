/* SPDX-License-Identifier: GPL-2.0 */
/* What this kernel offers, beside the flavours themselves. */
#ifndef RSTWATCH_OFFERS_H
#define RSTWATCH_OFFERS_H

#include <stdbool.h>
#include <stddef.h>

#define FACT_DETAIL 200

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

struct fact {
	const char *key;   /* in JSON */
	const char *label; /* for a person */
	enum answer good;  /* nothing stands in the way here */
	char detail[FACT_DETAIL];
};

/**
 * offers_fact() - look at the @i-th fact
 *
 * The BTF has to be open where there is any (kernel.h).
 *
 * Return: false when there is no such fact.
 */
bool offers_fact(size_t i, struct fact *fact);

#endif
