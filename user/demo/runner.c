// SPDX-License-Identifier: GPL-2.0
/*
 * Every case is a process: whatever goes wrong in it, its sockets are gone
 * afterwards, its time is limited, and the parent restores the sysctls.
 */
#include "runner.h"
#include "case.h"
#include "sysctl.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CASE_LIMIT_S 120

static sigset_t watched, inherited;

bool runner_init(void)
{
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGHUP);
	/* A reader that went away must not kill us before the restoration. */
	signal(SIGPIPE, SIG_IGN);
	return !sigprocmask(SIG_BLOCK, &watched, &inherited) && sysctl_init();
}

/* The parent was killed: nobody else is left to restore. */
static void restore_and_die(int sig)
{
	(void)sig;
	sysctl_restore();
	_exit(RESULT_FAILED);
}

static _Noreturn void be_the_case(struct demo *d, pid_t parent)
{
	struct sigaction die = { .sa_handler = restore_and_die };
	int result;

	sigaction(SIGTERM, &die, NULL);
	sigaction(SIGHUP, &die, NULL);
	/* The terminal's ^C reaches the parent too, which ends us. */
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_SETMASK, &inherited, NULL);
	if (getppid() != parent)
		_exit(RESULT_FAILED);
	result = play(d);
	fflush(NULL);
	_exit(result);
}

/* Returns the signal that came first, SIGALRM when the time is over. */
static int await_signal(time_t limit)
{
	struct timespec left = { 0 };
	struct timespec now;
	int sig;

	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= limit)
			return SIGALRM;
		left.tv_sec = limit - now.tv_sec;
		sig = sigtimedwait(&watched, NULL, &left);
	} while (sig < 0);
	return sig;
}

static void end_case(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int result_of_status(struct demo *d, int status)
{
	char reason[80];

	if (WIFEXITED(status) && WEXITSTATUS(status) <= RESULT_SKIPPED)
		return WEXITSTATUS(status);
	snprintf(reason, sizeof(reason), "its process ended with status 0x%x",
		 status);
	report(d, RESULT_FAILED, reason);
	return RESULT_FAILED;
}

/* Returns as run_case(). */
static int watch(struct demo *d, pid_t pid, int *signal)
{
	struct timespec now;
	int status, sig;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (;;) {
		sig = await_signal(now.tv_sec + CASE_LIMIT_S);
		if (sig == SIGCHLD) {
			if (waitpid(pid, &status, WNOHANG) == pid)
				return result_of_status(d, status);
			continue;
		}
		end_case(pid);
		if (sig != SIGALRM) {
			*signal = sig;
			return -1;
		}
		report(d, RESULT_FAILED, "it did not end in time");
		return RESULT_FAILED;
	}
}

static int fork_case(struct demo *d, int *signal)
{
	pid_t parent = getpid();
	pid_t pid = fork();
	char reason[80];
	int result;

	if (pid == 0)
		be_the_case(d, parent);
	if (pid < 0) {
		snprintf(reason, sizeof(reason), "fork: %s", strerror(errno));
		report(d, RESULT_FAILED, reason);
		return RESULT_FAILED;
	}
	result = watch(d, pid, signal);
	sysctl_restore();
	return result;
}

int run_case(struct demo *d, int *signal)
{
	int lock, result;

	if (!d->c->changes_sysctl || geteuid() != 0)
		return fork_case(d, signal);
	lock = sysctl_lock();
	if (lock < 0) {
		report(d, RESULT_SKIPPED,
		       "another rstdemo has the sysctls of this network namespace");
		return RESULT_SKIPPED;
	}
	result = fork_case(d, signal);
	close(lock);
	return result;
}
