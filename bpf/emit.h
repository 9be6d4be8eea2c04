/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From evidence to a record: verdict, filters, count, ring buffer. Whatever
 * passes the filters is counted, whether the ring has room for it or not.
 */
#ifndef RSTWATCH_EMIT_H
#define RSTWATCH_EMIT_H

#include "bpf/context.h"
#include "bpf/filter.h"
#include "bpf/stack.h"

static __always_inline struct rw_count *count_of(__u32 cause)
{
	return bpf_map_lookup_elem(&counts, &cause);
}

/*
 * The reader wakes by itself every few hundredths of a second. Waking it for
 * each record would cost more than everything else here; it is woken only when
 * the ring is filling up.
 */
static __always_inline __u64 wake_flags(void)
{
	__u64 used;

	if (config.stacks) /* symbols are found while the process lives */
		return BPF_RB_FORCE_WAKEUP;
	if (!config.wake_at) /* the ring outlasts the reader's sleep */
		return BPF_RB_NO_WAKEUP;
	used = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	return used > config.wake_at ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* What the caller knows beside the evidence. */
struct rw_subject {
	struct rw_tuple tuple;
	__u64 ktime_ns; /* of the event, CLOCK_MONOTONIC */
	__u64 now;	/* the same, except where it is told later */
	__u64 sk;
	__u64 cookie;
	__u32 hash; /* skc_hash of a full socket */
	__u8 family;
	__u8 owner_source;	     /* RW_OWNER_NONE: look among the ended */
	const struct rw_task *actor; /* if it has been read already */
	__u32 actor_flags;	     /* with actor: PF_* of that task */
};

/* Who connected or accepted this socket, or held it when rstwatch started. */
static __always_inline const struct rw_owner *
known_owner(const struct rw_subject *s)
{
	return s->hash ? find_owner_of(s->sk, s->hash, config.owner_sets)
		       : NULL;
}

static __always_inline void fill_event(struct rw_event *ev,
				       const struct rw_evidence *e,
				       const struct rw_subject *s, __u32 cause,
				       const struct rw_ended *end)
{
	const struct rw_owner *known;

	ev->ktime_ns = s->ktime_ns;
	ev->sk = s->sk;
	ev->cookie = s->cookie;
	ev->cgroup = 0;
	ev->tuple = s->tuple;
	ev->family = s->family;
	ev->cause = cause;
	ev->owner_source = s->owner_source;
	ev->stacks = 0;
	ev->since_close_ms = 0;
	ev->evidence = *e;
	if (e->flags & RW_F_ACTOR) {
		__u32 flags = s->actor ? s->actor_flags : TASK_LOAD(flags);

		if (s->actor)
			ev->actor = *s->actor;
		else
			read_task(&ev->actor);
		if (flags & PF_EXITING) {
			ev->evidence.flags |= RW_F_EXITING;
			ev->actor.exit_code = TASK_LOAD(exit_code);
		}
	}
	if (s->owner_source && e->flags & RW_F_ACTOR) {
		ev->evidence.flags |= RW_F_OWNER;
		ev->owner = ev->actor;
	} else if (end) {
		ev->evidence.flags |= RW_F_SINCE_CLOSE;
		ev->since_close_ms = (s->now - end->ktime_ns) / 1000000;
		if (end->owner.pid) {
			ev->evidence.flags |= RW_F_OWNER;
			ev->owner_source = RW_OWNER_CLOSE;
			ev->owner = end->owner;
		}
	}
	known = known_owner(s);
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
 * Judge, filter, count, record. Everything that is shown passes here. @ctx: of
 * the program, as the kernel gave it.
 */
static __always_inline void emit(void *ctx, struct rw_evidence *e,
				 const struct rw_subject *s)
{
	__u32 cause, actor = 0, owner = 0;
	const struct rw_owner *known = NULL;
	const struct rw_ended *end = NULL;
	struct rw_count *count;
	struct rw_event *ev;
	__u8 stacks = 0;

	if (e->kind != RW_KIND_FIN) /* of a FIN there is little to combine */
		forget(e);
	if (e->flags & RW_F_ACTOR && !s->actor && is_deputy())
		e->flags &= ~RW_F_ACTOR;
	cause = rw_judge(e);
	if (!kind_passes(e->kind) || !cause_passes(cause))
		return;
	if (!tuple_passes(&s->tuple, s->family))
		return;
	if (!s->owner_source)
		end = find_end(e, &s->tuple, s->now);
	if (config.filter_pid && e->flags & RW_F_DEAD)
		known = known_owner(s); /* else it is looked for */
	if (config.filter_pid && e->flags & RW_F_ACTOR)
		actor = bpf_get_current_pid_tgid() >> 32;
	if (s->owner_source)
		owner = actor;
	else if (end)
		owner = end->owner.pid;
	else if (known)
		owner = known->task.pid;
	if (!pid_passes(e, actor, owner))
		return;

	count = count_of(cause);
	if (!count)
		return;
	if (!(e->flags & RW_F_HELD)) /* else user space counts it, if it is */
		count->seen++;
	if (config.stacks)
		stacks = record_stack(ctx, s->ktime_ns, s->sk,
				      e->flags & RW_F_ACTOR);
	ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev) {
		count->lost++;
		count->lost_rst += is_reset(e->kind);
		if (e->flags & RW_F_HELD)
			count->seen++;
		return;
	}
	fill_event(ev, e, s, cause, end);
	ev->stacks = stacks;
	bpf_ringbuf_submit(ev, wake_flags());
}

/*
 * Add to a record that was sent before. Not an event: not counted, and when
 * the ring is full the record stays as it is. @causes: those it can belong to.
 */
static __always_inline void amend(struct rw_evidence *e,
				  const struct rw_subject *s, __u64 causes)
{
	struct rw_event *ev;

	if (!(config.cause_mask & causes) ||
	    !tuple_passes(&s->tuple, s->family))
		return;
	ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev)
		return;
	fill_event(ev, e, s, RW_CAUSE_UNKNOWN, NULL);
	bpf_ringbuf_submit(ev, wake_flags());
}

#endif
