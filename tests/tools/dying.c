// SPDX-License-Identifier: GPL-2.0
/*
 * A process that dies with connections open, each with other bytes unread.
 *
 *	dying HOW [COUNT [FILE]]
 *
 * HOW: exit, segv, abort; kill, term (signals from outside); thread-exit,
 * thread-segv, thread-kill (the same while other threads wait in a system
 * call); oom (uses up memory). FILE: cgroup.procs of the cgroup it dies in.
 *
 * Prints one JSON object when the process is dead: its pid and whether that is
 * one of an inner pid namespace, the signal that ended it, its local ports and
 * what each left unread. Exit 1 when it did not die as asked.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT_MAX 64
#define STEP 10 /* connection i has that many times i bytes unread */
#define CHUNK (1 << 20)

struct connection {
	int mine, peers;
	uint16_t port; /* of the one that dies */
};

static struct connection connections[COUNT_MAX];
static int count = 4;

static _Noreturn void fail(const char *what)
{
	perror(what);
	_exit(2);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in address = { 0 };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len))
		fail("getsockname");
	return ntohs(address.sin_port);
}

static void open_all(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, COUNT_MAX))
		fail("listen");
	address.sin_port = htons(port_of(listener));
	for (int i = 0; i < count; i++) {
		struct connection *c = &connections[i];

		c->mine = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(c->mine, (struct sockaddr *)&address,
			    sizeof(address)))
			fail("connect");
		c->peers = accept(listener, NULL, NULL);
		c->port = port_of(c->mine);
	}
	close(listener);
}

static void send_all(void)
{
	static const char data[COUNT_MAX * STEP];

	for (int i = 1; i < count; i++)
		if (send(connections[i].peers, data, (size_t)i * STEP, 0) !=
		    i * STEP)
			fail("send");
	for (int i = 1; i < count; i++) {
		int waiting = 0;

		while (waiting < i * STEP)
			if (ioctl(connections[i].mine, FIONREAD, &waiting))
				fail("FIONREAD");
	}
}

/* Waits in a system call for what never comes. */
static void *wait_for_data(void *unused)
{
	char byte;

	(void)unused;
	recv(connections[0].mine, &byte, 1, 0);
	return NULL;
}

static void crash(void)
{
	struct rlimit none = { 0 };

	setrlimit(RLIMIT_CORE, &none);
	raise(SIGSEGV); /* as the kernel would: not handled, it kills */
}

static void *exit_as_thread(void *unused)
{
	exit(3);
	return unused;
}

static void *crash_as_thread(void *unused)
{
	crash();
	return unused;
}

static void use_up_memory(void)
{
	for (;;) {
		char *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (chunk == MAP_FAILED)
			fail("mmap");
		memset(chunk, 1, CHUNK);
	}
}

static void start_thread(void *(*run)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL))
		fail("pthread_create");
}

static void join_cgroup(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file))
		fail(path);
}

/* Does not return. @ready: closed when all is in place. */
static void die(const char *how, const char *cgroup, int ready)
{
	if (cgroup)
		join_cgroup(cgroup);
	for (int i = 0; i < count; i++)
		close(connections[i].peers);
	if (!strncmp(how, "thread-", 7))
		for (int i = 0; i < 3; i++)
			start_thread(wait_for_data);
	usleep(20000); /* for the threads to sleep in recv() */
	close(ready);
	if (!strcmp(how, "exit"))
		exit(3);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segv"))
		crash();
	if (!strcmp(how, "thread-exit"))
		start_thread(exit_as_thread);
	if (!strcmp(how, "thread-segv"))
		start_thread(crash_as_thread);
	if (!strcmp(how, "oom"))
		use_up_memory();
	for (;;)
		pause();
}

/* The signal that has to have ended it. */
static int signal_of(const char *how)
{
	if (strstr(how, "segv"))
		return SIGSEGV;
	if (strstr(how, "kill") || !strcmp(how, "oom"))
		return SIGKILL;
	if (!strcmp(how, "abort"))
		return SIGABRT;
	return strcmp(how, "term") ? 0 : SIGTERM;
}

#define INITIAL_PID_NS 0xeffffffc /* PROC_PID_INIT_INO */

static bool is_inside(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino != INITIAL_PID_NS;
}

static void report(const char *how, pid_t pid, int status)
{
	printf("{\"how\":\"%s\",\"pid\":%d,\"inside\":%s,\"signal\":%d,"
	       "\"unread\":{",
	       how, pid, is_inside() ? "true" : "false",
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	for (int i = 0; i < count; i++)
		printf("%s\"%u\":%d", i ? "," : "", connections[i].port,
		       i * STEP);
	printf("}}\n");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "exit";
	struct pollfd closed = { .events = POLLIN };
	int ready[2], status;
	pid_t pid;

	if (argc > 2)
		count = atoi(argv[2]);
	if (count < 1 || count > COUNT_MAX || pipe(ready))
		return 64;
	open_all();
	send_all();
	pid = fork();
	if (!pid) {
		close(ready[0]);
		die(how, argc > 3 ? argv[3] : NULL, ready[1]);
	}
	for (int i = 0; i < count; i++)
		close(connections[i].mine);
	close(ready[1]);
	closed.fd = ready[0];
	poll(&closed, 1, -1);
	if (!strcmp(how, "kill") || !strcmp(how, "thread-kill"))
		kill(pid, SIGKILL);
	if (!strcmp(how, "term"))
		kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	report(how, pid, status);
	return (WIFSIGNALED(status) ? WTERMSIG(status) : 0) != signal_of(how);
}
