/* SPDX-License-Identifier: GPL-2.0 */
/*
 * --json-schema: what NDJSON records look like. Each type of record is a file
 * in schema/, built into the program; a new type is a new file.
 */
#ifndef RSTWATCH_SCHEMA_H
#define RSTWATCH_SCHEMA_H

#include <stdio.h>

/* schema_print() - the JSON Schema (2020-12) of every type of record */
void schema_print(FILE *stream);

#endif
