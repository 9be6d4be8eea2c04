// SPDX-License-Identifier: GPL-2.0
/* Resets of Multipath TCP (RFC 8684). */
#include "case.h"
#include "harness.h"
#include "raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/mptcp.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif

#define UNREAD 100
#define SYN_SEQ 1000

/* All sockets of the case speak MPTCP from here on. */
static void use_mptcp(struct demo *d)
{
	int fd = socket(d->family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);

	if (fd < 0)
		skip(d, "no MPTCP here: %s", strerror(errno));
	close(fd);
	d->protocol = IPPROTO_MPTCP;
}

/* Both ends may have agreed on plain TCP, which has no fastclose. */
static void check_mptcp(struct demo *d, struct end *end)
{
	struct mptcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(end->fd, SOL_MPTCP, MPTCP_INFO, &info, &len))
		skip(d, "MPTCP_INFO: %s", strerror(errno));
	check(d, !(info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK),
	      "%s speaks MPTCP", end->role);
}

/* --- mptcp-fastclose --- */

static void mptcp_fastclose_run(struct demo *d)
{
	const struct actor by = me();
	struct pair p;

	use_mptcp(d);
	p = connect_pair(d);
	check_mptcp(d, p.client);
	check_mptcp(d, p.server);
	send_bytes(d, p.server, UNREAD);
	await_data(d, p.client, UNREAD);
	expect_rst(d, p.client, "mptcp-fastclose", "ESTABLISHED", &by);
	close_end(d, p.client);
	expect_received(d, p.server, "reset-by-peer", "ESTABLISHED");
	check_read_error(d, p.server, ECONNRESET);
	close_end(d, p.server);
}

/* --- mptcp-subflow --- */

/* RFC 8684, 3.2: MP_JOIN of a SYN, with a token nobody has. */
static const uint8_t mp_join[12] = { 30,   12,	 0x10, 1, 0xde, 0xad,
				     0xbe, 0xef, 1,    2, 3,	4 };

static void mptcp_subflow_run(struct demo *d)
{
	struct segment syn = { .flags = TH_SYN,
			       .seq = SYN_SEQ,
			       .options = mp_join,
			       .options_len = sizeof(mp_join) };
	struct end *answerer;
	int raw, listener, reserved;

	use_mptcp(d);
	raw = raw_open(d);
	listener = listen_at(d, BACKLOG, &syn.to);
	d->protocol = 0;
	reserved = bind_fresh(d, &syn.from);
	answerer = new_address(d, "server", &syn.to, &syn.from);
	with_provocation(expect_rst(d, answerer, "mptcp-subflow", NULL, NULL),
			 0);
	raw_send(d, raw, &syn);
	raw_await(d, raw, &syn.to, &syn.from, TH_RST | TH_ACK);
	check(d, true, "RST comes back");
	close_listener(d, listener);
	close(reserved);
	close(raw);
}

/* --- mptcp-fallback-*: a peer that speaks plain TCP --- */

/* One of the protocols is IPPROTO_MPTCP, the other 0. */
static struct pair connect_mixed(struct demo *d, int client, int server)
{
	struct pair p;
	union addr at;
	int listener;

	use_mptcp(d);
	d->protocol = server;
	listener = listen_at(d, BACKLOG, &at);
	d->protocol = client;
	p.client = connect_to(d, &at, "client");
	p.server = accept_from(d, listener, "server");
	close_listener(d, listener);
	d->protocol = 0;
	return p;
}

/* The option is unknown to what accept() returns, or to all of them. */
static void check_fallback(struct demo *d, struct end *end)
{
	struct mptcp_info info = { 0 };
	socklen_t len = sizeof(info);

	check(d,
	      getsockopt(end->fd, SOL_MPTCP, MPTCP_INFO, &info, &len) ||
		      info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK,
	      "%s has fallen back to TCP", end->role);
}

static void mptcp_fallback_linger_zero_run(struct demo *d)
{
	struct pair p = connect_mixed(d, IPPROTO_MPTCP, 0);
	const struct actor by = me();

	check_fallback(d, p.client);
	send_bytes(d, p.server, UNREAD);
	await_data(d, p.client, UNREAD);
	set_linger(d, p.client, 1, 0);
	expect_rst(d, p.client, "linger-zero", "ESTABLISHED", &by);
	close_end(d, p.client);
	check_reset(d, p.server);
}

