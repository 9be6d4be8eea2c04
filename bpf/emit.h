/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From evidence to a record: verdict, filters, count, ring buffer. Whatever
 * passes the filters is counted, whether the ring has room for it or not.
 */
#ifndef RSTWATCH_EMIT_H
#define RSTWATCH_EMIT_H

#include "bpf/evidence.h"

static __always_inline __u64 sk_key(const void *sk)
{
	return (__u64)sk;
}

static __always_inline struct rw_context *find_context(const void *sk)
{
	__u64 key = sk_key(sk);

	return bpf_map_lookup_elem(&contexts, &key);
}

static __always_inline void keep_context(const void *sk,
					 const struct rw_context *c)
{
	__u64 key = sk_key(sk);

	bpf_map_update_elem(&contexts, &key, c, BPF_ANY);
}

static __always_inline void drop_context(const void *sk)
{
	__u64 key = sk_key(sk);

	bpf_map_delete_elem(&contexts, &key);
}

/* The context of a call that this task is inside of right now. */
static __always_inline struct rw_context *own_context(const void *sk,
						      __u32 path)
{
	struct rw_context *c = find_context(sk);

	if (!c || !(c->e.path & path) ||
	    c->tid != (__u32)bpf_get_current_pid_tgid())
		return NULL;
	return c;
}

static __always_inline void read_task(struct rw_task *t)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();

	t->pid = id >> 32;
	t->tid = id;
	t->uid = bpf_get_current_uid_gid();
	t->exit_code = PEEK(task, exit_code);
	bpf_get_current_comm(t->comm, sizeof(t->comm));
}

static __always_inline bool is_kernel_thread(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return PEEK(task, flags) & PF_KTHREAD;
}

static __always_inline bool is_exiting(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return PEEK(task, flags) & PF_EXITING;
}

/*
 * The kernel's socket cookie if somebody asked for one before; else the time,
 * which is unique enough and cannot be mistaken for a cookie (those are small).
 */
static __always_inline __u64 sk_cookie(const struct sock *sk)
{
	__u64 cookie = LOAD(sk, __sk_common.skc_cookie.counter);

	return cookie ? cookie : bpf_ktime_get_ns();
}

/* Remember who ended this connection, for what the peer still sends. */
static __always_inline void remember_end(const struct rw_tuple *t, bool owner)
{
	struct rw_ended end = {};

	end.ktime_ns = bpf_ktime_get_ns();
	if (owner)
		read_task(&end.owner);
	bpf_map_update_elem(&ended, t, &end, owner ? BPF_ANY : BPF_NOEXIST);
}

static __always_inline bool in_set(const volatile __u64 *set, __u16 port)
{
	return set[(port >> 6) & 1023] & (1ULL << (port & 63));
}

static __always_inline bool port_passes(const struct rw_tuple *t)
{
	if (config.port_filter & RW_PORT_ANY && !in_set(port_any, t->lport) &&
	    !in_set(port_any, t->rport))
		return false;
	if (config.port_filter & RW_PORT_LOCAL && !in_set(port_local, t->lport))
		return false;
	if (config.port_filter & RW_PORT_REMOTE &&
	    !in_set(port_remote, t->rport))
		return false;
	return true;
}

/* What the connection itself decides: asked before any evidence is read. */
static __always_inline bool tuple_passes(const struct rw_tuple *t,
					 __u8 family)
{
	if (config.family && config.family != family)
		return false;
	return !config.port_filter || port_passes(t);
}

static __always_inline bool kind_passes(__u8 kind)
{
	return !config.rst_only || kind == RW_KIND_RST_ACTIVE ||
	       kind == RW_KIND_RST_ANSWER || kind == RW_KIND_RST_RECEIVED;
}

/*
 * Where neither is known and somebody still holds the socket, user space finds
 * out who it is and decides.
 */
static __always_inline bool pid_passes(struct rw_evidence *e, __u32 actor,
				       __u32 owner)
{
	if (!config.filter_pid)
		return true;
	if (actor && bpf_map_lookup_elem(&pids, &actor))
		return true;
	if (owner)
		return bpf_map_lookup_elem(&pids, &owner);
	if (!(e->flags & RW_F_SK) || e->flags & (RW_F_DEAD | RW_F_TW))
		return false;
	e->flags |= RW_F_ASK_OWNER;
	return true;
}

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
	__u64 used = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	return used > config.wake_at ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* What the caller knows beside the evidence. */
struct rw_subject {
	struct rw_tuple tuple;
	__u64 ktime_ns; /* 0: now */
	__u64 sk;
	__u64 cookie;
	__u8 family;
	__u8 owner_source; /* RW_OWNER_NONE: look among the ended */
};

