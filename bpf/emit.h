/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From evidence to a record: verdict, filters, count, ring buffer. Whatever
 * passes the filters is counted, whether the ring has room for it or not.
 */
#ifndef RSTWATCH_EMIT_H
#define RSTWATCH_EMIT_H

#include "bpf/audit.h"
#include "bpf/context.h"
#include "bpf/ended.h"
#include "bpf/filter.h"
#include "bpf/stack.h"

static __always_inline struct rw_count *count_of(__u32 cause)
{
	return bpf_map_lookup_elem(&counts, &cause);
}

/*
 * The reader wakes by itself every few hundredths of a second as long as something
 * comes. Waking it for each record would cost more than everything else here; it is
 * woken out of a longer sleep, and when the ring is filling up.
 */
static __always_inline __u64 wake_flags(void)
{
	__u32 *sleeps, first = 0;
	__u64 used;

	if (config.stacks) /* symbols are found while the process lives */
		return BPF_RB_FORCE_WAKEUP;
	sleeps = bpf_map_lookup_elem(&reader_sleeps, &first);
	if (sleeps && *sleeps) {
		*sleeps = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	if (!config.wake_at) /* the ring outlasts the reader's sleep */
		return BPF_RB_NO_WAKEUP;
	used = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	return used > config.wake_at ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/*
 * Who connected or accepted this socket, or held it when rstwatch started; or
 * the one that has ended and is answered for.
 */
static __always_inline const struct rw_owner *
known_owner(const struct rw_subject *s, const struct rw_ended *end)
{
	__u64 sk = s->sk;
	__u32 hash = s->hash;

	if (!hash && end) {
		sk = end->sk;
		hash = end->hash;
	}
	return hash ? find_owner_of(sk, hash, config.owner_sets) : NULL;
}

/* The cookie of a full socket's netns, where reading it costs nothing, or 0 */
static __always_inline __u64 full_cookie(const struct rw_subject *s)
{
#ifdef RW_TYPED
	const struct net___cookie *net = (const void *)s->typed_net;

	if (!net || !config.netns_cookies ||
	    !bpf_core_field_exists(net->net_cookie))
		return 0;
	return LOAD(net, net_cookie);
#else
	return 0;
#endif
}

/*
 * It is in the cgroup asked for. What comes after the end of a connection
 * belongs where the connection was.
 */
static __always_inline bool cgroup_passes(const struct rw_subject *s,
					  const struct rw_ended *end)
{
	if (!config.cgroup)
		return true;
	return s->home ? in_cgroup(s->home) : end && end->cgroup;
}

/* Global, so that the name is not on the stack of who calls. */
__noinline int actor_matches(void)
{
	__u32 comm[RW_COMM_LEN / 4] = {};

	if (config.filter_comm)
		read_comm(current_task(), (char *)comm);
	return task_matches(bpf_get_current_pid_tgid() >> 32, (char *)comm);
}

/* Who acted, or whose it is, is one of those asked for. */
static __always_inline bool who_passes(struct rw_evidence *e,
				       const struct rw_subject *s,
				       const struct rw_ended *end)
{
	const struct rw_owner *known;

	if (e->flags & RW_F_ACTOR) {
		if (actor_matches())
			return true;
		if (s->owner_source) /* the same task */
			return false;
	}
	if (end && end->owner.pid)
		return task_matches(end->owner.pid, end->owner.comm);
	if (end || e->flags & RW_F_DEAD) { /* else it is looked for */
		known = known_owner(s, end);
		if (known)
			return task_matches(known->task.pid, known->task.comm);
	}
	return ask_owner(e);
}

static __always_inline bool whose_passes(struct rw_evidence *e,
					 const struct rw_subject *s,
					 const struct rw_ended *end)
{
	return cgroup_passes(s, end) &&
	       (!filters_tasks() || who_passes(e, s, end));
}

static __always_inline void fill_event(struct rw_event *ev,
				       const struct rw_evidence *e,
				       const struct rw_subject *s, __u32 cause,
				       const struct rw_ended *end,
				       struct task_struct *actor)
{
	ev->ktime_ns = s->ktime_ns;
	ev->sk = s->sk;
	ev->cookie = s->cookie;
	ev->cgroup = s->cgroup;
	ev->tuple = s->tuple;
	ev->family = s->family;
	ev->cause = cause;
	ev->owner_source = s->owner_source;
	ev->stacks = 0;
	ev->since_close_ms = 0;
	ev->evidence = *e;
	if (actor) {
		read_task_of(&ev->actor, actor);
		if (TASK_LOAD(actor, flags) & PF_EXITING) {
			ev->evidence.flags |= RW_F_EXITING;
			ev->evidence.exit = current_exit();
		}
	}
	if (s->owner_source && actor) {
		ev->evidence.flags |= RW_F_OWNER;
		ev->owner = ev->actor;
	} else if (end) {
		ev->evidence.flags |= RW_F_SINCE_CLOSE;
		ev->since_close_ms = (s->ktime_ns - end->ktime_ns) / 1000000;
		if (!ev->cgroup)
			ev->cgroup = end->cgroup;
		if (end->owner.pid) {
			ev->evidence.flags |= RW_F_OWNER;
			ev->owner_source = RW_OWNER_CLOSE;
			ev->owner = end->owner;
		}
	}
}

/* The same: what has been known of the owner since before this teardown. */
static __always_inline void fill_known(struct rw_event *ev,
				       const struct rw_subject *s,
				       const struct rw_ended *end)
{
	const struct rw_owner *known = known_owner(s, end);

	if (!known)
		return;
	if (known->source == RW_OWNER_SCAN)
		ev->evidence.flags |= RW_F_PREDATES;
	if (!(ev->evidence.flags & RW_F_OWNER)) {
		ev->evidence.flags |= RW_F_OWNER;
		ev->owner_source = known->source;
		ev->owner = known->task;
	}
}

/*
 * The cause. Of a reset it may be any, and the verifier of older kernels would
 * follow each through all that comes after.
 */
static __always_inline __u32 judge(const struct rw_evidence *e)
{
	__u32 cause = rw_judge(e);

	return e->kind == RW_KIND_FIN ? cause : forgotten(cause);
}

/*
 * Judge, filter, count, record. Everything that is shown passes here. @ctx: of
 * the program, as the kernel gave it. Return: enum rw_cause, shown or not
 */
static __always_inline __u32 emit(void *ctx, struct rw_evidence *e,
				  const struct rw_subject *s)
{
	__u32 cause;
	const struct rw_ended *end = NULL;
	struct task_struct *actor = NULL;
	struct rw_count *count;
	struct rw_event *ev;
	__u8 stacks = 0;

	if (!rw_moves_nothing(e))
		audit(e, s->tuple.netns, s->net, s->sk, full_cookie(s));
	if (e->flags & RW_F_ACTOR) {
		actor = current_task();
		if (works_for_kernel(actor)) {
			e->flags &= ~RW_F_ACTOR;
			actor = NULL;
		}
	}
	cause = judge(e);
	if (!kind_passes(e->kind) || !cause_passes(cause))
		return cause;
	if (config.filters && !tuple_passes(&s->tuple, s->family))
		return cause;
	if (!s->owner_source)
		end = find_end(e, &s->tuple, s->sk, s->ktime_ns);
	if (config.filters && !whose_passes(e, s, end))
		return cause;

	count = count_of(cause);
	if (!count)
		return cause;
	if (!(e->flags & RW_F_HELD)) /* else user space counts it, if it is */
		count_one(&count->seen);
	if (config.stacks)
		stacks = record_stack(ctx, s->ktime_ns, s->sk,
				      e->flags & RW_F_ACTOR);
	ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev) {
		count_one(&count->lost);
		if (is_reset(e->kind))
			count_one(&count->lost_rst);
		if (e->flags & RW_F_HELD)
			count_one(&count->seen);
		return cause;
	}
	fill_event(ev, e, s, cause, end, actor);
	fill_known(ev, s, end);
	ev->stacks = stacks;
	bpf_ringbuf_submit(ev, wake_flags());
	return cause;
}

/*
 * Add to a record that was sent before. Not an event: not counted, and when
 * the ring is full the record stays as it is. @e: kind, and order if that is
 * what is added; @causes: those it can belong to; @actor: who acts, or NULL
 */
static __always_inline void amend(struct rw_evidence *e,
				  const struct rw_subject *s, __u64 causes,
				  struct task_struct *actor)
{
	struct rw_event *ev;

	if (!(config.cause_mask & causes) ||
	    (config.filters &&
	     !(tuple_passes(&s->tuple, s->family) && cgroup_passes(s, NULL))))
		return;
	ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev)
		return;
	if (actor)
		e->flags = RW_F_ACTOR;
	in_memory(e);
	fill_event(ev, e, s, RW_CAUSE_UNKNOWN, NULL, actor);
	bpf_ringbuf_submit(ev, wake_flags());
}

#endif
