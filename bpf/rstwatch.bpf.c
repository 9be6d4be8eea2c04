// SPDX-License-Identifier: GPL-2.0
/* One source, compiled once for each flavour (see bpf/flavour.h). */
#include "bpf/flavour.h"

#ifdef RW_TRACEPOINT
#include "bpf/hooks_tracepoint.h"
#else
#include "bpf/hooks_function.h"
#endif
#include "bpf/follow.h"

char LICENSE[] SEC("license") = "GPL";
