// SPDX-License-Identifier: GPL-2.0
#include <gelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_LIBIBERTY
#include <libiberty/demangle.h>
#endif

#include "binary.h"
#include "symbols.h"

#define NOTE_NAME "GNU"

/* What is loaded from the file, and to which address. */
struct segment {
	uint64_t offset, size, address;
};

struct binary {
	int fd;
	char *path;
	bool has_build_id;
	uint8_t build_id[BUILD_ID_LEN];
	struct segment *segments;
	size_t n_segments;
	const struct symbol_source *source;
	struct symbols *symbols; /* opened when first asked */
};

static const struct symbol_source *preferred(void)
{
#ifdef HAVE_LIBDW
	return &symbols_dwarf;
#else
	return &symbols_elf;
#endif
}

static void read_notes(struct binary *b, Elf *elf, const GElf_Phdr *segment)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)segment->p_offset,
					      segment->p_filesz, ELF_T_NHDR);
	size_t at = 0, name, desc;
	GElf_Nhdr note;

	while (data && (at = gelf_getnote(data, at, &note, &name, &desc))) {
		if (note.n_type != NT_GNU_BUILD_ID ||
		    note.n_namesz != sizeof(NOTE_NAME) ||
		    memcmp((char *)data->d_buf + name, NOTE_NAME,
			   sizeof(NOTE_NAME)) ||
		    !note.n_descsz || note.n_descsz > BUILD_ID_LEN)
			continue;
		memcpy(b->build_id, (char *)data->d_buf + desc, note.n_descsz);
		b->has_build_id = true;
		return;
	}
}

static int read_segments(struct binary *b, Elf *elf)
{
	size_t n;

	if (elf_getphdrnum(elf, &n) || !n)
		return -1;
	b->segments = calloc(n, sizeof(*b->segments));
	if (!b->segments)
		return -1;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(elf, (int)i, &p))
			continue;
		if (p.p_type == PT_NOTE && !b->has_build_id)
			read_notes(b, elf, &p);
		if (p.p_type == PT_LOAD)
			b->segments[b->n_segments++] =
				(struct segment){ p.p_offset, p.p_filesz,
						  p.p_vaddr };
	}
	return 0;
}

struct binary *binary_open(int fd, const char *path)
{
	struct binary *b = calloc(1, sizeof(*b));
	Elf *elf;
	int err = -1;

	if (!b) {
		close(fd);
		return NULL;
	}
	b->fd = fd;
	b->path = strdup(path);
	b->source = preferred();
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && b->path && elf_kind(elf) == ELF_K_ELF)
		err = read_segments(b, elf);
	elf_end(elf);
	if (!err)
		return b;
	binary_close(b);
	return NULL;
}

void binary_close(struct binary *b)
{
	if (!b)
		return;
	if (b->symbols)
		b->source->close(b->symbols);
	close(b->fd);
	free(b->segments);
	free(b->path);
	free(b);
}

const char *binary_path(const struct binary *b)
{
	return b->path;
}

const uint8_t *binary_build_id(const struct binary *b)
{
	return b->has_build_id ? b->build_id : NULL;
}

/* Where the file's own headers place what stands at @offset. */
static bool to_address(const struct binary *b, uint64_t offset,
		       uint64_t *address)
{
	for (size_t i = 0; i < b->n_segments; i++) {
		const struct segment *s = &b->segments[i];

		if (offset < s->offset || offset - s->offset >= s->size)
			continue;
		*address = offset - s->offset + s->address;
		return true;
	}
	return false;
}

static void __attribute__((format(printf, 3, 4)))
append(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, size - len, format, args);
	va_end(args);
}

/* As it stands in the source, without the arguments: C++ and Rust. */
static void append_name(char *text, size_t size, const char *name)
{
#ifdef HAVE_LIBIBERTY
	char *plain = cplus_demangle(name, DMGL_AUTO);

	append(text, size, "%s", plain ? plain : name);
	free(plain);
#else
	append(text, size, "%s", name);
#endif
}

bool binary_name(struct binary *b, uint64_t offset, bool returns, char *text,
		 size_t size)
{
	struct symbol_names found = {};
	uint64_t address;

	*text = '\0';
	if (!to_address(b, offset - returns, &address))
		return false;
	if (!b->symbols)
		b->symbols = b->source->open(b->fd, b->path);
	if (!b->symbols || !b->source->find(b->symbols, address, &found))
		return false;
	for (unsigned int i = 0; i < found.n; i++) {
		if (i)
			append(text, size, " (inlined by) ");
		append_name(text, size, found.names[i]);
	}
	append(text, size, "+0x%llx",
	       (unsigned long long)(address + returns - found.start));
	return true;
}
