/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ends that were told while their socket lives: what follows belongs to them, and
 * may add to the record or take it back.
 */
#ifndef RSTWATCH_TOLD_H
#define RSTWATCH_TOLD_H

#include "bpf/teardown.h"

/*
 * The socket answers: so it was no RST that ended it a moment ago, but the
 * segment that is answered. What was told of that end is taken back.
 */
static __always_inline void retract(const struct rw_death *d,
				    const struct rw_subject *answer)
{
	struct rw_evidence e = {};
	struct rw_subject s = *answer;

	if (!d->held_ns)
		return;
	e.kind = RW_KIND_RETRACT;
	s.ktime_ns = d->held_ns;
	amend(&e, &s, 1ULL << RW_CAUSE_RESET_AFTER_FIN, NULL);
}

/* Our FIN was told as the first; now the peer's turns out to have crossed it. */
static RARELY int fins_crossed(struct sock *sk)
{
	struct tcp_sock *tp = TCP_SK(sk);
	struct rw_evidence e = {};
	struct rw_subject s;

	if (!tp)
		return 0;
	subject_of(&s, sk, tp);
	e.kind = RW_KIND_ORDER;
	e.order = RW_ORDER_SIMULTANEOUS;
	amend(&e, &s, 1ULL << RW_CAUSE_CLOSE | 1ULL << RW_CAUSE_SHUTDOWN, NULL);
	return 0;
}

/*
 * The kernel gave this connection up, or a RST ended it that the peer need not
 * have sent: what the peer sends yet is answered for who closes now.
 */
static __always_inline void name_end(const struct rw_death *d,
				     struct task_struct *closer)
{
	struct rw_ended *end = remembered(d->end, d->of.sk, d->of.hash);

	if (end && !end->owner.pid)
		read_task_of(&end->owner, closer);
}

/*
 * The connection was ended by the kernel or the peer, and reported before its
 * owner was known; who closes the dead socket is the owner. Return: was it told?
 */
static __always_inline bool name_owner(const struct sock *sk)
{
	struct rw_death *d = find_death(sk);
	struct rw_evidence e = {};
	struct task_struct *closer;
	struct rw_subject s;

	if (!d)
		return false;
	if (d->reset_state) /* an answer is to come */
		return true;
	closer = current_task();
	if (d->await_owner && !works_for_kernel(closer)) {
		subject_kept(&s, &d->of, bpf_ktime_get_ns());
		in_memory(&s);
		s.owner_source = RW_OWNER_CLOSE;
		e.kind = RW_KIND_OWNER;
		amend(&e, &s, 1ULL << d->cause, closer);
		name_end(d, closer);
	}
	drop_death(d, sk_key(sk));
	return true;
}

/*
 * An end was told, as @cause, while somebody may still hold the socket. @hash:
 * skc_hash; @end: from remember_end()
 */
static __always_inline void told(const struct rw_subject *s, __u32 hash,
				 const struct rw_evidence *e, __u32 cause,
				 __u32 end, __u8 reset_state)
{
	struct rw_death *d = keep_death(s->sk, hash);

	if (!d)
		return;
	d->held_ns = reset_state ? s->ktime_ns : 0;
	d->end = end;
	d->cause = cause;
	d->told = 1;
	d->await_owner = !(e->flags & (RW_F_DEAD | RW_F_ACTOR));
	d->reset_state = reset_state;
	keep_connection(&d->of, s);
}

#endif
