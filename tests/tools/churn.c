// SPDX-License-Identifier: GPL-2.0
/*
 * churn: many short connections over loopback, each with its known end, in the
 * NDJSON of rstdemo.
 *
 *	churn [-6] [-n COUNT] [-p PORT] reuse|close-race|two-threads
 *
 *	reuse		all causes in wild order: sockets are freed and their
 *			memory is used again for the next one at once
 *	close-race	data arrives while close() is on its way to the lock
 *	two-threads	two threads close, write and shut down one socket
 *
 * An end may say more than rstdemo's do: "either" lists what may have happened
 * instead of "expect"; "stray" allows that late data is answered more than
 * once; "rcv_start" is the sequence number of the first byte this end could
 * receive, so that the RST|ACK on the wire says how much it had received.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 20000
#define RACE_STEP_MIN_NS 100
#define RACE_STEP_MAX_NS 200000
#define RACE_JITTER_NS 2048

static sa_family_t family = AF_INET;
static int listener = -1;
static in_port_t server_port;
static in_port_t next_port; /* of the client: below the ephemeral ports */

struct pair {
	int client;
	int server;
	in_port_t port; /* the client's */
};

static _Noreturn void __attribute__((format(printf, 1, 2)))
die(const char *format, ...)
{
	int error = errno;
	va_list args;

	fputs("churn: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(1);
}

/*
 * Connections
 */

static socklen_t loopback(struct sockaddr_storage *at, in_port_t port)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)at;
	struct sockaddr_in *in4 = (struct sockaddr_in *)at;

	memset(at, 0, sizeof(*at));
	at->ss_family = family;
	in4->sin_port = htons(port); /* the same place in both families */
	if (family == AF_INET6) {
		in6->sin6_addr = in6addr_loopback;
		return sizeof(*in6);
	}
	in4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(*in4);
}

static int tcp_socket(void)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static in_port_t port_of(int fd)
{
	struct sockaddr_in6 at = { 0 };
	socklen_t len = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &len))
		die("getsockname");
	return ntohs(at.sin6_port); /* the same place in both families */
}

static void listen_somewhere(void)
{
	struct sockaddr_storage at;
	socklen_t len = loopback(&at, 0);

	listener = tcp_socket();
	if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 16))
		die("listen");
	server_port = port_of(listener);
}

/* A port no earlier connection of this run had. */
static in_port_t bind_next(int fd)
{
	struct sockaddr_storage at;
	socklen_t len;

	for (int tries = 0; tries < 1000; tries++) {
		len = loopback(&at, next_port++);
		if (!bind(fd, (struct sockaddr *)&at, len))
			return next_port - 1;
		if (errno != EADDRINUSE)
			break;
	}
	die("bind to port %u", next_port - 1);
}

static int on(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static struct pair connect_pair(void)
{
	struct sockaddr_storage at;
	socklen_t len = loopback(&at, server_port);
	struct pair p = { .client = tcp_socket() };

	/* a port whose last connection is in TIME_WAIT will do */
	on(p.client, SOL_SOCKET, SO_REUSEADDR, 1);
	p.port = bind_next(p.client);
	if (connect(p.client, (struct sockaddr *)&at, len))
		die("connect from port %u", p.port);
	p.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (p.server < 0)
		die("accept");
	on(p.client, IPPROTO_TCP, TCP_NODELAY, 1);
	on(p.server, IPPROTO_TCP, TCP_NODELAY, 1);
	return p;
}

static void linger_zero(int fd)
{
	struct linger zero = { .l_onoff = 1 };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &zero, sizeof(zero)))
		die("SO_LINGER");
}

static void send_bytes(int fd, size_t n)
{
	char bytes[4096] = { 0 };

	if (write(fd, bytes, n) != (ssize_t)n)
		die("write of %zu bytes", n);
}

