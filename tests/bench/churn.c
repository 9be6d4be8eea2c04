// SPDX-License-Identifier: GPL-2.0
/*
 * churn - opens and ends TCP connections over loopback, and times it
 *
 * Each connection is connect(), accept() and close() of both ends, by one
 * task, so that nothing but the kernel decides what it costs. Batches of them
 * are timed, after a warm-up. In a VM whose clock counts instructions the
 * nanoseconds printed are instructions.
 *
 * Runs in a network namespace of its own: what an earlier run left in
 * TIME_WAIT goes with its namespace and does not slow this one down.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 64
#define FIRST_PORT 7000	    /* of the first thread's listener */
#define PER_ADDRESS 8192    /* connections before the next address of 127/8 */
#define DRAIN_NS 200000000L /* time for a reader to come round, and again */

enum mode { MODE_FIN, MODE_LINGER_ZERO, MODE_UNREAD, MODE_MAX };

static const char *const mode_names[MODE_MAX] = {
	[MODE_FIN] = "fin",
	[MODE_LINGER_ZERO] = "linger-zero",
	[MODE_UNREAD] = "unread",
};

struct settings {
	enum mode mode;
	int family; /* AF_INET or AF_INET6 */
	size_t threads;
	size_t batch;	/* connections in a batch */
	size_t batches; /* of each thread, timed */
	size_t warmup;	/* batches before them */
	long reader;	/* pid of the tool that watches; 0: none */
	size_t live;	/* connections that are held open instead; 0: none */
	bool json;
	bool shared; /* stay in the namespace we were started in */
};

struct worker {
	const struct settings *set;
	pthread_t thread;
	size_t index;
	uint64_t done; /* connections, for the choice of the address */
	uint64_t *batch_ns;
};

static pthread_barrier_t start_line;

/* What a run took, in nanoseconds. */
struct result {
	uint64_t min, median, mean; /* of a connection, over the batches */
	uint64_t wall;		    /* of all timed batches */
	uint64_t reader; /* CPU time of the reader, drained at the end */
	uint64_t late;	 /* of it, after the last batch */
};

static void die(const char *what)
{
	fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void nap(long ns)
{
	struct timespec time = { .tv_nsec = ns };

	nanosleep(&time, NULL);
}

/* A namespace of our own, with its loopback up. */
static void enter_namespace(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &lo))
		die("lo");
	lo.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &lo))
		die("lo up");
	close(fd);
}

/* What a connection goes to; 127/8 has addresses enough never to run out. */
static socklen_t target(struct sockaddr_storage *address,
			const struct worker *w, bool any)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	uint32_t host = 1 + (uint32_t)(w->done / PER_ADDRESS);
	in_port_t port = htons((uint16_t)(FIRST_PORT + w->index));

	memset(address, 0, sizeof(*address));
	if (w->set->family == AF_INET6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		v6->sin6_addr = any ? in6addr_any : in6addr_loopback;
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = port;
	v4->sin_addr.s_addr = htonl(any ? INADDR_ANY : 0x7f000000 + host);
	return sizeof(*v4);
}

static int open_listener(const struct worker *w)
{
	struct sockaddr_storage address;
	socklen_t len = target(&address, w, true);
	int fd = socket(w->set->family, SOCK_STREAM, 0), one = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, 16))
		die("listen");
	return fd;
}

/* Both ends of a new connection. */
static void open_connection(const struct worker *w, int listener,
			    const struct sockaddr_storage *address,
			    socklen_t len, int *client, int *server)
{
	*client = socket(w->set->family, SOCK_STREAM, 0);
	if (*client < 0)
		die("socket");
	if (connect(*client, (const struct sockaddr *)address, len))
		die("connect");
	*server = accept(listener, NULL, NULL);
	if (*server < 0)
		die("accept");
}

/* One connection, from its SYN to the end of both its sockets. */
static void one_connection(struct worker *w, int listener,
			   const struct sockaddr_storage *address,
			   socklen_t len)
{
	const struct linger zero = { .l_onoff = 1 };
	int client, server;

	open_connection(w, listener, address, len, &client, &server);
	if (w->set->mode == MODE_LINGER_ZERO)
		setsockopt(client, SOL_SOCKET, SO_LINGER, &zero, sizeof(zero));
	if (w->set->mode == MODE_UNREAD && send(server, "x", 1, 0) != 1)
		die("send");
	close(client);
	close(server);
	w->done++;
}

