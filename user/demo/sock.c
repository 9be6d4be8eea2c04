// SPDX-License-Identifier: GPL-2.0
/* Connections over loopback, and their options. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static socklen_t length_of(const union addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in4);
}

static union addr home(const struct demo *d)
{
	union addr a = { 0 };

	if (d->home.sa.sa_family)
		return d->home;
	a.sa.sa_family = (sa_family_t)d->family;
	if (d->family == AF_INET6)
		a.in6.sin6_addr = in6addr_loopback;
	else
		a.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

int new_socket(struct demo *d)
{
	int fd = socket(d->family, SOCK_STREAM | SOCK_CLOEXEC, d->protocol);

	if (fd < 0 && errno == EAFNOSUPPORT)
		skip(d, "this kernel has no IPv%d",
		     d->family == AF_INET6 ? 6 : 4);
	if (fd < 0)
		give_up(d, "socket: %s", strerror(errno));
	return fd;
}

union addr local_of(struct demo *d, int fd)
{
	union addr a = { 0 };
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len))
		give_up(d, "getsockname: %s", strerror(errno));
	return a;
}

int bind_fresh(struct demo *d, union addr *at)
{
	union addr a = home(d);
	int fd = new_socket(d);

	if (bind(fd, &a.sa, length_of(&a))) {
		if (errno == EADDRNOTAVAIL)
			skip(d,
			     "this machine has no loopback address of this family");
		give_up(d, "bind: %s", strerror(errno));
	}
	*at = local_of(d, fd);
	return fd;
}

int listen_at(struct demo *d, int backlog, union addr *at)
{
	int fd = bind_fresh(d, at);

	if (listen(fd, backlog))
		give_up(d, "listen: %s", strerror(errno));
	return fd;
}

void close_listener(struct demo *d, int fd)
{
	if (close(fd))
		give_up(d, "close of the listener: %s", strerror(errno));
}

void set_nonblocking(struct demo *d, int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		give_up(d, "fcntl: %s", strerror(errno));
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	if (fcntl(fd, F_SETFL, flags))
		give_up(d, "fcntl: %s", strerror(errno));
}

static void start_connect(struct demo *d, int fd, const union addr *to)
{
	if (!connect(fd, &to->sa, length_of(to)) || errno == EINPROGRESS)
		return;
	if (errno == ENETUNREACH && !d->server)
		skip(d, "the loopback interface is down");
	give_up(d, "connect: %s", strerror(errno));
}

struct end *begin_connect(struct demo *d, int fd, const union addr *to,
			  const char *role)
{
	struct end *end = new_end(d, role);

	set_nonblocking(d, fd, true);
	start_connect(d, fd, to);
	end->fd = fd;
	end->local = local_of(d, fd);
	end->remote = *to;
	return end;
}

/* A blocking socket must not wait for ever either. */
static void limit_waits(struct demo *d, int fd)
{
	const struct timeval limit = { .tv_sec = WAIT_MS / 1000 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		give_up(d, "SO_RCVTIMEO: %s", strerror(errno));
}

struct end *connect_to(struct demo *d, const union addr *to, const char *role)
{
	struct end *end = begin_connect(d, new_socket(d), to, role);
	struct pollfd p = { .fd = end->fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0;

	if (poll(&p, 1, WAIT_MS) != 1)
		give_up(d, "connect: no answer in %d s", WAIT_MS / 1000);
	getsockopt(end->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		give_up(d, "connect: %s", strerror(error));
	set_nonblocking(d, end->fd, false);
	limit_waits(d, end->fd);
	end->local = local_of(d, end->fd);
	return end;
}

static int accept_at(struct demo *d, int listener, union addr *peer)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	socklen_t len = sizeof(*peer);
	int fd;

	if (poll(&p, 1, WAIT_MS) != 1)
		give_up(d, "accept: no connection in %d s", WAIT_MS / 1000);
	fd = accept4(listener, &peer->sa, &len, SOCK_CLOEXEC);
	if (fd < 0)
		give_up(d, "accept: %s", strerror(errno));
	limit_waits(d, fd);
	return fd;
}

struct end *accept_from(struct demo *d, int listener, const char *role)
{
	struct end *end = new_end(d, role);

	end->fd = accept_at(d, listener, &end->remote);
	end->local = local_of(d, end->fd);
	return end;
}

int bind_at(int fd, const union addr *local)
{
	return bind(fd, &local->sa, length_of(local)) ? errno : 0;
}

void bind_to(struct demo *d, int fd, const union addr *local)
{
	int error = bind_at(fd, local);

	if (error)
		give_up(d, "bind: %s", strerror(error));
}

void connect_again(struct demo *d, int fd, struct end *end)
{
	set_nonblocking(d, fd, true);
	start_connect(d, fd, &end->remote);
	end->fd = fd;
}

void accept_again(struct demo *d, int listener, struct end *end)
{
	union addr peer = { 0 };

	end->fd = accept_at(d, listener, &peer);
	check(d, !memcmp(&peer, &end->remote, length_of(&peer)),
	      "the same four addresses connect again");
}

struct pair connect_pair(struct demo *d)
{
	union addr at;
	int listener = listen_at(d, BACKLOG, &at);
	struct pair p;

	p.client = connect_to(d, &at, "client");
	p.server = accept_from(d, listener, "server");
	close_listener(d, listener);
	return p;
}

void set_linger(struct demo *d, struct end *end, int onoff, int seconds)
{
	const struct linger l = { .l_onoff = onoff, .l_linger = seconds };

	if (setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)))
		give_up(d, "SO_LINGER: %s", strerror(errno));
}

void set_option(struct demo *d, int fd, int level, int option, int value,
		const char *name)
{
	if (!setsockopt(fd, level, option, &value, sizeof(value)))
		return;
	if (errno == EPERM)
		skip(d, "%s needs CAP_NET_ADMIN", name);
	give_up(d, "%s: %s", name, strerror(errno));
}

static void attach(struct demo *d, int fd, struct sock_filter *code,
		   unsigned short len)
{
	struct sock_fprog filter = { .len = len, .filter = code };

	if (!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
			sizeof(filter)))
		return;
	if (errno == EPERM)
		skip(d, "this kernel wants CAP_NET_ADMIN for SO_ATTACH_FILTER");
	give_up(d, "SO_ATTACH_FILTER: %s", strerror(errno));
}

void drop_input(struct demo *d, int fd)
{
	/* "ret 0": keep no byte of the segment, which drops it. */
	struct sock_filter drop[] = { BPF_STMT(BPF_RET | BPF_K, 0) };

	attach(d, fd, drop, 1);
}

void drop_all_but_syn(struct demo *d, int fd)
{
	/* A TCP socket's filter sees the segment from its TCP header on. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 offsetof(struct tcphdr, th_flags)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_SYN, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};

	attach(d, fd, code, sizeof(code) / sizeof(code[0]));
}

void stop_dropping(struct demo *d, int fd)
{
	set_option(d, fd, SOL_SOCKET, SO_DETACH_FILTER, 0, "SO_DETACH_FILTER");
}

void acknowledge_now(struct demo *d, struct end *end)
{
	set_option(d, end->fd, IPPROTO_TCP, TCP_QUICKACK, 1, "TCP_QUICKACK");
}

void delay_acks(struct demo *d, struct pair *p)
{
	/* tcp_event_data_recv(), net/ipv4/tcp_input.c, sets icsk_ack.ato. */
	send_bytes(d, p->client, 1);
	read_bytes(d, p->server, 1);
	set_option(d, p->server->fd, IPPROTO_TCP, TCP_QUICKACK, 0,
		   "TCP_QUICKACK");
}