static void mptcp_fallback_unread_run(struct demo *d)
{
	struct pair p = connect_mixed(d, IPPROTO_MPTCP, 0);
	const struct actor by = me();

	check_fallback(d, p.client);
	send_bytes(d, p.server, UNREAD);
	await_data(d, p.client, UNREAD);
	expect_fin(d, p.client, "close", "ESTABLISHED", "first", &by);
	close_end(d, p.client);
	check_eof(d, p.server);
	close_second(d, p.server);
}

static void mptcp_fallback_server_run(struct demo *d)
{
	struct pair p = connect_mixed(d, 0, IPPROTO_MPTCP);
	const struct actor by = me();

	check_fallback(d, p.server);
	send_bytes(d, p.client, UNREAD);
	await_data(d, p.server, UNREAD);
	with_number(expect_rst(d, p.server, "unread-data", "ESTABLISHED", &by),
		    "unread_bytes", UNREAD);
	close_end(d, p.server);
	check_reset(d, p.client);
}

/* The subflow's own timer, no word of MPTCP: seen best after a fallback. */
static void mptcp_fallback_keepalive_run(struct demo *d)
{
	struct pair p = connect_mixed(d, IPPROTO_MPTCP, 0);
	int fd = p.client->fd;

	check_fallback(d, p.client);
	set_option(d, fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
	set_option(d, fd, IPPROTO_TCP, TCP_KEEPIDLE, 1, "TCP_KEEPIDLE");
	set_option(d, fd, IPPROTO_TCP, TCP_KEEPINTVL, 1, "TCP_KEEPINTVL");
	set_option(d, fd, IPPROTO_TCP, TCP_KEEPCNT, 1, "TCP_KEEPCNT");
	with_owner(expect_rst(d, p.client, "keepalive-timeout", "ESTABLISHED",
			      NULL),
		   getpid());
	drop_input(d, p.server->fd);
	check_read_error(d, p.client, ETIMEDOUT);
	close_dead(d, p.client);
	drop_end(d, p.server, "ESTABLISHED");
}

const struct demo_case mptcp_cases[] = {
	{
		.name = "mptcp-fastclose",
		.sentence =
			"close() of an MPTCP connection with unread data sends RST with MP_FASTCLOSE.",
		.calls =
			"sockets of IPPROTO_MPTCP; server write(100); client close() without read()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "client mptcp-fastclose, server reset-by-peer",
		.run = mptcp_fastclose_run,
	},
	{
		.name = "mptcp-subflow",
		.sentence =
			"A SYN that joins an MPTCP connection nobody knows is answered with RST.",
		.calls =
			"server listen() with IPPROTO_MPTCP; a raw socket sends SYN with MP_JOIN and a wrong token",
		.peer_sees = "RST",
		.causes = "server mptcp-subflow (kernel)",
		.needs_root = true,
		.run = mptcp_subflow_run,
	},
	{
		.name = "mptcp-fallback-linger-zero",
		.sentence =
			"An MPTCP socket whose peer speaks plain TCP ends like a TCP socket: linger zero sends RST, without MP_FASTCLOSE.",
		.calls =
			"client of IPPROTO_MPTCP, server of TCP; server write(100); client SO_LINGER {1,0}; close()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "client linger-zero, server reset-by-peer",
		.run = mptcp_fallback_linger_zero_run,
	},
	{
		.name = "mptcp-fallback-unread",
		.sentence =
			"The same with unread data: the MPTCP socket had taken it, its TCP socket has read everything and sends FIN.",
		.calls =
			"client of IPPROTO_MPTCP, server of TCP; server write(100); client close() without read()",
		.peer_sees = "EOF",
		.causes = "client close, server close",
		.run = mptcp_fallback_unread_run,
	},
	{
		.name = "mptcp-fallback-server",
		.sentence =
			"What an MPTCP listener accepts from a plain TCP client is a plain TCP socket: unread data makes close() send RST.",
		.calls =
			"server of IPPROTO_MPTCP, client of TCP; client write(100); server close() without read()",
		.peer_sees = "RST, read() fails with ECONNRESET",
		.causes = "server unread-data, client reset-by-peer",
		.run = mptcp_fallback_server_run,
	},
	{
		.name = "mptcp-fallback-keepalive",
		.sentence =
			"Keepalive of an MPTCP socket whose peer speaks plain TCP: when the probes go unanswered its TCP socket sends RST.",
		.calls =
			"client of IPPROTO_MPTCP, server of TCP; client SO_KEEPALIVE; the server's segments are filtered",
		.peer_sees = "RST once it listens again",
		.causes = "client keepalive-timeout (kernel)",
		.run = mptcp_fallback_keepalive_run,
	},
	{ 0 },
};
