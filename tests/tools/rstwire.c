// SPDX-License-Identifier: GPL-2.0
/*
 * rstwire: every RST segment that leaves this host, as one JSON object a line.
 *
 * A packet socket sees what is handed to a network device, loopback included,
 * and knows nothing of sockets or causes: a second witness beside the kernel's
 * counter OutRsts. "local" is the sender. The last line says how many there
 * were and how many the socket had no room for; anything but 0 there makes the
 * evidence worthless. Ends with INT or TERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM (64 << 20) /* bytes of receive buffer */

/*
 * Outgoing, IPv4 or IPv6 without extension headers, TCP, RST set. The packet
 * begins with its IP header (SOCK_DGRAM).
 */
static struct sock_filter only_rst[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 15),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 8, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 12),
	/* IPv4 */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 10),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 8, 0),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_RST, 4, 5),
	/* IPv6 */
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40 + 13),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_RST, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 128),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "rstwire: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_socket(void)
{
	struct sock_fprog filter = {
		.len = sizeof(only_rst) / sizeof(only_rst[0]),
		.filter = only_rst,
	};
	struct sockaddr_ll all = { .sll_family = AF_PACKET,
				   .sll_protocol = htons(ETH_P_ALL) };
	int room = ROOM, fd;

	/* protocol 0: nothing arrives before the filter is there */
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("packet socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		die("SO_RCVBUFFORCE");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
		       sizeof(filter)))
		die("SO_ATTACH_FILTER");
	if (bind(fd, (struct sockaddr *)&all, sizeof(all)))
		die("bind");
	return fd;
}

static void put_end(const char *name, int family, const void *address,
		    uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(family, address, text, sizeof(text));
	printf("\"%s\":{\"address\":\"%s\",\"port\":%u},", name, text,
	       ntohs(port));
}

/* The letters tcpdump uses, RST first. */
static void put_flags(uint8_t flags)
{
	static const char letters[] = "FSRPAU";
	char text[sizeof(letters) + 1] = "R";
	size_t n = 1;

	for (int i = 0; letters[i]; i++)
		if (flags & 1 << i && letters[i] != 'R')
			text[n++] = letters[i];
	printf("\"flags\":\"%s\",", text);
}

/* Returns 1 for a segment that was printed. */
static int put_segment(const unsigned char *packet, size_t len)
{
	const struct ip *v4 = (const void *)packet;
	const struct ip6_hdr *v6 = (const void *)packet;
	const void *local, *remote;
	const struct tcphdr *tcp;
	int family;

	if (len < 40)
		return 0;
	if (v4->ip_v == 4) {
		family = AF_INET;
		local = &v4->ip_src;
		remote = &v4->ip_dst;
		tcp = (const void *)(packet + 4 * v4->ip_hl);
	} else {
		family = AF_INET6;
		local = &v6->ip6_src;
		remote = &v6->ip6_dst;
		tcp = (const void *)(packet + sizeof(*v6));
	}
	if ((const unsigned char *)(tcp + 1) > packet + len)
		return 0;
	printf("{\"type\":\"rst\",");
	put_end("local", family, local, tcp->th_sport);
	put_end("remote", family, remote, tcp->th_dport);
	put_flags(tcp->th_flags);
	printf("\"seq\":%u,\"ack\":%u}\n", ntohl(tcp->th_seq),
	       ntohl(tcp->th_ack));
	return 1;
}

/* Everything that is waiting; returns how many. */
static unsigned long drain(int fd)
{
	_Alignas(8) unsigned char packet[256];
	unsigned long seen = 0;
	ssize_t len;

	while ((len = recv(fd, packet, sizeof(packet), 0)) >= 0)
		seen += put_segment(packet, len);
	if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		die("recv");
	if (fflush(stdout))
		die("standard output");
	return seen;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);
	unsigned long seen = 0;
	struct pollfd ready = { .events = POLLIN };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	ready.fd = open_socket();
	puts("{\"type\":\"start\"}");
	fflush(stdout);
	while (!stop) {
		poll(&ready, 1, 100);
		seen += drain(ready.fd);
	}
	seen += drain(ready.fd);
	if (getsockopt(ready.fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("PACKET_STATISTICS");
	printf("{\"type\":\"end\",\"seen\":%lu,\"drops\":%u}\n", seen,
	       stats.tp_drops);
	return fflush(stdout) || stats.tp_drops ? 1 : 0;
}
