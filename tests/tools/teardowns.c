// SPDX-License-Identifier: GPL-2.0
/*
 * teardowns [-46] [-n COUNT] [-j PROCESSES] [-s SEED]
 *
 * Ends COUNT connections on the loopback, each in a way drawn at random, from
 * several processes at once. Needs no root. Prints the seed, which draws the
 * same ways again, and how often each way was drawn; judges nothing: it makes
 * what the kernel's counters are compared with.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 64
#define STATE_FIN_WAIT2 5 /* TCP_FIN_WAIT2, as TCP_INFO has it */

static int family = AF_INET;
static unsigned short dice[3];

/* Of this process: a listener, its address, a port where nobody listens. */
static int listener;
static struct sockaddr_storage here, nowhere;
static socklen_t here_len;

struct pair {
	int client, server;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "teardowns: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* 0 up to n, without n. */
static int draw(int n)
{
	return (int)(nrand48(dice) % n);
}

static int new_socket(void)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

/* On the loopback, at a port that the kernel chooses: in *address. */
static int bound_socket(struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (void *)address;
	struct sockaddr_in6 *v6 = (void *)address;
	int fd = new_socket();

	memset(address, 0, sizeof(*address));
	here_len = family == AF_INET ? sizeof(*v4) : sizeof(*v6);
	address->ss_family = family;
	if (family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		v6->sin6_addr = in6addr_loopback;
	if (bind(fd, (void *)address, here_len) ||
	    getsockname(fd, (void *)address, &here_len))
		die("bind");
	return fd;
}

static int new_listener(struct sockaddr_storage *address, int backlog)
{
	int fd = bound_socket(address);

	if (listen(fd, backlog))
		die("listen");
	return fd;
}

static int connect_to(const struct sockaddr_storage *address)
{
	int fd = new_socket();

	if (connect(fd, (const void *)address, here_len))
		die("connect");
	return fd;
}

static struct pair connect_pair(void)
{
	struct pair p = { .client = connect_to(&here) };

	p.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (p.server < 0)
		die("accept");
	return p;
}

static void linger_zero(int fd)
{
	const struct linger linger = { .l_onoff = 1 };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)))
		die("SO_LINGER");
}

static void set_tcp(int fd, int option, int value)
{
	if (setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)))
		die("TCP option");
}

