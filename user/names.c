// SPDX-License-Identifier: GPL-2.0
/* The words for the numbers in an event: see names.h. */
#include <signal.h>
#include <string.h>

#include "format.h"
#include "names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NAME(word)                     \
	{                              \
		word, sizeof(word) - 1 \
	}

static const struct name causes[] = {
#define CAUSE(id, word, ...) [RW_CAUSE_##id] = NAME(word),
#include "bpf/causes.def"
#undef CAUSE
};

static const char *const usual[] = {
#define CAUSE(id, word, wire, ...) [RW_CAUSE_##id] = (wire),
#include "bpf/causes.def"
#undef CAUSE
};

/* include/net/tcp_states.h */
static const struct name states[] = {
	[1] = NAME("ESTABLISHED"), [2] = NAME("SYN_SENT"),
	[3] = NAME("SYN_RECV"),	   [4] = NAME("FIN_WAIT1"),
	[5] = NAME("FIN_WAIT2"),   [6] = NAME("TIME_WAIT"),
	[7] = NAME("CLOSE"),	   [8] = NAME("CLOSE_WAIT"),
	[9] = NAME("LAST_ACK"),	   [10] = NAME("LISTEN"),
	[11] = NAME("CLOSING"),	   [12] = NAME("NEW_SYN_RECV"),
};

/* One for each bit of enum rw_path, in the order of the bits. */
static const struct name paths[] = {
	NAME("inet_sock_set_state"),
	NAME("tcp_shutdown"),
	NAME("inet_shutdown"),
	NAME("tcp_close"),
	NAME("tcp_abort"),
	NAME("inet_csk_listen_stop"),
	NAME("inet_child_forget"),
	NAME("tcp_disconnect"),
	NAME("tcp_out_of_resources"),
	NAME("tcp_check_req"),
	NAME("tcp_reset"),
	NAME("tcp_done"),
	NAME("tcp_send_fin"),
	NAME("mptcp_subflow_reset"),
	NAME("tcp_send_active_reset"),
	NAME("tcp_v4_send_reset"),
	NAME("tcp_v6_send_reset"),
	NAME("tcp_send_reset"),
	NAME("nf_send_reset"),
	NAME("nf_send_reset6"),
	NAME("nf_reject_skb_v4_tcp_reset"),
	NAME("nf_reject_skb_v6_tcp_reset"),
};
_Static_assert(COUNT(paths) == RW_PATH_BITS, "a path bit has no name");

static const struct name orders[] = {
	[RW_ORDER_FIRST] = NAME("first"),
	[RW_ORDER_SECOND] = NAME("second"),
	[RW_ORDER_SIMULTANEOUS] = NAME("simultaneous"),
};

static const struct name sources[] = {
	[RW_OWNER_CLOSE] = NAME("close"),
	[RW_OWNER_CONNECT] = NAME("connect"),
	[RW_OWNER_ACCEPT] = NAME("accept"),
	[RW_OWNER_SCAN] = NAME("scan"),
};

static const struct name *pick(const struct name *names, size_t count,
			       unsigned int index)
{
	return index < count && names[index].len ? &names[index] : NULL;
}

const struct name *name_cause(unsigned int cause)
{
	return pick(causes, COUNT(causes), cause);
}

const char *name_cause_usual(unsigned int cause)
{
	return cause < COUNT(usual) ? usual[cause] : NULL;
}

int name_find_cause(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(causes); i++)
		if (causes[i].len == len && !memcmp(causes[i].text, name, len))
			return (int)i;
	return -1;
}

const struct name *name_state(unsigned int state)
{
	return pick(states, COUNT(states), state);
}

const struct name *name_path(unsigned int bit)
{
	return pick(paths, COUNT(paths), bit);
}

const struct name *name_order(unsigned int order)
{
	return pick(orders, COUNT(orders), order);
}

const struct name *name_owner_source(unsigned int source)
{
	return pick(sources, COUNT(sources), source);
}

const struct name *name_verdict(unsigned int kind)
{
	static const struct name fin = NAME("fin"), rst = NAME("rst"),
				 none = NAME("none");

	switch (kind) {
	case RW_KIND_FIN:
		return &fin;
	case RW_KIND_RST_ACTIVE:
	case RW_KIND_RST_ANSWER:
	case RW_KIND_RST_RECEIVED:
		return &rst;
	default:
		return &none;
	}
}

const struct name *name_direction(unsigned int kind)
{
	static const struct name sent = NAME("sent"),
				 received = NAME("received"),
				 none = NAME("none");

	switch (kind) {
	case RW_KIND_FIN:
	case RW_KIND_RST_ACTIVE:
	case RW_KIND_RST_ANSWER:
		return &sent;
	case RW_KIND_RST_RECEIVED:
		return &received;
	default:
		return &none;
	}
}

char *name_flags(char *p, uint8_t flags)
{
	static const char letters[] = "FSRPAUEW";

	for (int i = 0; i < 8; i++)
		if (flags >> i & 1)
			*p++ = letters[i];
	return p;
}

char *name_signal(char *p, int number)
{
	const char *word = number ? sigabbrev_np(number) : "";

	if (!number)
		return p;
	p = mempcpy(p, "SIG", 3);
	if (word)
		return mempcpy(p, word, strlen(word));
	if (number < SIGRTMIN || number > SIGRTMAX)
		return format_u64(p, (uint64_t)number);
	p = mempcpy(p, "RTMIN+", 6);
	return format_u64(p, (uint64_t)(number - SIGRTMIN));
}