/* Waits until all @n bytes have arrived, without reading them. */
static void await_bytes(int fd, int n)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int have = 0;

	while (have < n) {
		if (poll(&ready, 1, WAIT_MS) != 1)
			die("data did not arrive");
		if (ioctl(fd, FIONREAD, &have))
			die("FIONREAD");
	}
}

/* Waits for the other side's FIN or RST. */
static void await_end(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLRDHUP };

	if (poll(&ready, 1, WAIT_MS) != 1)
		die("the end did not arrive");
}

static void disconnect(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	if (connect(fd, &none, sizeof(none)))
		die("connect to AF_UNSPEC");
}

/*
 * What must be reported
 */

static void put_end(const char *role, in_port_t local, in_port_t remote,
		    const char *format, va_list args)
{
	const char *address = family == AF_INET6 ? "::1" : "127.0.0.1";

	printf("{\"role\":\"%s\",\"local\":{\"address\":\"%s\",\"port\":%u},"
	       "\"remote\":{\"address\":\"%s\",\"port\":%u},",
	       role, address, local, address, remote);
	vprintf(format, args);
	putchar('}');
}

static void begin_case(const char *name)
{
	printf("{\"case\":\"%s\",\"result\":\"ok\",\"reason\":null,"
	       "\"checks\":[],\"ends\":[",
	       name);
}

static void __attribute__((format(printf, 2, 3)))
client_end(const struct pair *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_end("client", p->port, server_port, format, args);
	va_end(args);
	putchar(',');
}

static void __attribute__((format(printf, 2, 3)))
server_end(const struct pair *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_end("server", server_port, p->port, format, args);
	va_end(args);
	fputs("]}\n", stdout);
}

#define SENT(verdict, cause, more) \
	"{\"verdict\":\"" verdict  \
	"\",\"direction\":\"sent\",\"cause\":\"" cause "\"" more "}"
#define GOT(cause, state)                                                    \
	"{\"verdict\":\"rst\",\"direction\":\"received\",\"cause\":\"" cause \
	"\",\"state\":\"" state "\",\"actor\":null}"
#define BY_ME ",\"actor\":{\"pid\":%d}"
#define FIRST ",\"order\":\"first\""
#define SECOND ",\"order\":\"second\",\"state\":\"CLOSE_WAIT\""
#define IN_ESTABLISHED ",\"state\":\"ESTABLISHED\""
#define EXPECT(events) "\"expect\":[" events "]"
#define STRAY "\"stray\":true,"

#define RESET_BY_PEER EXPECT(GOT("reset-by-peer", "ESTABLISHED"))
#define CLOSED_SECOND EXPECT(SENT("fin", "close", SECOND BY_ME))
#define RESET_AFTER_DATA EXPECT(GOT("reset-by-peer", "CLOSE_WAIT"))

/*
 * reuse
 */

static void end_linger_zero(struct pair *p)
{
	begin_case("reuse: linger-zero");
	linger_zero(p->client);
	close(p->client);
	await_end(p->server);
	client_end(p,
		   EXPECT(SENT("rst", "linger-zero",
			       IN_ESTABLISHED ",\"unread_bytes\":0" BY_ME)),
		   getpid());
	server_end(p, RESET_BY_PEER);
}

static void end_unread(struct pair *p)
{
	int n = 1 + p->port % 1000;

	begin_case("reuse: unread-data");
	send_bytes(p->server, n);
	await_bytes(p->client, n);
	if (n % 2)
		linger_zero(p->client); /* unread data is looked at first */
	close(p->client);
	await_end(p->server);
	client_end(p,
		   EXPECT(SENT("rst", "unread-data",
			       IN_ESTABLISHED ",\"unread_bytes\":%d" BY_ME)),
		   n, getpid());
	server_end(p, RESET_BY_PEER);
}

static void end_fin(struct pair *p)
{
	begin_case("reuse: close");
	close(p->client);
	await_end(p->server);
	close(p->server);
	p->server = -1;
	client_end(p, EXPECT(SENT("fin", "close", FIRST BY_ME)), getpid());
	server_end(p, CLOSED_SECOND, getpid());
}

