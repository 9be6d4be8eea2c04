// SPDX-License-Identifier: GPL-2.0
/* SOCK_DESTROY over netlink. */
#include "diag.h"
#include "harness.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

struct answer {
	struct nlmsghdr header;
	struct nlmsgerr body;
};

static void put_address(const union addr *a, __be16 *port, __be32 *to)
{
	if (a->sa.sa_family == AF_INET6) {
		*port = a->in6.sin6_port;
		memcpy(to, &a->in6.sin6_addr, sizeof(a->in6.sin6_addr));
	} else {
		*port = a->in4.sin_port;
		*to = a->in4.sin_addr.s_addr;
	}
}

/* Returns 0 or the errno of the kernel's answer. */
static int ask(struct demo *d, int fd, const struct request *r)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct answer a;

	if (send(fd, r, sizeof(*r), 0) != sizeof(*r))
		give_up(d, "netlink send: %s", strerror(errno));
	if (poll(&p, 1, WAIT_MS) != 1)
		give_up(d, "netlink: no answer");
	if (recv(fd, &a, sizeof(a), MSG_TRUNC) < (ssize_t)sizeof(a))
		give_up(d, "netlink answer: cut short");
	return -a.body.error;
}

void destroy_socket(struct demo *d, const union addr *local,
		    const union addr *remote)
{
	struct request r = {
		.header = { .nlmsg_len = sizeof(r),
			    .nlmsg_type = SOCK_DESTROY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.body = { .sdiag_family = (__u8)d->family,
			  .sdiag_protocol = IPPROTO_TCP,
			  .idiag_states = ~0U,
			  .id.idiag_cookie = { INET_DIAG_NOCOOKIE,
					       INET_DIAG_NOCOOKIE } },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int error;

	if (fd < 0)
		skip(d, "NETLINK_SOCK_DIAG: %s", strerror(errno));
	put_address(local, &r.body.id.idiag_sport, r.body.id.idiag_src);
	put_address(remote, &r.body.id.idiag_dport, r.body.id.idiag_dst);
	error = ask(d, fd, &r);
	close(fd);
	/* The socket is there, so what is missing is the handler. */
	if (error == ENOENT)
		skip(d, "SOCK_DESTROY: module tcp_diag is missing");
	if (error == EOPNOTSUPP || error == EPERM)
		skip(d, "SOCK_DESTROY: %s", strerror(error));
	if (error)
		give_up(d, "SOCK_DESTROY: %s", strerror(error));
}