static __always_inline void fill_event(struct rw_event *ev,
				       const struct rw_evidence *e,
				       const struct rw_subject *s, __u32 cause,
				       const struct rw_ended *end)
{
	__u64 now = bpf_ktime_get_ns();

	ev->ktime_ns = s->ktime_ns ? s->ktime_ns : now;
	ev->sk = s->sk;
	ev->cookie = s->cookie;
	ev->cgroup = 0;
	ev->tuple = s->tuple;
	ev->family = s->family;
	ev->cause = cause;
	ev->owner_source = s->owner_source;
	ev->pad = 0;
	ev->since_close_ms = 0;
	ev->evidence = *e;
	if (e->flags & RW_F_ACTOR) {
		read_task(&ev->actor);
		if (is_exiting())
			ev->evidence.flags |= RW_F_EXITING;
	}
	if (s->owner_source && e->flags & RW_F_ACTOR) {
		ev->evidence.flags |= RW_F_OWNER;
		ev->owner = ev->actor;
	} else if (end) {
		ev->evidence.flags |= RW_F_SINCE_CLOSE;
		ev->since_close_ms = (now - end->ktime_ns) / 1000000;
		if (end->owner.pid) {
			ev->evidence.flags |= RW_F_OWNER;
			ev->owner_source = RW_OWNER_CLOSE;
			ev->owner = end->owner;
		}
	}
}

/* Judge, filter, count, record. Everything that is shown passes here. */
static __always_inline void emit(struct rw_evidence *e,
				 const struct rw_subject *s)
{
	__u32 cause, actor = 0, owner = 0;
	const struct rw_ended *end = NULL;
	struct rw_count *count;
	struct rw_event *ev;

	forget(e);
	cause = rw_judge(e);
	if (!kind_passes(e->kind) || !(config.cause_mask & (1ULL << cause)))
		return;
	if (!tuple_passes(&s->tuple, s->family))
		return;
	if (!s->owner_source)
		end = bpf_map_lookup_elem(&ended, &s->tuple);
	if (e->flags & RW_F_ACTOR)
		actor = bpf_get_current_pid_tgid() >> 32;
	if (s->owner_source)
		owner = actor;
	else if (end)
		owner = end->owner.pid;
	if (!pid_passes(e, actor, owner))
		return;

	count = count_of(cause);
	if (!count)
		return;
	if (!(e->flags & RW_F_HELD)) /* else user space counts it, if it is */
		count->seen++;
	ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev) {
		count->lost++;
		if (e->flags & RW_F_HELD)
			count->seen++;
		return;
	}
	fill_event(ev, e, s, cause, end);
	bpf_ringbuf_submit(ev, wake_flags());
}

/*
 * What every hook begins with
 */

static __always_inline void subject_of(struct rw_subject *s,
				       const struct sock *sk,
				       const struct tcp_sock *tp)
{
	read_tuple(&s->tuple, &s->family, sk, tp);
	s->ktime_ns = 0;
	s->sk = sk_key(sk);
	s->cookie = sk_cookie(sk);
	s->owner_source = RW_OWNER_NONE;
}

/* Take the evidence of a teardown that begins now, on a full socket. */
static __always_inline void begin(struct rw_context *c, const struct sock *sk,
				  const struct tcp_sock *tp, __u32 path)
{
	__u8 state = sk_state(sk);

	c->ktime_ns = bpf_ktime_get_ns();
	c->cookie = sk_cookie(sk);
	c->tid = bpf_get_current_pid_tgid();
	c->e.path = path;
	read_socket(&c->e, sk, tp, state);
	read_send_queue(&c->e, tp, state, FIN_QUEUED & RW_BIT(state));
	read_now(&c->e, sk);
	forget(&c->e);
}

/* tcp_need_reset(), and the second condition beside it in tcp_disconnect() */
static __always_inline bool disconnect_resets(const struct rw_evidence *e,
					      const struct tcp_sock *tp)
{
	const __u32 always =
		RW_BIT(RW_TCP_ESTABLISHED) | RW_BIT(RW_TCP_CLOSE_WAIT) |
		RW_BIT(RW_TCP_FIN_WAIT1) | RW_BIT(RW_TCP_FIN_WAIT2) |
		RW_BIT(RW_TCP_SYN_RECV);
	const __u32 unsent = RW_BIT(RW_TCP_CLOSING) | RW_BIT(RW_TCP_LAST_ACK);

	if (e->flags & RW_F_REPAIR)
		return false;
	if (always & RW_BIT(e->state))
		return true;
	return unsent & RW_BIT(e->state) &&
	       LOAD(tp, snd_nxt) != LOAD(tp, write_seq);
}

/*
 * An orphan is given up inside close() after it left no context: where it
 * stood before follows from whether the peer's FIN had come.
 */
static __always_inline void begin_orphan(struct rw_context *c,
					 const struct sock *sk,
					 const struct tcp_sock *tp)
{
	begin(c, sk, tp, RW_PATH_CLOSE);
	c->e.state = c->e.flags & RW_F_PEER_FIN ? RW_TCP_CLOSE_WAIT
						 : RW_TCP_ESTABLISHED;
	read_send_queue(&c->e, tp, c->e.state, true);
	c->e.flags |= RW_F_ACTOR;
}

/* What has changed since the teardown began, at the moment of the reset. */
static __always_inline void finish_reset(struct rw_evidence *e,
					 const struct sock *sk,
					 const struct tcp_sock *tp)
{
	e->kind = RW_KIND_RST_ACTIVE;
	read_now(e, sk);
	if (LOAD(tp, snd_una) == LOAD(tp, write_seq))
		e->flags |= RW_F_FIN_ACKED;
	else
		e->flags &= ~RW_F_FIN_ACKED;
}

#endif
