// SPDX-License-Identifier: GPL-2.0
/* Functions from the file's own symbol tables, with libelf alone. */
#include <gelf.h>
#include <stdlib.h>

#include "symbols.h"

struct symbols {
	Elf *elf;
};

static struct symbols *elf_open(int fd, const char *path)
{
	struct symbols *s = calloc(1, sizeof(*s));

	(void)path;
	if (!s)
		return NULL;
	elf_version(EV_CURRENT);
	s->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (s->elf)
		return s;
	free(s);
	return NULL;
}

static void elf_close(struct symbols *s)
{
	elf_end(s->elf);
	free(s);
}

/* The function of one table that holds the address. */
static bool look(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
		 uint64_t address, struct symbol_names *found)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = header->sh_entsize ? header->sh_size / header->sh_entsize
				      : 0;
	GElf_Sym symbol;

	for (size_t i = 0; data && i < n; i++) {
		if (!gelf_getsym(data, (int)i, &symbol) ||
		    symbol.st_shndx == SHN_UNDEF ||
		    (GELF_ST_TYPE(symbol.st_info) != STT_FUNC &&
		     GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC) ||
		    address < symbol.st_value ||
		    address - symbol.st_value >= symbol.st_size)
			continue;
		found->names[0] =
			elf_strptr(elf, header->sh_link, symbol.st_name);
		found->n = 1;
		found->start = symbol.st_value;
		return found->names[0] && *found->names[0];
	}
	return false;
}

static bool elf_find(struct symbols *s, uint64_t address,
		     struct symbol_names *found)
{
	static const GElf_Word tables[] = { SHT_SYMTAB, SHT_DYNSYM };
	Elf_Scn *section;
	GElf_Shdr header;

	for (int i = 0; i < 2; i++) {
		section = NULL;
		while ((section = elf_nextscn(s->elf, section)))
			if (gelf_getshdr(section, &header) &&
			    header.sh_type == tables[i] &&
			    look(s->elf, section, &header, address, found))
				return true;
	}
	return false;
}

const struct symbol_source symbols_elf = { elf_open, elf_close, elf_find };
