// SPDX-License-Identifier: GPL-2.0
/*
 * Ends one end of a connection over loopback with a RST that its peer did not
 * send, or did, and makes sure that it ended. As root.
 *
 *	inject [-6] CASE [HOPS]
 *
 * CASE:
 *   reset      a RST with hop limit HOPS (9) ends the client; the peer, which
 *              knows nothing, goes on sending and is reset in its turn
 *   time-wait  the same RST ends the client's TIME_WAIT entry
 *   fin-wait2  the client has closed, and the peer aborts
 *
 * Prints the client's port. Exit 0: all of that happened.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 20000

union address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* What the checksum covers beside the segment. */
struct pseudo_header {
	uint32_t from, to;
	uint8_t zero, protocol;
	uint16_t len;
};

static int family = AF_INET;
static union address client_address, server_address;
static int raw, client, server;

static socklen_t address_len(void)
{
	return family == AF_INET ? sizeof(struct sockaddr_in)
				 : sizeof(struct sockaddr_in6);
}

/* In both kinds of address at the same place. */
static uint16_t port_of(const union address *address)
{
	return ntohs(address->in4.sin_port);
}

static union address loopback(void)
{
	union address a = { .any.sa_family = (sa_family_t)family };

	if (family == AF_INET)
		a.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		a.in6.sin6_addr = in6addr_loopback;
	return a;
}

static void connect_both(void)
{
	socklen_t len = address_len();
	int listener = socket(family, SOCK_STREAM, 0);

	server_address = loopback();
	client = socket(family, SOCK_STREAM, 0);
	if (bind(listener, &server_address.any, len) || listen(listener, 1) ||
	    getsockname(listener, &server_address.any, &len) ||
	    connect(client, &server_address.any, len) ||
	    getsockname(client, &client_address.any, &len))
		err(1, "cannot connect");
	server = accept(listener, NULL, NULL);
	if (server < 0)
		err(1, "accept");
	close(listener);
}

static void wait_for(int fd, short events, const char *what)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, WAIT_MS) != 1)
		errx(1, "%s: waited in vain", what);
}

/* The peer sends a byte. Return: the sequence number that comes next. */
static uint32_t next_from_peer(void)
{
	uint8_t packet[2048];
	struct tcphdr h;
	char byte = 'x';

	if (write(server, &byte, 1) != 1 || read(client, &byte, 1) != 1)
		err(1, "a byte");
	for (;;) {
		size_t at = 0;
		ssize_t len;

		wait_for(raw, POLLIN, "the segment");
		len = recv(raw, packet, sizeof(packet), 0);
		if (family == AF_INET) /* with its IP header */
			at = (packet[0] & 0xf) * 4U;
		if (len < 0 || (size_t)len < at + sizeof(h))
			continue;
		memcpy(&h, packet + at, sizeof(h));
		if (ntohs(h.th_sport) == port_of(&server_address) &&
		    ntohs(h.th_dport) == port_of(&client_address) &&
		    (size_t)len - at > h.th_off * 4U)
			return ntohl(h.th_seq) + 1;
	}
}

