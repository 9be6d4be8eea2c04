# SPDX-License-Identifier: GPL-2.0
#
# make            build/rstwatch and build/rstdemo
# make STATIC=1   build/static/rstwatch: one file that needs no libraries
# make docs       remake what is made from the tables of options and causes
# sudo make demo  install what is missing, build, run every case, compare
# sudo make test  the same on this kernel and on the kernels of the matrix

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool)

# make STATIC=1: the same with all libraries inside, in build/static, to carry to
# another host.
ifdef STATIC
B := build/static
LDFLAGS += -static -s
PKG_LIBS := pkg-config --static --libs
else
B := build
PKG_LIBS := pkg-config --libs
endif

# $(call usable,NAME): yes where a package is here, for STATIC=1 as archives too.
usable = $(shell pkg-config --exists $(1) 2>/dev/null && \
	echo 'int main(void) { return 0; }' | $(CC) -x c -o /dev/null - \
		$(LDFLAGS) `$(PKG_LIBS) $(1)` 2>/dev/null && echo yes)

PKGS := libbpf libcap-ng libelf libmd zlib
ifdef STATIC
$(foreach package,$(PKGS),$(if $(call usable,$(package)),,\
	$(error STATIC=1: $(package) or what it needs has no static archive)))
endif
# With libdw user stacks know inlined calls and separate debug files, with
# libiberty C++ and Rust names are demangled; both are optional.
ifeq ($(call usable,libdw),yes)
PKGS += libdw
CPPFLAGS += -DHAVE_LIBDW
endif
ifneq ($(wildcard /usr/include/libiberty/demangle.h),)
CPPFLAGS += -DHAVE_LIBIBERTY
LDLIBS += -liberty
endif
CFLAGS ?= -O2 -g
CFLAGS += -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror
CPPFLAGS += -I. -Iuser -I$(B) -DRSTWATCH_VERSION='"$(VERSION)"' \
	    $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDLIBS += $(shell $(PKG_LIBS) $(PKGS) 2>/dev/null)

ARCH := $(shell uname -m)
BPF_ARCH := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(ARCH)))
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -I. \
	      -I/usr/include/$(ARCH)-linux-gnu \
	      -Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function

# How they attach, and whether what they read is typed (see bpf/flavour.h).
FLAVOURS := fentry kprobe kprobe_typed tracepoint tracepoint_typed
BPF_SOURCES := $(wildcard bpf/*.h bpf/*.def bpf/*.c vmlinux/*.h)
SKELETONS := $(FLAVOURS:%=$(B)/%.skel.h)
# Netfilter's modules may come and go: an object of their own, two ways to attach
FIREWALLS := firewall_fentry firewall_kprobe
ALL_SKELETONS := $(SKELETONS) $(FIREWALLS:%=$(B)/%.skel.h) $(B)/owner.skel.h

NOT_RSTWATCH := user/causes_doc.c
RSTWATCH_C := $(filter-out $(NOT_RSTWATCH),$(wildcard user/*.c))
RSTWATCH_O := $(RSTWATCH_C:%.c=$(B)/%.o)
DOC_O := $(patsubst %.c,$(B)/%.o,$(wildcard user/doc/*.c))
SHELLS := bash zsh fish
DEMO_O := $(patsubst %.c,$(B)/%.o,$(wildcard user/demo/*.c))

all: $(B)/rstwatch $(B)/rstdemo

$(B)/rstwatch: $(RSTWATCH_O)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/rstdemo: $(DEMO_O)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpthread

$(B)/user/observer.o: $(SKELETONS)
$(B)/user/owner.o: $(B)/owner.skel.h
$(B)/user/firewall.o: $(FIREWALLS:%=$(B)/%.skel.h)
$(B)/user/schema.o: $(B)/schema.inc

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The flavours are one source; owner.bpf.c stands alone.
$(FLAVOURS:%=$(B)/%.bpf.o): $(B)/%.bpf.o: $(BPF_SOURCES)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) \
		-DRW_$(shell echo $* | tr a-z A-Z | sed 's/_/ -DRW_/') \
		-c bpf/rstwatch.bpf.c -o $@
	$(LLVM_STRIP) -g $@

$(FIREWALLS:%=$(B)/%.bpf.o): $(B)/firewall_%.bpf.o: $(BPF_SOURCES)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -DRW_$(shell echo $* | tr a-z A-Z)_ATTACH \
		-c bpf/firewall.bpf.c -o $@
	$(LLVM_STRIP) -g $@

$(B)/owner.bpf.o: $(BPF_SOURCES)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c bpf/owner.bpf.c -o $@
	$(LLVM_STRIP) -g $@

$(B)/%.skel.h: $(B)/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp
	mv $@.tmp $@

# The schema of every record as text in C: { "name", "text" },
SCHEMA := $(wildcard user/schema/*.json)
$(B)/schema.inc: $(SCHEMA)
	@mkdir -p $(@D)
	for file in $(SCHEMA); do \
		echo "{ \"$$(basename $$file .json)\","; \
		sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $$file; echo '},'; \
	done > $@.tmp
	mv $@.tmp $@

# Debian packages that are missing are installed, nothing else is touched.
deps:
	tests/deps

# Building on a fresh machine starts with installing; otherwise this is quick.
have-deps:
	@tests/deps --check build >/dev/null 2>&1 || $(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all

demo: have-deps
	tests/demo $(B)

test: have-deps
	tests/run $(B)

# What is installed: mode, source, place under PREFIX.
INSTALLED := \
	755:$(B)/rstwatch:sbin/rstwatch \
	755:$(B)/rstdemo:bin/rstdemo \
	644:man/rstwatch.8:share/man/man8/rstwatch.8 \
	644:man/rstdemo.1:share/man/man1/rstdemo.1 \
	644:$(B)/completion/bash:share/bash-completion/completions/rstwatch \
	644:$(B)/completion/zsh:share/zsh/site-functions/_rstwatch \
	644:$(B)/completion/fish:share/fish/vendor_completions.d/rstwatch.fish

install: all completions
	@set -e; for entry in $(INSTALLED); do \
		mode=$${entry%%:*}; names=$${entry#*:}; \
		set -x; install -D -m $$mode "$${names%%:*}" \
			"$(DESTDIR)$(PREFIX)/$${names#*:}"; { set +x; } 2>/dev/null; \
	done

uninstall:
	@set -e; for entry in $(INSTALLED); do \
		set -x; rm -f "$(DESTDIR)$(PREFIX)/$${entry##*:}"; \
		{ set +x; } 2>/dev/null; \
	done

clean:
	rm -rf $(B)

# What is made from the tables of options and causes; a test compares what is
# committed with the tables.
docs: $(B)/causes_doc $(B)/reference
	$(B)/causes_doc > docs/causes.md
	$(B)/reference man man/rstwatch.8 > $(B)/rstwatch.8
	cat $(B)/rstwatch.8 > man/rstwatch.8

completions: $(SHELLS:%=$(B)/completion/%)

$(B)/completion/%: $(B)/reference
	@mkdir -p $(@D)
	$(B)/reference $* > $@

$(B)/reference: $(DOC_O) $(B)/lib.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# All of rstwatch but main(), for what needs a part of it.
LIB_O := $(filter-out $(B)/user/main.o,$(RSTWATCH_O))
$(B)/lib.a: $(LIB_O)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/causes_doc: $(B)/user/causes_doc.o $(B)/user/cause_text.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

-include tests/tests.mk tests/bench/bench.mk

.PHONY: all deps have-deps demo test install uninstall docs completions clean
.DELETE_ON_ERROR:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
