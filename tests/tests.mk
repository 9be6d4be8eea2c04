# SPDX-License-Identifier: GPL-2.0
# Included by the Makefile: test programs, checkers.
#
# make unit     unit tests, plain and with address and undefined sanitizers
# make live     live tests on this machine's kernel (root)
# make matrix   everything on the kernels of the VM matrix
# make lint     formatter and checkers, no warning allowed
# make format   let the formatter change the files

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
TEST_TOOLS := $(patsubst tests/tools/%.c,$(B)/tests/%,\
		$(wildcard tests/tools/*.c)) $(B)/tests/closer-frameless

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer -O1

unit-programs: $(UNIT_TESTS:%=$(B)/tests/unit/%) \
	       $(UNIT_TESTS:%=$(B)/sanitize/tests/unit/%)
test-programs: unit-programs $(TEST_TOOLS) $(B)/causes_doc $(B)/reference \
	       completions

$(B)/tests/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -o $@ $< -lpthread

# Built twice: what becomes of a stack without frame pointers.
$(B)/tests/closer: CFLAGS += -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -DWITH_FRAMES
$(B)/tests/closer-frameless: tests/tools/closer.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fomit-frame-pointer -o $@ $<

# From the library a test takes only what it names, and may bring its own in the
# place of the rest.
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/lib.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

$(B)/sanitize/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -MMD -MP -c -o $@ $<

$(LIB_O:$(B)/%=$(B)/sanitize/%): | $(ALL_SKELETONS) $(B)/schema.inc

$(B)/sanitize/tests/lib.a: $(LIB_O:$(B)/%=$(B)/sanitize/%)
	@mkdir -p $(@D)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/sanitize/tests/unit/%: $(B)/sanitize/tests/unit/%.o \
			    $(B)/sanitize/tests/lib.a
	$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

.PRECIOUS: $(B)/tests/unit/%.o $(B)/sanitize/%.o

unit live matrix: all test-programs
	tests/run $(B) $@

check-vmlinux:
	tests/check-vmlinux

# Checkers. Everything that is in the tree or about to be.
FILES := $(shell git ls-files -co --exclude-standard 2>/dev/null || \
	   find . -type f -not -path './build*' | sed 's|^\./||')
C_FILES := $(filter bpf/% user/% tests/%,$(filter %.c %.h,$(FILES)))
FIRST_LINES = $(shell awk 'FNR == 1 && /$(1)/ { print FILENAME } \
		{ nextfile }' $(wildcard $(FILES)))
SHELL_FILES := $(call FIRST_LINES,^.!.*[ \/](ba)?sh|^.!.* bats$$) \
	       $(filter %.bash,$(FILES))
PYTHON_FILES := $(call FIRST_LINES,^.!.*python3)

lint: lint-format lint-bpf lint-tidy lint-shell lint-python lint-docs

lint-format:
	clang-format --dry-run -Werror $(C_FILES)

format:
	clang-format -i $(C_FILES)

TIDY_C := $(filter-out %.bpf.c,$(filter user/%.c tests/unit/%.c tests/tools/%.c,\
	    $(C_FILES)))

lint-tidy: $(TIDY_C:%=$(B)/tidy/%.ok)

# What it printed is shown only when it found something.
$(B)/tidy/%.ok: % .clang-tidy $(ALL_SKELETONS) $(B)/schema.inc
	@mkdir -p $(@D)
	clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS) \
		-std=c11 -D_GNU_SOURCE -Wall -Wextra >$@.log 2>&1 || \
		{ cat $@.log; exit 1; }
	@touch $@

# The BPF side: built again with warnings that are off elsewhere.
lint-bpf: $(SKELETONS)
	for flavour in FENTRY KPROBE TRACEPOINT; do \
		$(CLANG) $(BPF_CFLAGS) -Wshadow -Wmissing-field-initializers \
			-Wimplicit-fallthrough -DRW_$$flavour -fsyntax-only \
			bpf/rstwatch.bpf.c || exit 1; \
	done
	$(CLANG) $(BPF_CFLAGS) -Wshadow -Wmissing-field-initializers \
		-Wimplicit-fallthrough -DRW_FENTRY_ATTACH -fsyntax-only \
		bpf/firewall.bpf.c

lint-shell:
	shellcheck --exclude=SC2187,SC1003 $(SHELL_FILES)

lint-python:
	python3 -c 'import ast, sys; \
		[ast.parse(open(f, encoding="utf-8").read(), f) \
		 for f in sys.argv[1:]]' $(PYTHON_FILES)

# What is made from the tables is as committed; man pages are without fault.
# EXIT STATUS stands after CAVEATS, where one looks for it last.
lint-docs: $(B)/causes_doc $(B)/reference completions
	$(B)/causes_doc | diff -u docs/causes.md - >&2 || \
		{ echo "docs/causes.md is stale: run make docs" >&2; exit 1; }
	$(B)/reference man man/rstwatch.8 | diff -u man/rstwatch.8 - >&2 || \
		{ echo "man/rstwatch.8 is stale: run make docs" >&2; exit 1; }
	! mandoc -Tlint -W warning man/rstwatch.8 man/rstdemo.1 | \
		grep -v 'sections out of conventional order'
	! groff -ww -mdoc -Tutf8 -z man/rstwatch.8 man/rstdemo.1 2>&1 | grep .
	shellcheck --shell=bash --exclude=SC2207 $(B)/completion/bash
	zsh -n $(B)/completion/zsh
	fish --no-execute $(B)/completion/fish

.PHONY: unit live matrix unit-programs test-programs check-vmlinux lint \
	lint-format lint-bpf lint-tidy lint-shell lint-python lint-docs format
