// SPDX-License-Identifier: GPL-2.0
/* Names of addresses: the kernel's table, and this program's own functions. */
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <unistd.h>

#include "sample.h"

#include "binaries.h"
#include "kernel_symbols.h"
#include "stack.h"
#include "symbols.h"

static const char *write_file(char *path, const char *text)
{
	int fd;

	strcpy(path, "/tmp/rstwatch-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static struct kernel_symbols *read_table(const char *kallsyms,
					 const char *modules)
{
	struct kernel_symbols *k;
	char one[64], two[64];

	k = kernel_symbols_new(write_file(one, kallsyms),
			       write_file(two, modules));
	unlink(one);
	unlink(two);
	return k;
}

#define TABLE                                             \
	"ffffffff81000000 T _text\n"                      \
	"ffffffff81000fe0 t __pfx_tcp_close\n"            \
	"ffffffff81001000 T tcp_close\n"                  \
	"ffffffff81001000 t tcp_close_alias\n"            \
	"ffffffff81002000 T tcp_last\n"                   \
	"ffffffff81003000 T _etext\n"                     \
	"ffffffff82000000 D some_data\n"                  \
	"ffffffffc0001000 t nf_send_reset\t[nf_reject]\n" \
	"ffffffffc0000100 t nf_first\t[nf_reject]\n"      \
	"ffffffffc0100000 t bpf_prog_12_on_close\t[bpf]\n"

static void assert_symbol(struct kernel_symbols *k, uint64_t address,
			  const char *name, const char *module, uint64_t offset)
{
	struct kernel_symbol found;

	assert_true(kernel_symbols_find(k, address, &found));
	assert_string_equal(found.name, name);
	assert_string_equal(found.module, module);
	assert_int_equal(found.offset, offset);
}

static void test_kernel_symbols(void **state)
{
	struct kernel_symbols *k = read_table(
		TABLE, "nf_reject 8192 0 - Live 0xffffffffc0000000\n");
	struct kernel_symbol found;

	(void)state;
	assert_non_null(k);
	assert_symbol(k, 0xffffffff81001000, "tcp_close", "", 0);
	assert_symbol(k, 0xffffffff81001fff, "tcp_close", "", 0xfff);
	assert_symbol(k, 0xffffffff81002abc, "tcp_last", "", 0xabc);
	assert_symbol(k, 0xffffffffc0000fff, "nf_first", "nf_reject", 0xeff);
	assert_symbol(k, 0xffffffffc0001234, "nf_send_reset", "nf_reject",
		      0x234);
	assert_symbol(k, 0xffffffffc0100010, "bpf_prog_12_on_close", "bpf",
		      0x10);
	/* before, after and between */
	assert_false(kernel_symbols_find(k, 0xffffffff80000000, &found));
	assert_false(kernel_symbols_find(k, 0xffffffff81004000, &found));
	assert_false(kernel_symbols_find(k, 0xffffffffc0002000, &found));
	assert_false(kernel_symbols_find(k, 0xffffffffc0200000, &found));
	kernel_symbols_free(k);
}

static void test_kernel_symbols_hidden(void **state)
{
	(void)state;
	assert_null(read_table("0000000000000000 T _text\n"
			       "0000000000000000 T tcp_close\n",
			       ""));
	assert_null(read_table("", ""));
	assert_null(read_table("no table at all\n", ""));
	assert_null(kernel_symbols_new("/nonexistent", "/nonexistent"));
}

/* Where we are. Two functions of the same code might be made one. */
#ifdef __x86_64__
#define HERE(pc) __asm__ volatile("lea 0(%%rip), %0" : "=r"(pc))
#else
#define HERE(pc) __asm__ volatile("adr %0, ." : "=r"(pc))
#endif

__attribute__((noinline)) static uint64_t plain_function(void)
{
	uint64_t pc;

	HERE(pc);
	return pc;
}

static inline __attribute__((always_inline)) uint64_t inlined_function(void)
{
	uint64_t pc;

	HERE(pc);
	return pc;
}

__attribute__((noinline)) static uint64_t outer_function(void)
{
	uint64_t pc = inlined_function();

	__asm__ volatile("" ::: "memory");
	return pc;
}

/* As a C++ compiler would call demo::Socket::shut(int). */
uint64_t mangled_function(void) __asm__("_ZN4demo6Socket4shutEi");
__attribute__((noinline)) uint64_t mangled_function(void)
{
	uint64_t pc;

	__asm__ volatile("nop");
	HERE(pc);
	return pc;
}

struct fixture {
	struct process_maps maps;
	struct binaries *binaries;
};

static int setup(void **state)
{
	static struct fixture f;

	process_maps_read(&f.maps, getpid());
	f.binaries = binaries_new();
	*state = &f;
	return !f.maps.n || !f.binaries;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	process_maps_free(&f->maps);
	binaries_free(f->binaries);
	return 0;
}

/* The name of an address of this process. */
static const char *name(struct fixture *f, uint64_t address)
{
	const struct mapping *m = process_maps_find(&f->maps, address);
	static char text[FRAME_MAX];
	struct binary *b;

	assert_non_null(m);
	b = binaries_by_mapping(f->binaries, &f->maps, m);
	assert_non_null(b);
	if (!binary_name(b, address - m->begin + m->offset, true, text,
			 sizeof(text)))
		return "";
	return text;
}

static void assert_starts(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)) != 0)
		fail_msg("%s does not start with %s", text, start);
}

