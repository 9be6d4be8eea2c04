// SPDX-License-Identifier: GPL-2.0
/*
 * Closes a connection with unread data from a function whose name is looked
 * for on the stack; built with and without frame pointers (tests.mk).
 *
 *	closer raw|libc|exit|kill [SECS]
 *
 * raw: the system call itself, from a function that has a frame. libc: close().
 * exit, kill: leaves it to the end of the process. Prints the server's port,
 * stays SECS seconds after the close.
 */
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Nothing is left to be done by a tail call. */
#define END __asm__ volatile("" ::: "memory")

static const char *how;

__attribute__((noinline)) static void raw_close(int fd)
{
#ifdef __x86_64__
	long result;

#ifdef WITH_FRAMES
	/* a leaf gets a frame only if it is asked for */
	__asm__ volatile("" ::"r"(__builtin_frame_address(0)));
#endif
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_close), "D"(fd)
			 : "rcx", "r11", "memory");
#else
	close(fd);
#endif
	END;
}

static inline __attribute__((always_inline)) void inlined_close(int fd)
{
	if (!strcmp(how, "raw"))
		raw_close(fd);
	else if (!strcmp(how, "libc"))
		close(fd);
	END;
}

__attribute__((noinline)) void close_it_here(int fd)
{
	inlined_close(fd);
	END;
}

/* A connection to ourselves; the accepted end has data that nobody reads. */
static int connection(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	char byte;
	int fd;

	if (bind(listener, (void *)&a, len) || listen(listener, 1) ||
	    getsockname(listener, (void *)&a, &len) ||
	    connect(client, (void *)&a, len))
		err(1, "loopback");
	fd = accept(listener, NULL, NULL);
	if (fd < 0 || send(client, "unread", 6, 0) != 6 ||
	    recv(fd, &byte, 1, MSG_PEEK) != 1)
		err(1, "loopback");
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	int fd = connection();

	how = argc > 1 ? argv[1] : "libc";
	if (!strcmp(how, "kill"))
		raise(SIGKILL);
	if (strcmp(how, "exit") != 0)
		close_it_here(fd);
	if (argc > 2)
		sleep(atoi(argv[2]));
	return 0;
}