static uint64_t one_batch(struct worker *w, int listener)
{
	struct sockaddr_storage address;
	socklen_t len = target(&address, w, false);
	uint64_t start = now_ns();

	for (size_t i = 0; i < w->set->batch; i++)
		one_connection(w, listener, &address, len);
	return now_ns() - start;
}

static void *work(void *context)
{
	struct worker *w = context;
	int listener = open_listener(w);

	for (size_t i = 0; i < w->set->warmup; i++)
		one_batch(w, listener);
	pthread_barrier_wait(&start_line); /* warm */
	pthread_barrier_wait(&start_line); /* go */
	for (size_t i = 0; i < w->set->batches; i++)
		w->batch_ns[i] = one_batch(w, listener);
	pthread_barrier_wait(&start_line); /* done */
	close(listener);
	return NULL;
}

/* Room for both ends of so many connections, and a little more. */
static void raise_limit(size_t connections)
{
	const struct rlimit files = { 2 * connections + 100,
				      2 * connections + 100 };

	if (setrlimit(RLIMIT_NOFILE, &files))
		die("RLIMIT_NOFILE (see fs.nr_open)");
}

/* Connections that stay: says when they are there, ends with the process. */
static void hold(const struct settings *set)
{
	struct worker w = { .set = set };
	int listener, client, server;

	raise_limit(set->live);
	listener = open_listener(&w);
	for (; w.done < set->live; w.done++) {
		struct sockaddr_storage address;
		socklen_t len = target(&address, &w, false);

		open_connection(&w, listener, &address, len, &client, &server);
	}
	printf("{\"live\":%zu}\n", set->live);
	fflush(stdout);
	for (;;)
		pause();
}

/* CPU time of the reader's main thread so far. */
static uint64_t reader_ns(const struct settings *set)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *file;

	if (!set->reader)
		return 0;
	snprintf(path, sizeof(path), "/proc/%ld/schedstat", set->reader);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%llu", &ns) != 1)
		die(path);
	fclose(file);
	return ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void summarise(struct result *r, const struct settings *set,
		      uint64_t *batch_ns)
{
	size_t n = set->threads * set->batches;
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += batch_ns[i];
	qsort(batch_ns, n, sizeof(*batch_ns), compare);
	r->min = batch_ns[0] / set->batch;
	r->median = batch_ns[n / 2] / set->batch;
	r->mean = sum / n / set->batch;
}

static void run(const struct settings *set, struct result *r)
{
	uint64_t *batch_ns =
		calloc(set->threads * set->batches, sizeof(*batch_ns));
	struct worker *workers = calloc(set->threads, sizeof(*workers));
	uint64_t before, at_end;

	if (!batch_ns || !workers)
		die("memory");
	pthread_barrier_init(&start_line, NULL, (unsigned int)set->threads + 1);
	for (size_t i = 0; i < set->threads; i++) {
		workers[i] = (struct worker){ .set = set,
					      .index = i,
					      .batch_ns = batch_ns +
							  i * set->batches };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die("thread");
	}
	pthread_barrier_wait(&start_line);
	if (set->reader)
		nap(DRAIN_NS); /* the reader starts with nothing to do */
	before = reader_ns(set);
	r->wall = now_ns();
	pthread_barrier_wait(&start_line);
	pthread_barrier_wait(&start_line);
	r->wall = now_ns() - r->wall;
	at_end = reader_ns(set);
	if (set->reader)
		nap(DRAIN_NS); /* and ends with it */
	r->reader = reader_ns(set) - before;
	r->late = reader_ns(set) - at_end;
	for (size_t i = 0; i < set->threads; i++)
		pthread_join(workers[i].thread, NULL);
	summarise(r, set, batch_ns);
	free(workers);
	free(batch_ns);
}

