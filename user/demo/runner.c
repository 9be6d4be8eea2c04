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
	enum result result;

	sigaction(SIGTERM, &die, NULL);
	sigaction(SIGHUP, &die, NULL);
	/* The terminal's ^C reaches the parent too, which ends us. */
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_SETMASK, &inherited, NULL);
	if (getppid() != parent)
		_exit(RESULT_FAILED);
	result = play(d);
	_exit((int)result);
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

/* How a case's process ended. */
struct ending {
	enum result result;
	int signal;	 /* that asks this program to end, or 0 */
	char reason[80]; /* set when the process made no report */
};

static void read_status(struct ending *e, int status)
{
	e->result = RESULT_FAILED;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= RESULT_UNREPORTED)
		e->result = (enum result)WEXITSTATUS(status);
	else
		snprintf(e->reason, sizeof(e->reason),
			 "its process ended with status 0x%x", status);
}

static void watch(struct ending *e, pid_t pid)
{
	struct timespec now;
	int status, sig;

	clock_gettime(CLOCK_MONOTONIC, &now);
	do {
		sig = await_signal(now.tv_sec + CASE_LIMIT_S);
		if (sig == SIGCHLD && waitpid(pid, &status, WNOHANG) == pid) {
			read_status(e, status);
			return;
		}
	} while (sig == SIGCHLD);
	end_case(pid);
	e->result = RESULT_FAILED;
	if (sig == SIGALRM)
		snprintf(e->reason, sizeof(e->reason), "it did not end in %d s",
			 CASE_LIMIT_S);
	else
		e->signal = sig;
}

static struct ending fork_case(struct demo *d)
{
	struct ending e = { .result = RESULT_FAILED };
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0)
		be_the_case(d, parent);
	if (pid < 0)
		snprintf(e.reason, sizeof(e.reason), "fork: %s",
			 strerror(errno));
	else
		watch(&e, pid);
	sysctl_restore();
	return e;
}

static struct ending locked_case(struct demo *d)
{
	struct ending e = { .result = RESULT_SKIPPED };
	int lock = sysctl_lock();

	if (lock < 0) {
		snprintf(
			e.reason, sizeof(e.reason),
			"another rstdemo has this network namespace's sysctls");
		return e;
	}
	e = fork_case(d);
	close(lock);
	return e;
}

enum result run_case(struct demo *d, int *signal)
{
	struct ending e;

	if (d->c->changes_sysctl && geteuid() == 0)
		e = locked_case(d);
	else
		e = fork_case(d);
	*signal = e.signal;
	return e.reason[0] ? report(d, e.result, e.reason) : e.result;
}
