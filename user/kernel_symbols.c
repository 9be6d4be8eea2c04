// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_symbols.h"

#define NAME_MAX_LEN 511 /* KSYM_NAME_LEN is 512 since 6.1 */
#define MODULE_MAX_LEN 63
/* What BPF's compiler made has no end in the tables: a page at the most. */
#define BPF_MAX_BYTES 65536

struct symbol {
	uint64_t address;
	uint32_t name;	 /* in names */
	uint32_t module; /* the same, 0: the kernel itself */
};

struct module {
	uint64_t begin, end;
};

struct kernel_symbols {
	struct symbol *symbols; /* by address */
	size_t n, room;
	char *names; /* the first is empty */
	size_t names_len, names_room;
	struct module *modules;
	size_t n_modules;
	uint64_t text_end; /* _etext; 0: not known */
};

/* Make room for one more of @size bytes. Return: 0, or -1 without memory. */
static int grow(void *array, size_t *room, size_t needed, size_t size)
{
	size_t more = *room ? *room : 4096;
	void *larger;

	while (more < needed)
		more *= 2;
	if (more == *room)
		return 0;
	larger = reallocarray(*(void **)array, more, size);
	if (!larger)
		return -1;
	*(void **)array = larger;
	*room = more;
	return 0;
}

/* Return: the place of the name, 0 without memory. */
static uint32_t keep_name(struct kernel_symbols *k, const char *name)
{
	size_t at = k->names_len, len = strlen(name) + 1;

	if (grow(&k->names, &k->names_room, at + len, 1))
		return 0;
	memcpy(k->names + at, name, len);
	k->names_len += len;
	return at;
}

/* Symbols of one module stand together: its name is kept once. */
static uint32_t keep_module(struct kernel_symbols *k, const char *module)
{
	const struct symbol *last = k->n ? &k->symbols[k->n - 1] : NULL;

	if (!*module)
		return 0;
	if (last && last->module && !strcmp(k->names + last->module, module))
		return last->module;
	return keep_name(k, module);
}

static int keep_symbol(struct kernel_symbols *k, uint64_t address,
		       const char *name, const char *module)
{
	struct symbol *s;

	if (grow(&k->symbols, &k->room, k->n + 1, sizeof(*k->symbols)))
		return -1;
	s = &k->symbols[k->n];
	s->address = address;
	s->module = keep_module(k, module);
	s->name = keep_name(k, name);
	k->n++;
	return s->name ? 0 : -1;
}

/* "ffffffff81000000 T name" and, of a module, "\t[module]" */
static int read_symbol(struct kernel_symbols *k, const char *line)
{
	char name[NAME_MAX_LEN + 1], module[MODULE_MAX_LEN + 1] = "";
	uint64_t address;
	char type;

	if (sscanf(line, "%" SCNx64 " %c %511s [%63[^]]", &address, &type, name,
		   module) < 3 ||
	    !address || !strchr("tTwW", type))
		return 0;
	if (!strncmp(name, "__pfx_", 6)) /* the padding before a function */
		return 0;
	if (!*module && !strcmp(name, "_etext"))
		k->text_end = address;
	return keep_symbol(k, address, name, module);
}

static int read_symbols(struct kernel_symbols *k, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!file)
		return -1;
	while (!err && getline(&line, &size, file) > 0)
		err = read_symbol(k, line);
	free(line);
	fclose(file);
	return err;
}

/* "name size users dependencies state 0xaddress" */
static int read_module(struct kernel_symbols *k, const char *line, size_t *room)
{
	uint64_t size, begin;

	if (sscanf(line, "%*s %" SCNu64 " %*s %*s %*s %" SCNx64, &size,
		   &begin) != 2 ||
	    !begin)
		return 0;
	if (grow(&k->modules, room, k->n_modules + 1, sizeof(*k->modules)))
		return -1;
	k->modules[k->n_modules++] =
		(struct module){ .begin = begin, .end = begin + size };
	return 0;
}

/* Without the file a module's last function has no end; nothing else. */
static int read_modules(struct kernel_symbols *k, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t size = 0, room = 0;
	char *line = NULL;
	int err = 0;

	if (!file)
		return 0;
	while (!err && getline(&line, &size, file) > 0)
		err = read_module(k, line, &room);
	free(line);
	fclose(file);
	return err;
}

/* By address, then as they stood in the table. */
static int compare(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

struct kernel_symbols *kernel_symbols_new(const char *kallsyms,
					  const char *modules)
{
	struct kernel_symbols *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	keep_name(k, "");
	if (read_symbols(k, kallsyms) || read_modules(k, modules) || !k->n) {
		kernel_symbols_free(k);
		return NULL;
	}
	qsort(k->symbols, k->n, sizeof(*k->symbols), compare);
	return k;
}

void kernel_symbols_free(struct kernel_symbols *k)
{
	if (!k)
		return;
	free(k->symbols);
	free(k->names);
	free(k->modules);
	free(k);
}

/* Is this address still text of what the symbol before it belongs to? */
static bool belongs(const struct kernel_symbols *k, const struct symbol *s,
		    uint64_t address)
{
	const char *module = k->names + s->module;

	if (!s->module)
		return !k->text_end || address < k->text_end;
	for (size_t i = 0; i < k->n_modules; i++)
		if (s->address >= k->modules[i].begin &&
		    s->address < k->modules[i].end)
			return address < k->modules[i].end;
	return strcmp(module, "bpf") != 0 ||
	       address - s->address < BPF_MAX_BYTES;
}

bool kernel_symbols_find(const struct kernel_symbols *k, uint64_t address,
			 struct kernel_symbol *found)
{
	size_t low = 0, high = k->n;
	const struct symbol *s;

	while (low < high) { /* the first above the address */
		size_t middle = low + (high - low) / 2;

		if (k->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	s = &k->symbols[low - 1];
	/* of several names the one the table has first */
	while (s > k->symbols && s[-1].address == s->address)
		s--;
	if (!belongs(k, s, address))
		return false;
	found->name = k->names + s->name;
	found->module = k->names + s->module;
	found->offset = address - s->address;
	return true;
}
