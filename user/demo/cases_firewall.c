// SPDX-License-Identifier: GPL-2.0
/* Resets that a firewall rule on this host makes. */
#include "case.h"
#include "firewall.h"
#include "harness.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define BYTES 5

static unsigned int port_of(const union addr *a)
{
	return ntohs(a->in4.sin_port); /* at the same place in IPv6 */
}

/* --- firewall-input --- */

static void firewall_input_run(struct demo *d)
{
	struct end *client, *server;
	union addr at;
	int listener;

	own_network(d);
	listener = listen_at(d, BACKLOG, &at);
	reject_port(d, CHAIN_INPUT, port_of(&at));
	client = begin_connect(d, new_socket(d), &at, "client");
	server = new_address(d, "server", &at, &client->local);
	with_provocation(expect_rst(d, server, "firewall", NULL, NULL), 0);
	with_made_by(expect_received(d, client, "refused", "SYN_SENT"),
		     "refusal");
	check_socket_error(d, client, ECONNREFUSED);
	close_dead(d, client);
	close_listener(d, listener);
}

/* --- firewall-output --- */

static void firewall_output_run(struct demo *d)
{
	struct event *ev;
	struct pair p;

	own_network(d);
	p = connect_pair(d);
	reject_port(d, CHAIN_OUTPUT, port_of(&p.client->remote));
	/* It is this end's socket that gets the RST, so its event, too. */
	ev = expect_rst(d, p.client, "firewall", "ESTABLISHED", NULL);
	with_provocation(ev, BYTES);
	with_owner(ev, getpid());
	with_made_by(expect_received(d, p.client, "reset-by-peer",
				     "ESTABLISHED"),
		     "answer");
	send_bytes(d, p.client, BYTES);
	check_socket_error(d, p.client, ECONNRESET);
	check_quiet(d, p.server);
	close_dead(d, p.client);
	drop_end(d, p.server, "ESTABLISHED");
}

const struct demo_case firewall_cases[] = {
	{
		.name = "firewall-input",
		.sentence =
			"A firewall rule of the server's host rejects a SYN with RST.",
		.calls =
			"in a network namespace of its own: server listen(); a rule rejects its port in INPUT with tcp reset; client connect()",
		.peer_sees = "RST, connect() fails with ECONNREFUSED",
		.causes = "server firewall (kernel); client refused",
		.needs_root = true,
		.run = firewall_input_run,
	},
	{
		.name = "firewall-output",
		.sentence =
			"A firewall rule of the client's own host rejects what it sends with RST.",
		.calls =
			"in a network namespace of its own: connect; a rule rejects the server's port in OUTPUT with tcp reset; client write(5)",
		.peer_sees =
			"nothing; the client itself gets the RST and ECONNRESET",
		.causes =
			"client firewall (kernel), then reset-by-peer; server linger-zero, to nobody",
		.needs_root = true,
		.run = firewall_output_run,
	},
	{ 0 },
};