/* May fail: the other end may have gone. */
static void send_some(int fd, int flags)
{
	char bytes[64] = { 0 };

	send(fd, bytes, 1 + draw(sizeof(bytes)),
	     flags | MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void receive_some(int fd, int flags)
{
	char bytes[64];

	recv(fd, bytes, 1 + draw(sizeof(bytes)), flags | MSG_DONTWAIT);
}

/* Until the other end has said that no more comes. */
static void await_end(int fd)
{
	char bytes[256];

	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
}

static void await_byte(int fd)
{
	char byte;

	if (recv(fd, &byte, 1, MSG_PEEK) != 1)
		die("waiting for a byte");
}

static void close_both(struct pair p)
{
	if (draw(2)) {
		close(p.client);
		close(p.server);
	} else {
		close(p.server);
		close(p.client);
	}
}

/*
 * The ways
 */

static void way_fin(void)
{
	struct pair p = connect_pair();

	send_some(p.server, 0);
	close(p.server);
	await_end(p.client);
	close(p.client);
}

static void way_shutdown(void)
{
	struct pair p = connect_pair();

	shutdown(p.client, SHUT_WR);
	await_end(p.server);
	close(p.server);
	await_end(p.client);
	close(p.client);
}

static void way_linger_zero(void)
{
	struct pair p = connect_pair();

	linger_zero(p.client);
	close(p.client);
	await_end(p.server);
	close(p.server);
}

static void way_unread_data(void)
{
	struct pair p = connect_pair();

	send_some(p.server, 0);
	await_byte(p.client);
	close(p.client);
	await_end(p.server);
	close(p.server);
}

static void way_data_after_close(void)
{
	struct pair p = connect_pair();

	close(p.client);
	await_end(p.server);
	send_some(p.server, 0);
	send_some(p.server, 0);
	close(p.server);
}

/* shutdown(SHUT_RDWR), and still holds the socket. */
static void way_data_after_shutdown(void)
{
	struct pair p = connect_pair();

	shutdown(p.client, SHUT_RDWR);
	await_end(p.server);
	send_some(p.server, 0);
	close_both(p);
}

static void way_disconnect(void)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct pair p = connect_pair();

	if (connect(p.client, &nobody, sizeof(nobody)))
		die("connect(AF_UNSPEC)");
	close_both(p);
}

static void way_linger2(void)
{
	struct pair p = connect_pair();
	struct tcp_info info;
	socklen_t len = sizeof(info);

	set_tcp(p.client, TCP_LINGER2, -1);
	set_tcp(p.server, TCP_QUICKACK, 1);
	shutdown(p.client, SHUT_WR);
	await_end(p.server);
	do {
		sched_yield();
		if (getsockopt(p.client, IPPROTO_TCP, TCP_INFO, &info, &len))
			die("TCP_INFO");
	} while (info.tcpi_state != STATE_FIN_WAIT2);
	close_both(p);
}

static void way_refused(void)
{
	int fd = new_socket();

	if (!connect(fd, (void *)&nowhere, here_len) || errno != ECONNREFUSED)
		die("a port where nobody listens");
	close(fd);
}

static void way_listener_closed(void)
{
	struct sockaddr_storage address;
	int fd = new_listener(&address, 8), n = 1 + draw(3), clients[3];

	for (int i = 0; i < n; i++)
		clients[i] = connect_to(&address);
	close(fd);
	for (int i = 0; i < n; i++) {
		await_end(clients[i]);
		close(clients[i]);
	}
}

/*
 * The queue of the listener is full: the attempt stays one. With SO_LINGER zero
 * the kernel counts data it has not thrown away.
 */
static void way_cancelled(void)
{
	struct sockaddr_storage address;
	int fd = new_listener(&address, 0), first = connect_to(&address);
	int attempt = new_socket();

	fcntl(attempt, F_SETFL, O_NONBLOCK);
	if (!connect(attempt, (void *)&address, here_len) ||
	    errno != EINPROGRESS)
		die("an attempt that waits");
	if (draw(2))
		linger_zero(attempt);
	close(attempt);
	close(first);
	close(fd);
}

/* A process ends, or is killed, with both ends open. */
static void way_exit(void)
{
	const bool killed = draw(2), lingers = draw(2);
	const int sends = draw(4);
	pid_t pid = fork();
	struct pair p;

	if (pid < 0)
		die("fork");
	if (pid) {
		if (waitpid(pid, NULL, 0) != pid)
			die("waitpid");
		return;
	}
	p = connect_pair();
	if (lingers)
		linger_zero(draw(2) ? p.client : p.server);
	if (sends & 1)
		send_some(p.client, 0);
	if (sends & 2)
		send_some(p.server, 0);
	if (killed)
		raise(SIGKILL);
	_exit(0);
}

/* One call on one end, whatever comes of it. */
static void any_call(int fd)
{
	switch (draw(9)) {
	case 0:
	case 1:
		send_some(fd, 0);
		break;
	case 2:
		send_some(fd, MSG_OOB);
		break;
	case 3:
		receive_some(fd, 0);
		break;
	case 4:
		receive_some(fd, MSG_PEEK);
		break;
	case 5:
		shutdown(fd, SHUT_WR);
		break;
	case 6:
		shutdown(fd, SHUT_RD);
		break;
	case 7:
		shutdown(fd, SHUT_RDWR);
		break;
	default:
		linger_zero(fd);
	}
}

/* Up to seven calls on either end, then both are closed. */
static void way_any(void)
{
	struct pair p = connect_pair();

	for (int n = draw(8); n > 0; n--)
		any_call(draw(2) ? p.client : p.server);
	close_both(p);
}

static const struct {
	const char *name;
	void (*end)(void);
} ways[] = {
	{ "fin", way_fin },
	{ "shutdown", way_shutdown },
	{ "linger-zero", way_linger_zero },
	{ "unread-data", way_unread_data },
	{ "data-after-close", way_data_after_close },
	{ "data-after-shutdown", way_data_after_shutdown },
	{ "disconnect", way_disconnect },
	{ "linger2", way_linger2 },
	{ "refused", way_refused },
	{ "listener-closed", way_listener_closed },
	{ "cancelled", way_cancelled },
	{ "exit", way_exit },
	{ "any", way_any },
	{ "any", way_any },
	{ "any", way_any },
};

#define N_WAYS ((int)(sizeof(ways) / sizeof(ways[0])))

/* One process; @drawn is shared with all. */
static void work(int count, uint32_t seed, uint32_t number, _Atomic int *drawn)
{
	dice[0] = number;
	dice[1] = seed;
	dice[2] = seed >> 16;
	listener = new_listener(&here, 16);
	bound_socket(&nowhere); /* kept, and nobody listens there */
	for (int i = 0; i < count; i++) {
		int way = draw(N_WAYS);

		drawn[way]++;
		ways[way].end();
	}
}

/* Return: how many processes failed. */
static int work_all(int count, int processes, uint32_t seed, _Atomic int *drawn)
{
	int failed = 0, status;

	for (int i = 0; i < processes; i++) {
		/* the last has what the others leave */
		int from = (int)((long)count * i / processes);
		int to = (int)((long)count * (i + 1) / processes);
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid)
			continue;
		work(to - from, seed, i, drawn);
		exit(0);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	return failed;
}

static _Noreturn void usage(void)
{
	fputs("usage: teardowns [-46] [-n COUNT] [-j PROCESSES] [-s SEED]\n",
	      stderr);
	exit(64);
}

int main(int argc, char **argv)
{
	uint32_t seed = (uint32_t)time(NULL) ^ (uint32_t)getpid();
	int count = 1000, processes = 4, option, failed;
	_Atomic int *drawn;

	while ((option = getopt(argc, argv, "46n:j:s:")) != -1)
		if (option == '4' || option == '6')
			family = option == '4' ? AF_INET : AF_INET6;
		else if (option == 'n')
			count = atoi(optarg);
		else if (option == 'j')
			processes = atoi(optarg);
		else if (option == 's')
			seed = (uint32_t)strtoul(optarg, NULL, 10);
		else
			usage();
	if (optind != argc || count < 1 || processes < 1 ||
	    processes > PROCESSES_MAX)
		usage();
	drawn = mmap(NULL, N_WAYS * sizeof(*drawn), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (drawn == MAP_FAILED)
		die("mmap");
	printf("seed %u, %d processes, %d teardowns\n", seed, processes, count);
	fflush(stdout);
	failed = work_all(count, processes, seed, drawn);
	for (int i = 0; i < N_WAYS; i++)
		printf("%6d %s\n", drawn[i], ways[i].name);
	return failed || fflush(stdout) ? 1 : 0;
}
