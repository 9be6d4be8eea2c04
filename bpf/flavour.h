/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One body per hook, several ways to attach and to read. The object is built
 * once for each flavour:
 *   RW_FENTRY      BPF trampolines; arguments are typed
 *   RW_KPROBE      kprobes; arguments come from registers
 *   RW_TRACEPOINT  raw tracepoints; arguments are plain, or typed
 * With RW_TYPED, which fentry always is, the verifier knows what a pointer
 * points to, and a load is an instruction. Without it a load is a call.
 */
#ifndef RSTWATCH_FLAVOUR_H
#define RSTWATCH_FLAVOUR_H

#include "vmlinux/vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#if defined(RW_FENTRY)
#define RW_TYPED
/* A program at the entry of kernel function @fn, named on_<fn>. */
#define HOOK(fn, args...) SEC("fentry/" #fn) int BPF_PROG(on_##fn, ##args)
#elif defined(RW_KPROBE)
#define HOOK(fn, args...) SEC("kprobe/" #fn) int BPF_KPROBE(on_##fn, ##args)
#elif defined(RW_TRACEPOINT) && defined(RW_TYPED)
#define HOOK(tp, args...) SEC("tp_btf/" #tp) int BPF_PROG(on_##tp, ##args)
#elif defined(RW_TRACEPOINT)
#define HOOK(tp, args...) SEC("raw_tp/" #tp) int BPF_PROG(on_##tp, ##args)
#else
#error "choose a flavour: RW_FENTRY, RW_KPROBE or RW_TRACEPOINT"
#endif

#if defined(RW_TYPED)
/* A field of a typed kernel pointer; a bad pointer reads as zero. */
#define LOAD(ptr, field) ((ptr)->field)
#define LOAD_BITS(ptr, field) BPF_CORE_READ_BITFIELD(ptr, field)
#else
#define LOAD(ptr, field) BPF_CORE_READ(ptr, field)
#define LOAD_BITS(ptr, field) BPF_CORE_READ_BITFIELD_PROBED(ptr, field)
#endif

/*
 * TYPED() tells the verifier what an argument is, where it cannot know: of a
 * kprobe, from 6.2 (fd264ca02094). No code comes of it. TCP_SK() is the same
 * socket as its TCP self; in a tracepoint NULL if it is no full TCP socket, which
 * the functions that are hooked are never given. KNOWN_TCP_SK() is for where the
 * hook has made sure of that itself: where it can be, it is no call.
 */
#define CAST(type, ptr) \
	((type *)bpf_rdonly_cast(ptr, bpf_core_type_id_kernel(type)))
#if defined(RW_KPROBE) && defined(RW_TYPED)
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;
#define TYPED(type, ptr) CAST(type, ptr)
#define TCP_SK(sk) CAST(struct tcp_sock, sk)
#define KNOWN_TCP_SK(sk) TCP_SK(sk)
#elif defined(RW_TYPED)
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;
#define TYPED(type, ptr) (ptr)
#define ASKED_TCP_SK(sk) bpf_skc_to_tcp_sock((void *)(sk))
#define KNOWN_TCP_SK(sk) \
	(config.can_cast ? CAST(struct tcp_sock, sk) : ASKED_TCP_SK(sk))
#else
#define TYPED(type, ptr) (ptr)
#define TCP_SK(sk) ((struct tcp_sock *)(sk))
#define KNOWN_TCP_SK(sk) TCP_SK(sk)
#endif
#if defined(RW_FENTRY)
#define TCP_SK(sk) KNOWN_TCP_SK(sk)
#elif defined(RW_TRACEPOINT) && defined(RW_TYPED)
#define TCP_SK(sk) ASKED_TCP_SK(sk)
#endif
#define SOCK(sk) TYPED(struct sock, sk)
#define SEGMENT(skb) TYPED(struct sk_buff, skb)

/*
 * The first part of a socket, where its addresses are. A probed load is a call,
 * and ten of them are most of what a close costs: there it is read once, whole.
 */
#if defined(RW_TYPED)
struct rw_common {
	const struct sock *sk;
};
#define COMMON(c, field) ((c)->sk->__sk_common.field)
#else
struct rw_common {
	/* up to skc_flags; the stack is small */
	__u8 bytes[104] __attribute__((aligned(8)));
};
#define COMMON(c, field)                                                  \
	(*(typeof(((struct sock_common *)0)->field)                       \
		   *)((c)->bytes +                                        \
		      (bpf_core_field_offset(struct sock_common, field) & \
		       127)))
#endif

static __always_inline void read_common(struct rw_common *c,
					const struct sock *sk)
{
#if defined(RW_TYPED)
	c->sk = sk;
#else
	bpf_probe_read_kernel(c, sizeof(*c), sk);
#endif
}

/* A pointer whose type only we know: always probed. */
#define PEEK(ptr, fields...) BPF_CORE_READ(ptr, ##fields)
#define PEEK_BITS(ptr, field) BPF_CORE_READ_BITFIELD_PROBED(ptr, field)

/*
 * What most calls of a hook do not come to: a call costs less than the stack
 * and the registers that all of them would pay for. The stack of the probed
 * programs is too small for one more.
 */
#ifdef RW_TYPED
#define RARELY __noinline
#else
#define RARELY __always_inline
#endif

/*
 * Leave what @pointer points to in memory. The compiler would rather keep each
 * field in a register, has too few of them, and puts words together again from
 * their bytes wherever they are copied. The probed programs have no stack to spare.
 */
static __always_inline void in_memory(void *pointer)
{
#ifdef RW_TYPED
	asm volatile("" : : "r"(pointer) : "memory");
#endif
}

/*
 * Have the address in @pointer once and for all. The compiler would rather add up
 * that of a place in a map again for each of its fields.
 */
#define SETTLE(pointer) barrier_var(pointer)

/*
 * A kernel pointer as a number to calculate with. The verifier refuses
 * arithmetic on pointers, except that what was negated is none any more.
 */
static __always_inline __u64 address(const void *pointer)
{
	__u64 value = (__u64)pointer;

	asm volatile("%0 = -%0" : "+r"(value));
	return -value;
}

/*
 * Argument @n of a trampoline whose prototype is only known when it is loaded.
 * In assembly, because the verifier wants the offset in the instruction and
 * the compiler would rather compute it.
 */
#define ARGUMENT(ctx, n)                              \
	({                                            \
		__u64 value_;                         \
		asm volatile("%0 = *(u64 *)(%1 + %2)" \
			     : "=r"(value_)           \
			     : "r"(ctx), "i"((n)*8)); \
		value_;                               \
	})

#endif