static void print_result(const struct settings *set, const struct result *r)
{
	uint64_t n = set->threads * set->batches * set->batch;
	int version = set->family == AF_INET6 ? 6 : 4;
	double seconds = (double)r->wall / 1e9;

	if (set->json) {
		printf("{\"mode\":\"%s\",\"family\":%d,\"threads\":%zu,"
		       "\"connections\":%lu,\"batch\":%zu,\"min_ns\":%lu,"
		       "\"median_ns\":%lu,\"mean_ns\":%lu,\"wall_ns\":%lu,"
		       "\"reader_ns\":%lu,\"everything_ns\":%.1f,"
		       "\"per_second\":%.0f}\n",
		       mode_names[set->mode], version, set->threads, n,
		       set->batch, r->min, r->median, r->mean, r->wall,
		       r->reader, (double)(r->wall + r->late) / (double)n,
		       (double)n / seconds);
		return;
	}
	printf("%s, IPv%d, %zu thread%s, %lu connections in batches of %zu\n"
	       "  one connection: min %lu ns, median %lu ns, mean %lu ns\n"
	       "  %.0f connections a second\n",
	       mode_names[set->mode], version, set->threads,
	       set->threads == 1 ? "" : "s", n, set->batch, r->min, r->median,
	       r->mean, (double)n / seconds);
	if (set->reader)
		printf("  reader %lu ns a connection, everything %.0f ns\n",
		       r->reader / n, (double)(r->wall + r->late) / (double)n);
}

static int usage(void)
{
	fputs("Usage: churn [-m fin|linger-zero|unread] [-4|-6] [-t THREADS]\n"
	      "\t[-n CONNECTIONS IN A BATCH] [-b BATCHES] [-w WARM-UP BATCHES]\n"
	      "\t[-p PID OF THE READER] [-j] [-s]\n"
	      "       churn -l CONNECTIONS [-4|-6] [-s]\n"
	      "-l: hold so many open until killed\n"
	      "-j: JSON  -s: stay in this network namespace (else needs root)\n",
	      stderr);
	return 64;
}

static bool parse_mode(struct settings *set, const char *name)
{
	for (int i = 0; i < MODE_MAX; i++) {
		if (strcmp(mode_names[i], name) != 0)
			continue;
		set->mode = (enum mode)i;
		return true;
	}
	return false;
}

static bool parse_size(size_t *n, const char *text, size_t max)
{
	char *end;

	errno = 0;
	*n = strtoul(text, &end, 10);
	return !errno && end != text && !*end && *n <= max;
}

static bool parse(struct settings *set, int argc, char **argv)
{
	size_t pid = 0;
	bool good = true;
	int key;

	while (good && (key = getopt(argc, argv, "m:46t:n:b:w:p:l:js")) != -1) {
		switch (key) {
		case 'm':
			good = parse_mode(set, optarg);
			break;
		case '4':
			set->family = AF_INET;
			break;
		case '6':
			set->family = AF_INET6;
			break;
		case 't':
			good = parse_size(&set->threads, optarg, MAX_THREADS);
			break;
		case 'n':
			good = parse_size(&set->batch, optarg, 8192);
			break;
		case 'b':
			good = parse_size(&set->batches, optarg, 1000000);
			break;
		case 'w':
			good = parse_size(&set->warmup, optarg, 1000000);
			break;
		case 'p':
			good = parse_size(&pid, optarg, 1 << 22);
			break;
		case 'l':
			good = parse_size(&set->live, optarg, 4000000);
			break;
		case 'j':
			set->json = true;
			break;
		case 's':
			set->shared = true;
			break;
		default:
			good = false;
		}
	}
	set->reader = (long)pid;
	return good && optind == argc && set->threads && set->batch &&
	       set->batches;
}

int main(int argc, char **argv)
{
	struct settings set = { .family = AF_INET,
				.threads = 1,
				.batch = 200,
				.batches = 20,
				.warmup = 2 };
	struct result result = {};

	if (!parse(&set, argc, argv))
		return usage();
	if (!set.shared)
		enter_namespace();
	if (set.live)
		hold(&set);
	run(&set, &result);
	print_result(&set, &result);
	return fflush(stdout) ? 1 : 0;
}