static uint16_t checksum(const struct tcphdr *h)
{
	const struct pseudo_header pseudo = {
		.from = server_address.in4.sin_addr.s_addr,
		.to = client_address.in4.sin_addr.s_addr,
		.protocol = IPPROTO_TCP,
		.len = htons(sizeof(*h)),
	};
	uint16_t words[(sizeof(pseudo) + sizeof(*h)) / 2];
	uint32_t sum = 0;

	memcpy(words, &pseudo, sizeof(pseudo));
	memcpy((char *)words + sizeof(pseudo), h, sizeof(*h));
	for (size_t i = 0; i < sizeof(words) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* As from the peer's address and port. */
static void send_rst(uint32_t seq, int hops)
{
	struct tcphdr h = {
		.th_sport = htons(port_of(&server_address)),
		.th_dport = htons(port_of(&client_address)),
		.th_seq = htonl(seq),
		.th_off = sizeof(h) / 4,
		.th_flags = TH_RST,
	};
	union address to = client_address;
	int at = offsetof(struct tcphdr, th_sum);
	int failed;

	to.in4.sin_port = 0; /* or a raw IPv6 socket refuses it */
	if (family == AF_INET) {
		h.th_sum = checksum(&h);
		failed = setsockopt(raw, IPPROTO_IP, IP_TTL, &hops,
				    sizeof(hops));
	} else {
		failed = setsockopt(raw, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops,
				    sizeof(hops)) ||
			 setsockopt(raw, IPPROTO_IPV6, IPV6_CHECKSUM, &at,
				    sizeof(at));
	}
	if (failed ||
	    sendto(raw, &h, sizeof(h), 0, &to.any, address_len()) != sizeof(h))
		err(1, "cannot send a RST");
}

static void ends_by_reset(int fd, const char *whose)
{
	char byte;

	wait_for(fd, POLLIN, whose);
	if (read(fd, &byte, 1) >= 0 || errno != ECONNRESET)
		errx(1, "%s: no reset", whose);
}

/* Is there anything left of the client's end? Then its port is taken. */
static bool is_left(void)
{
	int fd = socket(family, SOCK_STREAM, 0);
	bool taken = bind(fd, &client_address.any, address_len());

	close(fd);
	return taken;
}

static void until_gone(void)
{
	for (int i = 0; i < WAIT_MS && is_left(); i++)
		usleep(1000);
	if (is_left())
		errx(1, "the entry is still there");
}

/* Whether the client's end is in a state: "05" FIN_WAIT2, "06" TIME_WAIT. */
static bool is_in(const char *state)
{
	char line[512], local[64], st[8];
	bool found = false;
	FILE *f = fopen(family == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6",
			"r");

	while (f && fgets(line, sizeof(line), f)) {
		char *colon;

		if (sscanf(line, "%*s %63s %*s %7s", local, st) != 2)
			continue;
		colon = strchr(local, ':');
		found |= colon && !strcmp(st, state) &&
			 strtoul(colon + 1, NULL, 16) ==
				 port_of(&client_address);
	}
	if (f)
		fclose(f);
	return found;
}

static void until_in(const char *state)
{
	for (int i = 0; i < WAIT_MS && !is_in(state); i++)
		usleep(1000);
	if (!is_in(state))
		errx(1, "the entry has never been in state %s", state);
}

static void reset(int hops)
{
	send_rst(next_from_peer(), hops);
	ends_by_reset(client, "the client");
	close(client);
	if (write(server, "y", 1) != 1)
		err(1, "the peer goes on");
	ends_by_reset(server, "the peer");
}

static void time_wait(int hops)
{
	uint32_t next = next_from_peer();
	char byte;

	close(client);
	if (read(server, &byte, 1))
		errx(1, "no FIN came");
	close(server);
	until_in("06");
	send_rst(next + 1, hops);
	until_gone();
}

static void fin_wait2(void)
{
	const struct linger zero = { .l_onoff = 1 };
	char byte;

	/* an ACK that comes while close() has the lock leaves no minisock */
	shutdown(client, SHUT_WR);
	if (read(server, &byte, 1))
		errx(1, "no FIN came");
	until_in("05");
	close(client);
	setsockopt(server, SOL_SOCKET, SO_LINGER, &zero, sizeof(zero));
	close(server);
	until_gone();
}

int main(int argc, char **argv)
{
	int hops;

	if (argc > 1 && !strcmp(argv[1], "-6")) {
		family = AF_INET6;
		argv++, argc--;
	}
	if (argc < 2)
		errx(64, "usage: inject [-6] reset|time-wait|fin-wait2 [HOPS]");
	hops = argc > 2 ? atoi(argv[2]) : 9;
	raw = socket(family, SOCK_RAW, IPPROTO_TCP);
	if (raw < 0)
		err(1, "no raw socket");
	connect_both();
	printf("%u\n", port_of(&client_address));
	if (!strcmp(argv[1], "reset"))
		reset(hops);
	else if (!strcmp(argv[1], "time-wait"))
		time_wait(hops);
	else if (!strcmp(argv[1], "fin-wait2"))
		fin_wait2();
	else
		errx(64, "no case is called '%s'", argv[1]);
	return 0;
}