static void end_shutdown(struct pair *p)
{
	begin_case("reuse: shutdown");
	if (shutdown(p->client, SHUT_WR))
		die("shutdown");
	await_end(p->server);
	close(p->server);
	p->server = -1;
	await_end(p->client);
	close(p->client);
	client_end(p, EXPECT(SENT("fin", "shutdown", FIRST BY_ME)), getpid());
	server_end(p, CLOSED_SECOND, getpid());
}

static void end_disconnect(struct pair *p)
{
	begin_case("reuse: disconnect");
	disconnect(p->client);
	await_end(p->server);
	close(p->client);
	client_end(p, EXPECT(SENT("rst", "disconnect", IN_ESTABLISHED BY_ME)),
		   getpid());
	server_end(p, RESET_BY_PEER);
}

/*
 * Data for a connection that is closed: answered by the socket or by its
 * FIN_WAIT2 minisock. Or by neither: while the one takes the other's place
 * (inet_twsk_hashdance()) the kernel finds no socket.
 */
#define LATE_DATA(more, other)                                                 \
	STRAY more "\"either\":[[" SENT("fin", "close", FIRST BY_ME) "," SENT( \
		"rst", "data-after-close",                                     \
		"") "],[" SENT("fin", "close",                                 \
			       FIRST BY_ME) "," SENT("rst", "no-socket",       \
						     "") "]" other "]"
#define UNREAD IN_ESTABLISHED ",\"unread_bytes\":{\"min\":1}" BY_ME

/* The server sends where nobody can read any more. */
static void end_data_after_close(struct pair *p)
{
	begin_case("reuse: data-after-close");
	close(p->client);
	await_end(p->server);
	send_bytes(p->server, 1);
	while (write(p->server, "", 1) == 1)
		; /* the RST arrived during the first, or is about to */
	client_end(p, LATE_DATA("", ""), getpid(), getpid());
	server_end(p, RESET_AFTER_DATA);
}

static void run_reuse(int count)
{
	static void (*const ways[])(struct pair * p) = {
		end_linger_zero, end_unread,	 end_fin,
		end_shutdown,	 end_disconnect, end_data_after_close,
	};
	uint32_t dice = 12345;

	for (int i = 0; i < count; i++) {
		struct pair p = connect_pair();

		dice = dice * 1103515245 + 12345;
		ways[(dice >> 16) % (sizeof(ways) / sizeof(ways[0]))](&p);
		if (p.server >= 0)
			close(p.server);
	}
}

/*
 * close-race: one thread writes without pause, the other closes without having
 * read. Whether the first byte came before or after the kernel's decision is
 * up to them. The writer's errno tells in what state the RST found it (EPIPE: a
 * FIN had come first; ECONNRESET: none, or one that the RST overtook on another
 * processor); the RST on the wire tells the rest.
 */

static struct {
	_Atomic int go, done;
	int fd;
	long delay_ns;
	int error;
} writer;

static void spin(long ns)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec -
		       from.tv_nsec <
	       ns);
}

/* Spins, but lets a machine with one processor go on. */
static void await_turn(_Atomic int *counter, int value)
{
	for (long i = 1; atomic_load(counter) != value; i++)
		if (i % 4096 == 0)
			sched_yield();
}

static void *write_without_pause(void *count)
{
	for (int i = 1; i <= *(int *)count; i++) {
		char bytes[100] = { 0 };

		await_turn(&writer.go, i);
		spin(writer.delay_ns);
		while (write(writer.fd, bytes, 1 + i % sizeof(bytes)) > 0)
			;
		writer.error = errno;
		atomic_store(&writer.done, i);
	}
	return NULL;
}

