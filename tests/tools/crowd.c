// SPDX-License-Identifier: GPL-2.0
/*
 * crowd dead COUNT	hold so many sockets that were refused, then close them
 * crowd lingering COUNT	as many threads in a close() that waits, at once
 *
 * More than rstwatch has places for. Needs root where so many files are not
 * allowed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_S 3

static pthread_barrier_t all_there;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	return fd;
}

/* An address of this host where nobody listens yet. */
static int bound_socket(struct sockaddr_in *here)
{
	socklen_t len = sizeof(*here);
	int fd = new_socket();

	*here = (struct sockaddr_in){ .sin_family = AF_INET };
	here->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (void *)here, len) || getsockname(fd, (void *)here, &len))
		die("bind");
	return fd;
}

static void hold_dead(int count)
{
	struct sockaddr_in nowhere;
	int first = bound_socket(&nowhere);

	for (int i = 0; i < count; i++)
		if (!connect(new_socket(), (void *)&nowhere, sizeof(nowhere)) ||
		    errno != ECONNREFUSED)
			die("connect");
	close_range((unsigned int)first, ~0U, 0);
}

static void *close_slowly(void *fd)
{
	pthread_barrier_wait(&all_there);
	close(*(int *)fd);
	return NULL;
}

/* A connection with more to send than the other end, which never reads, takes. */
static int full_connection(int listener, const struct sockaddr_in *here)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = LINGER_S };
	static const char data[4096];
	int fd = new_socket();

	if (connect(fd, (const void *)here, sizeof(*here)))
		die("connect");
	if (accept(listener, NULL, NULL) < 0)
		die("accept");
	while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return fd;
}

static void linger_together(int count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	int *fds = calloc((size_t)count, sizeof(*fds)), listener;
	struct sockaddr_in here;
	pthread_attr_t attr;

	if (!threads || !fds)
		die("calloc");
	listener = bound_socket(&here);
	if (listen(listener, 1))
		die("listen");
	pthread_barrier_init(&all_there, NULL, (unsigned int)count);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)PTHREAD_STACK_MIN);
	for (int i = 0; i < count; i++) {
		fds[i] = full_connection(listener, &here);
		errno = pthread_create(&threads[i], &attr, close_slowly,
				       &fds[i]);
		if (errno)
			die("pthread_create");
	}
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	free(fds);
}

int main(int argc, char **argv)
{
	const int count = argc == 3 ? atoi(argv[2]) : 0;
	const bool lingers = argc == 3 && !strcmp(argv[1], "lingering");
	struct rlimit files;

	if (count <= 0 || !(lingers || !strcmp(argv[1], "dead")))
		return 64;
	if (getrlimit(RLIMIT_NOFILE, &files))
		die("getrlimit");
	files.rlim_cur = (rlim_t)count * (lingers ? 2 : 1) + 64;
	if (files.rlim_max < files.rlim_cur)
		files.rlim_max = files.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("setrlimit");
	if (lingers)
		linger_together(count);
	else
		hold_dead(count);
	return 0;
}