static void test_function(void **state)
{
	const char *text = name(*state, plain_function());

	assert_starts(text, "plain_function+0x");
	assert_true(strtoul(strstr(text, "+0x") + 3, NULL, 16) < 4096);
}

static void test_library_function(void **state)
{
	const char *text = name(*state, (uint64_t)&strtoul + 5);

	assert_non_null(strstr(text, "strtoul"));
	assert_non_null(strstr(text, "+0x5"));
}

static void test_inlined(void **state)
{
#ifdef HAVE_LIBDW
	assert_starts(name(*state, outer_function()),
		      "inlined_function (inlined by) outer_function+0x");
#else
	assert_starts(name(*state, outer_function()), "outer_function+0x");
#endif
}

static void test_demangled(void **state)
{
#ifdef HAVE_LIBIBERTY
	assert_starts(name(*state, mangled_function()),
		      "demo::Socket::shut+0x");
#else
	assert_starts(name(*state, mangled_function()),
		      "_ZN4demo6Socket4shutEi+0x");
#endif
}

static void test_long_name_is_cut(void **state)
{
	struct fixture *f = *state;
	uint64_t address = plain_function();
	const struct mapping *m = process_maps_find(&f->maps, address);
	struct binary *b = binaries_by_mapping(f->binaries, &f->maps, m);
	char text[8];

	assert_true(binary_name(b, address - m->begin + m->offset, true, text,
				sizeof(text)));
	assert_string_equal(text, "plain_f");
}

/* By build id: while the process lives, and afterwards because it was kept. */
static void test_build_id(void **state)
{
	struct fixture *f = *state;
	const struct mapping *m =
		process_maps_find(&f->maps, (uint64_t)&strtoul);
	struct process_maps gone = {};
	struct binary *b;
	uint8_t id[BUILD_ID_LEN];

	b = binaries_by_mapping(f->binaries, &f->maps, m);
	assert_non_null(b);
	if (!binary_build_id(b))
		skip();
	memcpy(id, binary_build_id(b), BUILD_ID_LEN);
	binaries_free(f->binaries);
	f->binaries = binaries_new();
	assert_null(binaries_by_id(f->binaries, id, &gone, "none"));
	b = binaries_by_id(f->binaries, id, &f->maps, "none");
	assert_non_null(b);
	assert_string_equal(binary_path(b), m->path);
	assert_ptr_equal(binaries_by_id(f->binaries, id, &gone, "none"), b);
	id[0] ^= 1;
	assert_null(binaries_by_id(f->binaries, id, &f->maps, "none"));
}

static int first_base(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uint64_t *)base = info->dlpi_addr;
	return 1;
}

/* Without libdw: the file's own symbols, no inlined calls. */
static void test_elf_symbols(void **state)
{
	struct symbol_names found = {};
	struct symbols *s;
	uint64_t base = 0;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	dl_iterate_phdr(first_base, &base);
	s = symbols_elf.open(fd, "self");
	assert_non_null(s);
	assert_true(symbols_elf.find(s, outer_function() - base, &found));
	assert_int_equal(found.n, 1);
	assert_string_equal(found.names[0], "outer_function");
	assert_false(symbols_elf.find(s, 1, &found));
	symbols_elf.close(s);
	close(fd);
}

static void test_no_binary(void **state)
{
	char path[64];
	int fd;

	(void)state;
	write_file(path, "\177ELF but not really");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	assert_null(binary_open(fd, path));
}

static void test_gone(void **state)
{
	struct process_maps maps;

	(void)state;
	process_maps_read(&maps, 0x7fffffff);
	assert_int_equal(maps.n, 0);
	process_maps_free(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_symbols),
		cmocka_unit_test(test_kernel_symbols_hidden),
		cmocka_unit_test_setup_teardown(test_function, setup, teardown),
		cmocka_unit_test_setup_teardown(test_library_function, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_inlined, setup, teardown),
		cmocka_unit_test_setup_teardown(test_demangled, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_long_name_is_cut, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_build_id, setup, teardown),
		cmocka_unit_test(test_elf_symbols),
		cmocka_unit_test(test_no_binary),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
