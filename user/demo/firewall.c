// SPDX-License-Identifier: GPL-2.0
/* Rules are made by the programs everybody makes them with. */
#include "firewall.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_INSTALLED 127

/* Told apart from every other case's, so that events are, too. */
static union addr own_address(int family)
{
	unsigned int pid = (unsigned int)getpid();
	union addr a = { 0 };

	a.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET6) {
		a.in6.sin6_addr.s6_addr[0] = 0xfd;
		a.in6.sin6_addr.s6_addr[1] = 0x77;
		memcpy(&a.in6.sin6_addr.s6_addr[12], &pid, sizeof(pid));
	} else {
		a.in4.sin_addr.s_addr =
			htonl(127U << 24 | (pid & 0x3fffff) | 1U << 22);
	}
	return a;
}

static void add_ipv6(struct demo *d, int fd, const union addr *a, int lo)
{
	struct in6_ifreq request = { .ifr6_addr = a->in6.sin6_addr,
				     .ifr6_prefixlen = 128,
				     .ifr6_ifindex = lo };

	if (ioctl(fd, SIOCSIFADDR, &request))
		skip(d, "an IPv6 address cannot be added: %s", strerror(errno));
}

void own_network(struct demo *d)
{
	struct ifreq up = { .ifr_name = "lo" };
	int fd;

	if (unshare(CLONE_NEWNET))
		skip(d, "no network namespace: %s", strerror(errno));
	fd = socket(d->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		skip(d, "this kernel has no IPv%d",
		     d->family == AF_INET6 ? 6 : 4);
	up.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &up))
		skip(d, "the loopback interface cannot be set up: %s",
		     strerror(errno));
	d->home = own_address(d->family);
	if (d->family == AF_INET6)
		add_ipv6(d, fd, &d->home, (int)if_nametoindex("lo"));
	close(fd);
}

/* Returns the exit status; NOT_INSTALLED without such a program. */
static int run(struct demo *d, const char *const *argv)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		give_up(d, "fork: %s", strerror(errno));
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
		execvp(argv[0], (char *const *)argv);
		_exit(NOT_INSTALLED);
	}
	if (waitpid(pid, &status, 0) != pid)
		give_up(d, "waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int nft(struct demo *d, enum chain chain, unsigned int port)
{
	const char *hook = chain == CHAIN_INPUT ? "input" : "output";
	char rules[256];
	const char *const argv[] = { "nft", rules, NULL };

	snprintf(
		rules, sizeof(rules),
		"add table inet rstdemo; "
		"add chain inet rstdemo c { type filter hook %s priority 0; }; "
		"add rule inet rstdemo c tcp dport %u reject with tcp reset",
		hook, port);
	return run(d, argv);
}

static int iptables(struct demo *d, enum chain chain, unsigned int port)
{
	char number[16];
	const char *const argv[] = { d->family == AF_INET6 ? "ip6tables"
							   : "iptables",
				     "-A",
				     chain == CHAIN_INPUT ? "INPUT" : "OUTPUT",
				     "-p",
				     "tcp",
				     "--dport",
				     number,
				     "-j",
				     "REJECT",
				     "--reject-with",
				     "tcp-reset",
				     NULL };

	snprintf(number, sizeof(number), "%u", port);
	return run(d, argv);
}

void reject_port(struct demo *d, enum chain chain, unsigned int port)
{
	int by_nft = nft(d, chain, port), by_iptables;

	if (!by_nft)
		return;
	by_iptables = iptables(d, chain, port);
	if (!by_iptables)
		return;
	if (by_nft == NOT_INSTALLED && by_iptables == NOT_INSTALLED)
		skip(d, "neither nft nor iptables is installed");
	skip(d, "this kernel takes no rule that rejects with a RST");
}
