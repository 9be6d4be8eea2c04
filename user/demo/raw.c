// SPDX-License-Identifier: GPL-2.0
/* Raw TCP segments and ICMP messages, with their checksums. */
#include "raw.h"
#include "harness.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MAX_PACKET 512

static int open_raw(struct demo *d, int protocol)
{
	int fd = socket(d->family, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 && (errno == EPERM || errno == EACCES))
		skip(d, "raw sockets need CAP_NET_RAW");
	if (fd < 0)
		give_up(d, "raw socket: %s", strerror(errno));
	return fd;
}

int raw_open(struct demo *d)
{
	return open_raw(d, IPPROTO_TCP);
}

/* RFC 1071, over memory in network order. */
static uint32_t add_words(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += (uint32_t)p[0] << 8 | p[1]; /* NOLINT: it is set */
	return len ? sum + (uint32_t)(p[0] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static uint32_t add_address(uint32_t sum, const union addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return add_words(sum, &a->in6.sin6_addr, 16);
	return add_words(sum, &a->in4.sin_addr, 4);
}

/* TCP header, options and payload into @to; returns the length. */
static size_t build(uint8_t *to, const struct segment *s)
{
	struct tcphdr h = {
		.th_sport = s->from.in4.sin_port,
		.th_dport = s->to.in4.sin_port,
		.th_seq = htonl(s->seq),
		.th_ack = htonl(s->ack),
		.th_flags = s->flags,
		.th_win = htons(8192),
	};
	size_t header = sizeof(h) + s->options_len;
	size_t len = header + s->payload;
	uint32_t sum = (uint32_t)(IPPROTO_TCP + len);

	h.th_off = header / 4 & 0xf;
	memset(to, 0, len);
	memcpy(to, &h, sizeof(h));
	if (s->options_len)
		memcpy(to + sizeof(h), s->options, s->options_len);
	sum = add_address(add_address(sum, &s->from), &s->to);
	h.th_sum = fold(add_words(sum, to, len));
	memcpy(to, &h, sizeof(h));
	return len;
}

static void send_packet(struct demo *d, int fd, const void *packet, size_t len,
			const union addr *to)
{
	union addr host = *to;

	/* A raw IPv6 socket takes a port for a protocol number. */
	host.in4.sin_port = 0;
	if (sendto(fd, packet, len, 0, &host.sa,
		   host.sa.sa_family == AF_INET6 ? sizeof(host.in6)
						 : sizeof(host.in4)) < 0)
		give_up(d, "raw send: %s", strerror(errno));
}

void raw_send(struct demo *d, int raw, const struct segment *s)
{
	uint8_t packet[MAX_PACKET];
	size_t len = build(packet, s);

	send_packet(d, raw, packet, len, &s->to);
}

/* The TCP header of a received packet; false when there is none. */
static bool header_of(struct demo *d, const uint8_t *packet, size_t len,
		      struct tcphdr *h)
{
	/* IPv4 raw sockets deliver the IP header, IPv6 ones do not. */
	size_t skip_ip = d->family == AF_INET && len ? (packet[0] & 0xf) * 4U
						     : 0;

	if (len < skip_ip + sizeof(*h))
		return false;
	memcpy(h, packet + skip_ip, sizeof(*h));
	return true;
}

uint32_t raw_await(struct demo *d, int raw, const union addr *from,
		   const union addr *to, uint8_t flags)
{
	long limit = now_ms() + WAIT_MS;
	struct pollfd p = { .fd = raw, .events = POLLIN };
	uint8_t packet[MAX_PACKET];
	struct tcphdr h;
	ssize_t len;

	while (now_ms() < limit && poll(&p, 1, WAIT_MS) == 1) {
		len = recv(raw, packet, sizeof(packet), 0);
		if (len > 0 && header_of(d, packet, (size_t)len, &h) &&
		    h.th_sport == from->in4.sin_port &&
		    h.th_dport == to->in4.sin_port && h.th_flags == flags)
			return ntohl(h.th_seq);
	}
	give_up(d, "no segment with flags 0x%x was seen", flags);
}

static size_t quote_ipv4(uint8_t *to, const struct segment *s)
{
	struct icmphdr icmp = { .type = ICMP_DEST_UNREACH,
				.code = ICMP_PKT_FILTERED };
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 64,
			    .protocol = IPPROTO_TCP,
			    .saddr = s->from.in4.sin_addr.s_addr,
			    .daddr = s->to.in4.sin_addr.s_addr };
	size_t len = sizeof(icmp) + sizeof(ip);

	ip.tot_len = htons(sizeof(ip) + sizeof(struct tcphdr));
	ip.check = fold(add_words(0, &ip, sizeof(ip)));
	memcpy(to, &icmp, sizeof(icmp));
	memcpy(to + sizeof(icmp), &ip, sizeof(ip));
	len += build(to + len, s);
	icmp.checksum = fold(add_words(0, to, len));
	memcpy(to, &icmp, sizeof(icmp));
	return len;
}

/* The kernel fills in the checksum of a raw ICMPv6 socket. */
static size_t quote_ipv6(uint8_t *to, const struct segment *s)
{
	struct icmp6_hdr icmp = { .icmp6_type = ICMP6_DST_UNREACH,
				  .icmp6_code = ICMP6_DST_UNREACH_ADMIN };
	struct ip6_hdr ip = { .ip6_src = s->from.in6.sin6_addr,
			      .ip6_dst = s->to.in6.sin6_addr };
	size_t len = sizeof(icmp) + sizeof(ip);

	ip.ip6_flow = htonl(6U << 28);
	ip.ip6_plen = htons(sizeof(struct tcphdr));
	ip.ip6_nxt = IPPROTO_TCP;
	ip.ip6_hlim = 64;
	memcpy(to, &icmp, sizeof(icmp));
	memcpy(to + sizeof(icmp), &ip, sizeof(ip));
	return len + build(to + len, s);
}

void raw_unreachable(struct demo *d, const struct segment *s)
{
	bool v6 = d->family == AF_INET6;
	int fd = open_raw(d, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	uint8_t packet[MAX_PACKET] = { 0 };
	size_t len = v6 ? quote_ipv6(packet, s) : quote_ipv4(packet, s);

	send_packet(d, fd, packet, len, &s->from);
	close(fd);
}
