# SPDX-License-Identifier: GPL-2.0
# Included by the Makefile: what the benchmark needs beside rstwatch itself.

BENCH := $(B)/bench/churn $(B)/bench/floor

$(B)/bench/churn: tests/bench/churn.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< -lpthread

$(B)/bench/floor.bpf.o: tests/bench/floor.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@
	llvm-strip -g $@

$(B)/bench/floor.skel.h: $(B)/bench/floor.bpf.o
	$(BPFTOOL) gen skeleton $< name floor_bpf >$@.tmp
	mv $@.tmp $@

$(B)/bench/floor: tests/bench/floor.c user/cgroup_mount.c $(B)/bench/floor.skel.h
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(LDLIBS)

bench-programs: $(BENCH)

bench: all $(BENCH)
	tests/bench/run --build $(B)

bench-guard: $(B)/rstwatch $(BENCH)
	tests/bench/guard --build $(B)

.PHONY: bench bench-guard bench-programs
