// SPDX-License-Identifier: GPL-2.0
/* The helper process and the conversation with it. */
#include "helper.h"
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct helper start_helper(struct demo *d,
			   void (*body)(struct demo *d, int channel, void *arg),
			   void *arg)
{
	struct helper h;
	int sides[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sides))
		give_up(d, "socketpair: %s", strerror(errno));
	h.pid = fork();
	if (h.pid < 0)
		give_up(d, "fork: %s", strerror(errno));
	if (h.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		d->in_helper = true;
		close(sides[0]);
		body(d, sides[1], arg);
		_exit(0);
	}
	close(sides[1]);
	h.channel = sides[0];
	return h;
}

void tell(struct demo *d, int channel, const void *data, size_t len)
{
	if (send(channel, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		give_up(d, "message to the other process: %s", strerror(errno));
}

void hear(struct demo *d, int channel, void *data, size_t len)
{
	struct pollfd p = { .fd = channel, .events = POLLIN };

	if (poll(&p, 1, WAIT_MS) != 1)
		give_up(d, "no message from the other process");
	if (recv(channel, data, len, MSG_WAITALL) != (ssize_t)len)
		give_up(d, "the other process ended early");
}

void tell_go(struct demo *d, int channel)
{
	tell(d, channel, "", 1);
}

void hear_go(struct demo *d, int channel)
{
	char byte;

	hear(d, channel, &byte, 1);
}

int reap(struct demo *d, struct helper *h)
{
	long limit = now_ms() + WAIT_MS;
	int status;
	pid_t pid;

	while ((pid = waitpid(h->pid, &status, WNOHANG)) == 0) {
		if (now_ms() > limit)
			give_up(d, "process %d does not end", h->pid);
		sleep_ms(1);
	}
	if (pid < 0)
		give_up(d, "waitpid: %s", strerror(errno));
	close(h->channel);
	return status;
}
