// SPDX-License-Identifier: GPL-2.0
/*
 * Functions by libdw: symbol tables and debug information, in the file or in a
 * separate one (found by build id under /usr/lib/debug), inlined calls too.
 */
#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <unistd.h>

#include "symbols.h"

struct symbols {
	Dwfl *dwfl;
	Dwfl_Module *module;
};

static char *debug_path; /* the library's own default */

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debug_path,
};

static struct symbols *dwarf_open(int fd, const char *path)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	/* who looks at a connection does not want to make one */
	unsetenv("DEBUGINFOD_URLS");
	s->dwfl = dwfl_begin(&callbacks);
	fd = dup(fd); /* libdw closes it */
	if (s->dwfl && fd >= 0)
		s->module = dwfl_report_offline(s->dwfl, path, path, fd);
	if (s->module) {
		dwfl_report_end(s->dwfl, NULL, NULL);
		return s;
	}
	if (fd >= 0)
		close(fd);
	dwfl_end(s->dwfl);
	free(s);
	return NULL;
}

static void dwarf_close(struct symbols *s)
{
	dwfl_end(s->dwfl);
	free(s);
}

/* The mangled name, which says more in C++, or the one of the source. */
static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	return name ? name : dwarf_diename(die);
}

/* By its index of addresses, which not every compiler writes (clang). */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address,
			    Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

	if (unit)
		return unit;
	do
		unit = dwfl_module_nextcu(module, unit, bias);
	while (unit && dwarf_haspc(unit, address - *bias) != 1);
	return unit;
}

/*
 * The scopes dwarf_getscopes() gives leave the inlined instance for the
 * abstract one; those of its innermost DIE do not (as addr2line has it).
 */
static int instance_scopes(Dwfl_Module *module, Dwarf_Addr address,
			   Dwarf_Die **scopes)
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = find_unit(module, address, &bias);
	Dwarf_Die *outer = NULL, innermost;
	int n = unit ? dwarf_getscopes(unit, address - bias, &outer) : 0;

	if (n <= 0)
		return 0;
	innermost = outer[0];
	free(outer);
	n = dwarf_getscopes_die(&innermost, scopes);
	return n > 0 ? n : 0;
}

static void find_inlined(Dwfl_Module *module, Dwarf_Addr address,
			 struct symbol_names *found)
{
	Dwarf_Die *scopes = NULL;
	int n = instance_scopes(module, address, &scopes);

	for (int i = 0; i < n && found->n < SYMBOLS_DEPTH - 1; i++) {
		const char *name;

		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
			break;
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		name = name_of(&scopes[i]);
		if (name)
			found->names[found->n++] = name;
	}
	free(scopes);
}

static bool dwarf_find(struct symbols *s, uint64_t address,
		       struct symbol_names *found)
{
	GElf_Addr bias = 0;
	GElf_Off offset = 0;
	GElf_Sym symbol;
	const char *name;

	found->n = 0;
	if (!dwfl_module_getelf(s->module, &bias))
		return false;
	name = dwfl_module_addrinfo(s->module, address + bias, &offset, &symbol,
				    NULL, NULL, NULL);
	if (!name || !*name)
		return false;
	find_inlined(s->module, address + bias, found);
	found->names[found->n++] = name;
	found->start = address - offset;
	return true;
}

const struct symbol_source symbols_dwarf = { dwarf_open, dwarf_close,
					     dwarf_find };
#endif