/* The next sequence number expected, by way of TCP_REPAIR. */
static uint32_t rcv_nxt(int fd)
{
	socklen_t len = sizeof(uint32_t);
	uint32_t seq;

	if (on(fd, IPPROTO_TCP, TCP_REPAIR, 1) ||
	    on(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, &len) ||
	    on(fd, IPPROTO_TCP, TCP_REPAIR, -1))
		die("TCP_REPAIR");
	return seq;
}

/* Returns true when close() surely came first. */
static bool tell_race(const struct pair *p, uint32_t seq)
{
	bool fin = writer.error == EPIPE;
	if (!fin && writer.error != ECONNRESET) {
		errno = writer.error;
		die("write while the other side closes");
	}
	begin_case(fin ? "close-race: FIN seen" : "close-race: no FIN seen");
	if (fin)
		client_end(p, LATE_DATA("\"rcv_start\":%u,", ""), seq, getpid(),
			   getpid());
	else
		client_end(
			p,
			LATE_DATA("\"rcv_start\":%u,",
				  ",[" SENT("rst", "unread-data", UNREAD) "]"),
			seq, getpid(), getpid(), getpid());
	server_end(p, EXPECT(GOT("reset-by-peer", "%s")),
		   fin ? "CLOSE_WAIT" : "ESTABLISHED");
	return fin;
}

/*
 * Steers towards the moment at which either may win: in longer steps while one
 * of them always does, in shorter ones when the other has.
 */
static long steer(bool close_first)
{
	static long lead, step = RACE_STEP_MIN_NS;
	static bool last;

	if (close_first == last && step < RACE_STEP_MAX_NS)
		step *= 2;
	else if (close_first != last && step > RACE_STEP_MIN_NS)
		step /= 4;
	last = close_first;
	lead += close_first ? step : -step;
	return lead;
}

static void run_close_race(int count)
{
	uint32_t dice = 1;
	long lead = 0; /* how much earlier the writer starts, ns */
	pthread_t thread;

	if (pthread_create(&thread, NULL, write_without_pause, &count))
		die("thread");
	for (int i = 1; i <= count; i++) {
		struct pair p = connect_pair();
		uint32_t seq = rcv_nxt(p.client);
		long jitter;

		dice = dice * 1103515245 + 12345;
		jitter = (dice >> 16) % RACE_JITTER_NS;
		writer.fd = p.server;
		writer.delay_ns = (lead < 0 ? -lead : 0) + jitter;
		atomic_store(&writer.go, i);
		spin((lead > 0 ? lead : 0) + RACE_JITTER_NS / 2);
		close(p.client);
		await_turn(&writer.done, i);
		lead = steer(tell_race(&p, seq));
		close(p.server);
	}
	pthread_join(thread, NULL);
}

/*
 * two-threads: one writes or shuts down, the other closes the same descriptor.
 */

struct shared {
	pthread_barrier_t barrier;
	int fd;
	int copy; /* a second descriptor of the same socket, or -1 */
	bool shuts;
};

static void *other_thread(void *arg)
{
	struct shared *s = arg;

	pthread_barrier_wait(&s->barrier);
	if (s->copy >= 0)
		close(s->copy);
	else if (s->shuts)
		shutdown(s->fd, SHUT_WR);
	else
		while (write(s->fd, "12345678", 8) > 0 || errno == EAGAIN)
			;
	return NULL;
}

/* Reads to the end, so that the writer never waits. */
static void drain(int fd)
{
	char bytes[65536];

	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
}

static void *drain_thread(void *arg)
{
	drain(*(int *)arg);
	return NULL;
}

static void close_beside(struct pair *p, bool shuts, bool copy)
{
	struct shared s = { .fd = p->client, .copy = -1, .shuts = shuts };
	pthread_t other, reader;

	pthread_barrier_init(&s.barrier, NULL, 2);
	fcntl(p->client, F_SETFL, O_NONBLOCK);
	if (copy)
		s.copy = dup(p->client);
	if (pthread_create(&reader, NULL, drain_thread, &p->server) ||
	    pthread_create(&other, NULL, other_thread, &s))
		die("thread");
	pthread_barrier_wait(&s.barrier);
	close(p->client);
	pthread_join(other, NULL);
	pthread_join(reader, NULL);
	pthread_barrier_destroy(&s.barrier);
}

