// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns_counters.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* include/uapi/asm-generic/socket.h, from 5.14 */
#endif

/* The files under which a thread finds the counters of its own netns. */
#define SNMP "/proc/thread-self/net/snmp"
#define NETSTAT "/proc/thread-self/net/netstat"

static const struct {
	const char *file;
	const char *group;
	const char *name;
} counters[NETNS_COUNTERS] = {
	[RW_COUNTER_OUT_RSTS] = { SNMP, "Tcp:", "OutRsts" },
	[RW_COUNTER_ON_CLOSE] = { NETSTAT, "TcpExt:", "TCPAbortOnClose" },
	[RW_COUNTER_ON_DATA] = { NETSTAT, "TcpExt:", "TCPAbortOnData" },
	[RW_COUNTER_ON_LINGER] = { NETSTAT, "TcpExt:", "TCPAbortOnLinger" },
	[RW_COUNTER_ON_MEMORY] = { NETSTAT, "TcpExt:", "TCPAbortOnMemory" },
	[RW_COUNTER_ON_TIMEOUT] = { NETSTAT, "TcpExt:", "TCPAbortOnTimeout" },
	[RW_COUNTER_EMBRYONIC_RSTS] = { NETSTAT, "TcpExt:", "EmbryonicRsts" },
	[RW_COUNTER_ATTEMPT_FAILS] = { SNMP, "Tcp:", "AttemptFails" },
	[NETNS_ABORT_FAILED] = { NETSTAT, "TcpExt:", "TCPAbortFailed" },
};

const char *netns_counter_name(unsigned int counter)
{
	return counters[counter].name;
}

/* One line of names, one of numbers, both begin with the same group. */
static void take_values(const char *file, char *names, char *numbers,
			uint64_t *values)
{
	char *at_name, *at_number, *name, *number, *group;

	group = strtok_r(names, " \n", &at_name);
	strtok_r(numbers, " \n", &at_number);
	while (group && (name = strtok_r(NULL, " \n", &at_name)) &&
	       (number = strtok_r(NULL, " \n", &at_number)))
		for (int i = 0; i < NETNS_COUNTERS; i++)
			if (!strcmp(file, counters[i].file) &&
			    !strcmp(group, counters[i].group) &&
			    !strcmp(name, counters[i].name))
				values[i] = strtoull(number, NULL, 10);
}

static int read_values(const char *file, uint64_t *values)
{
	char *names = NULL, *numbers = NULL;
	size_t names_size = 0, numbers_size = 0;
	FILE *stream = fopen(file, "re");

	if (!stream)
		return -errno;
	while (getline(&names, &names_size, stream) > 0 &&
	       getline(&numbers, &numbers_size, stream) > 0)
		take_values(file, names, numbers, values);
	free(names);
	free(numbers);
	fclose(stream);
	return 0;
}

int netns_counters(uint64_t values[NETNS_COUNTERS])
{
	int err;

	memset(values, 0, NETNS_COUNTERS * sizeof(*values));
	err = read_values(SNMP, values);
	return err ? err : read_values(NETSTAT, values);
}

/* 0 where the kernel does not say. */
static uint64_t own_cookie(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}

bool netns_has_cookies(void)
{
	return own_cookie() != 0;
}

/* One walk through all of them. */
struct walk {
	void (*inside)(void *context, const struct netns *netns);
	void *context;
	ino_t *visited;
	size_t n, room;
	int error;
};

/* Return: whether it is new; it is remembered then. */
static bool is_new(struct walk *w, ino_t inode)
{
	ino_t *grown;

	for (size_t i = 0; i < w->n; i++)
		if (w->visited[i] == inode)
			return false;
	if (w->n == w->room) {
		grown = realloc(w->visited,
				(w->room + 64) * 2 * sizeof(*grown));
		if (!grown) {
			w->error = -ENOMEM;
			return false;
		}
		w->visited = grown;
		w->room = (w->room + 64) * 2;
	}
	w->visited[w->n++] = inode;
	return true;
}

/* The file is open for as long as it takes to step in, and no longer. */
static void visit_file(struct walk *w, const char *path)
{
	struct netns netns = {};
	struct stat file;
	int fd;

	if (stat(path, &file) || !is_new(w, file.st_ino))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	netns.inode = (uint32_t)file.st_ino;
	if (fd >= 0 && !fstat(fd, &file) && file.st_ino == netns.inode &&
	    !setns(fd, CLONE_NEWNET)) {
		netns.entered = true;
		netns.cookie = own_cookie();
	}
	if (fd >= 0)
		close(fd);
	w->inside(w->context, &netns);
}

/* A name under /run/netns without a netns mounted on it is a plain file. */
static bool is_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), type = -1;

	if (fd < 0)
		return false;
	type = ioctl(fd, NS_GET_NSTYPE);
	close(fd);
	return type == CLONE_NEWNET;
}

static void visit_processes(struct walk *w)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[PATH_MAX];

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", entry->d_name);
		visit_file(w, path);
	}
	if (proc)
		closedir(proc);
}

static void visit_names(struct walk *w)
{
	DIR *names = opendir("/run/netns");
	struct dirent *entry;
	char path[PATH_MAX];

	while (names && (entry = readdir(names))) {
		snprintf(path, sizeof(path), "/run/netns/%s", entry->d_name);
		if (entry->d_name[0] != '.' && is_netns(path))
			visit_file(w, path);
	}
	if (names)
		closedir(names);
}

/* Its own netns comes first: no permission is needed to be there. */
static void visit_own(struct walk *w)
{
	struct netns netns = { .entered = true, .cookie = own_cookie() };
	struct stat file;

	if (stat("/proc/thread-self/ns/net", &file)) {
		w->error = -errno;
		return;
	}
	is_new(w, file.st_ino);
	netns.inode = (uint32_t)file.st_ino;
	w->inside(w->context, &netns);
}

static void *walk(void *arg)
{
	struct walk *w = arg;

	visit_own(w);
	visit_names(w);
	visit_processes(w);
	return NULL;
}

int netns_visit(void (*inside)(void *context, const struct netns *netns),
		void *context)
{
	struct walk w = { .inside = inside, .context = context };
	pthread_t thread;
	int err;

	/* the netns of a thread is its own: the caller stays where it is */
	err = pthread_create(&thread, NULL, walk, &w);
	if (err)
		return -err;
	pthread_join(thread, NULL);
	free(w.visited);
	return w.error;
}
