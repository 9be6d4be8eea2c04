// SPDX-License-Identifier: GPL-2.0
/* What state a connection is in, with a socket or without one. */
#include "harness.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
	"NONE",	      "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
	"FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
	"CLOSE_WAIT", "LAST_ACK",    "LISTEN",	  "CLOSING",
};

const char *state_name(int state)
{
	if (state < 0 || (size_t)state >= sizeof(names) / sizeof(names[0]))
		return "?";
	return names[state];
}

static struct tcp_info info_of(struct demo *d, int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		give_up(d, "TCP_INFO: %s", strerror(errno));
	return info;
}

int socket_state(struct demo *d, int fd)
{
	return info_of(d, fd).tcpi_state;
}

void await_state(struct demo *d, struct end *end, int state)
{
	long limit = now_ms() + WAIT_MS;
	int now;

	while ((now = socket_state(d, end->fd)) != state) {
		if (now_ms() > limit)
			give_up(d, "%s is in %s, not in %s", end->role,
				state_name(now), state_name(state));
		sleep_ms(1);
	}
}

void await_queued(struct demo *d, int listener, unsigned int n)
{
	long limit = now_ms() + WAIT_MS;

	/* tcp_get_info(): for a listener tcpi_unacked is the accept queue. */
	while (info_of(d, listener).tcpi_unacked < n) {
		if (now_ms() > limit)
			give_up(d, "listener has less than %u queued", n);
		sleep_ms(1);
	}
}

/* An address as /proc/net/tcp{,6} prints it: words in host order. */
static size_t put_hex(char *to, size_t room, const union addr *a)
{
	uint32_t word[4];

	if (a->sa.sa_family == AF_INET)
		return (size_t)snprintf(to, room, "%08X:%04X",
					a->in4.sin_addr.s_addr,
					ntohs(a->in4.sin_port));
	memcpy(word, &a->in6.sin6_addr, sizeof(word));
	return (size_t)snprintf(to, room, "%08X%08X%08X%08X:%04X", word[0],
				word[1], word[2], word[3],
				ntohs(a->in6.sin6_port));
}

int kernel_state(struct demo *d, const struct end *end)
{
	const char *path = d->family == AF_INET6 ? "/proc/net/tcp6"
						 : "/proc/net/tcp";
	char line[512], pair[128];
	unsigned int state = 0;
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		skip(d, "%s: %s", path, strerror(errno));
	n = put_hex(pair, sizeof(pair), &end->local);
	pair[n++] = ' ';
	n += put_hex(pair + n, sizeof(pair) - n, &end->remote);
	while (fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, pair);

		if (at && sscanf(at + n, "%x", &state) == 1)
			break;
	}
	fclose(f);
	return (int)state;
}

bool reaches_kernel_state(struct demo *d, const struct end *end, int state)
{
	long limit = now_ms() + WAIT_MS;

	while (kernel_state(d, end) != state) {
		if (now_ms() > limit)
			return false;
		sleep_ms(2);
	}
	return true;
}