static void two_fin(struct pair *p)
{
	begin_case("two-threads: write, close");
	close_beside(p, false, false);
	close(p->server);
	client_end(p, EXPECT(SENT("fin", "close", FIRST BY_ME)), getpid());
	server_end(p, CLOSED_SECOND, getpid());
}

static void two_linger_zero(struct pair *p)
{
	begin_case("two-threads: write, close with linger zero");
	linger_zero(p->client);
	close_beside(p, false, false);
	close(p->server);
	client_end(p, EXPECT(SENT("rst", "linger-zero", BY_ME)), getpid());
	server_end(p, RESET_BY_PEER);
}

static void two_unread(struct pair *p)
{
	begin_case("two-threads: write, close with data unread");
	send_bytes(p->server, 5);
	await_bytes(p->client, 5);
	close_beside(p, false, false);
	close(p->server);
	client_end(
		p,
		EXPECT(SENT("rst", "unread-data", ",\"unread_bytes\":5" BY_ME)),
		getpid());
	server_end(p, RESET_BY_PEER);
}

static void two_copies(struct pair *p)
{
	begin_case("two-threads: close, close");
	close_beside(p, false, true);
	close(p->server);
	client_end(p, EXPECT(SENT("fin", "close", FIRST BY_ME)), getpid());
	server_end(p, CLOSED_SECOND, getpid());
}

static void two_shutdown(struct pair *p)
{
	begin_case("two-threads: shutdown, close");
	close_beside(p, true, false);
	close(p->server);
	client_end(p,
		   "\"either\":[[" SENT("fin", "close", FIRST BY_ME) "],[" SENT(
			   "fin", "shutdown", FIRST BY_ME) "]]",
		   getpid(), getpid());
	server_end(p, CLOSED_SECOND, getpid());
}

static void run_two_threads(int count)
{
	static void (*const ways[])(struct pair * p) = {
		two_fin, two_linger_zero, two_unread, two_copies, two_shutdown,
	};

	for (int i = 0; i < count; i++) {
		struct pair p = connect_pair();

		ways[i % (sizeof(ways) / sizeof(ways[0]))](&p);
	}
}

/*
 * Each way has client ports of its own, counted up from here (or from -p PORT):
 * no two connections share addresses.
 */
static const struct {
	const char *name;
	void (*run)(int count);
	in_port_t port;
	int max;
} modes[] = {
	{ "reuse", run_reuse, 10000, 10000 },
	{ "close-race", run_close_race, 20000, 6000 },
	{ "two-threads", run_two_threads, 26000, 6000 },
};

#define NMODES (sizeof(modes) / sizeof(modes[0]))

static _Noreturn void usage(void)
{
	fputs("usage: churn [-6] [-n COUNT] [-p PORT] "
	      "reuse|close-race|two-threads\n",
	      stderr);
	exit(64);
}

int main(int argc, char **argv)
{
	int count = 100, port = 0, option;

	while ((option = getopt(argc, argv, "6n:p:")) != -1)
		if (option == '6')
			family = AF_INET6;
		else if (option == 'n')
			count = atoi(optarg);
		else if (option == 'p')
			port = atoi(optarg);
		else
			usage();
	if (optind + 1 != argc)
		usage();
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < NMODES; i++) {
		if (strcmp(argv[optind], modes[i].name) != 0)
			continue;
		if (count < 1 || count > modes[i].max)
			usage();
		next_port = port ? port : modes[i].port;
		listen_somewhere();
		modes[i].run(count);
		return fflush(stdout) ? 1 : 0;
	}
	usage();
}
