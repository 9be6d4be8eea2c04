// SPDX-License-Identifier: GPL-2.0
/* open, configure, load, attach, watch: the whole program on one screen */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <unistd.h>

#include "check.h"
#include "command.h"
#include "fail_on.h"
#include "notice.h"
#include "observer.h"
#include "options.h"
#include "outputs.h"
#include "replay.h"
#include "stack.h"
#include "summary.h"
#include "watch.h"
#include "where.h"

/* Events a second that a person can take in, of one cause and network. */
#define TERMINAL_LIMIT 20

static volatile sig_atomic_t stop;

static struct command command; /* pid 0: none */

/* Again every second: a write that nobody reads may begin at any time. */
static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
	alarm(1);
}

/* Only rstwatch was told: the command is what was meant. */
static void pass_on(int signal)
{
	kill(command.pid, signal);
}

static void catch (int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler,
				    .sa_flags = SA_NOCLDSTOP };

	sigaction(signal, &action, NULL);
}

/*
 * INT and TERM end a run alike; a reader that goes away is an error of write.
 * With a command the run ends when that does. The terminal sends INT and QUIT to
 * both, so that the command decides.
 */
static void catch_signals(void)
{
	catch (SIGPIPE, SIG_IGN);
	catch (SIGUSR1, watch_ask);
	catch (SIGALRM, on_signal);
	out_ends_with(&stop);
	if (!command.pid) {
		catch (SIGINT, on_signal);
		catch (SIGTERM, on_signal);
		return;
	}
	catch (SIGINT, SIG_IGN);
	catch (SIGQUIT, SIG_IGN);
	catch (SIGTERM, pass_on);
	catch (SIGCHLD, on_signal);
}

static void describe(struct run_info *info, const struct observer *observer,
		     const struct utsname *host)
{
	info->version = RSTWATCH_VERSION;
	info->host = host->nodename;
	info->kernel = host->release;
	info->backend = observer->name;
	info->probes = observer->probes;
	info->n_probes = observer->n_probes;
	info->degraded = (const char *const *)observer->degraded;
	info->n_degraded = observer->n_degraded;
	info->hz = observer->config.hz;
	info->start_ktime_ns = watch_now();
	info->knows_oom = true;
}

/* The first record is there as soon as events are. */
static int begin(struct sink *sink, const struct run_info *info)
{
	int err = sink->start(sink, info);

	return err ? err : sink->flush(sink);
}

/* What --audit makes of it. A run that did not watch has nothing to compare. */
static bool audit_fails(const struct options *o,
			const struct run_totals *totals)
{
	const struct audit *audit = totals->audit;

	if (!o->audit || o->dry_run)
		return false;
	if (!audit && o->read)
		fputs("rstwatch: the recording has no audit\n", stderr);
	return !audit || audit->failed || audit->unexplained;
}

/*
 * The last records, also after an error; then the summary, unless it would stand
 * among the JSON. Return: the exit code.
 */
static int end(const struct options *o, struct outputs *outputs,
	       const struct run_totals *totals, int err)
{
	struct sink *sink = outputs->sink;
	int end_err = sink->end(sink, totals), status;

	if (!err)
		err = end_err;
	if (err != -EPIPE && !o->dry_run &&
	    !(o->json && outputs->out.fd == STDERR_FILENO))
		summary_print(stderr, totals);
	status = outputs_close(outputs, err);
	if (fail_on(o, totals, stderr) || audit_fails(o, totals))
		status = EXIT_FAILURE;
	return status;
}

static int watch_kernel(const struct options *o, struct observer *observer,
			struct outputs *outputs)
{
	struct audit audit = {};
	struct run_totals totals = {};
	struct run_info info = {};
	struct utsname host;
	int err, status;

	if (!o->dry_run)
		audit_start(&audit, observer);
	uname(&host);
	describe(&info, observer, &host);
	if (!o->json)
		notice_losses(stderr, observer);
	err = begin(outputs->sink, &info);
	if (command.pid && !command_start(&command))
		stop = 1;
	totals.end_ktime_ns = watch_now(); /* should there be no watching */
	if (!err && !o->dry_run) {
		totals.audit = &audit; /* which this one ends */
		err = watch(observer, outputs->sink, o, &stop, &totals);
	}
	status = end(o, outputs, &totals, err);
	audit_free(&audit);
	return status;
}

/* Return: a descriptor to write to, or -1 after a line on stderr. */
static int open_output(const struct options *o)
{
	int fd;

	if (!o->output)
		return o->command ? STDERR_FILENO : STDOUT_FILENO;
	fd = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		fprintf(stderr, "rstwatch: cannot write '%s': %s\n", o->output,
			strerror(errno));
	return fd;
}

/* After the programs are loaded, so that their own names are known. */
static int open_stacks(const struct options *o, struct observer *observer)
{
	int err = stacks_open(o->stacks);

	if (!err && stacks_lost())
		observer_lose(
			observer,
			&(struct loss){ .hook = "kernel symbols",
					.lost = stacks_lost(),
					.evidence = "names of kernel frames",
					.back = "kernel.kptr_restrict=0" });
	return err;
}

/* Watch with everything prepared. Return: the exit code. */
static int observe(const struct options *options, int fd)
{
	struct observer observer = {};
	struct outputs outputs;
	struct clock clock;
	int status = observer_open(&observer, options);

	if (status)
		return status;
	if (options->dry_run && !options->json) {
		status = notice_probes(stdout, &observer);
		observer_close(&observer);
		return status;
	}
	clock_init(&clock);
	if (options->stacks && open_stacks(options, &observer)) {
		fprintf(stderr, "rstwatch: no memory\n");
		return EXIT_FAILURE;
	}
	status = outputs_open(&outputs, options, fd, &clock, -1);
	if (!status)
		status = watch_kernel(options, &observer, &outputs);
	stacks_close();
	observer_close(&observer);
	return status;
}

/* What is damaged has no last record: it is not known what was in it. */
static int play(const struct options *o, struct replay *replay,
		struct outputs *outputs)
{
	const struct run_info *info = replay_info(replay);
	struct run_totals totals = {};
	int err, status;

	for (size_t i = 0; !o->json && i < info->n_degraded; i++)
		fprintf(stderr, "rstwatch: without %s\n", info->degraded[i]);
	err = begin(outputs->sink, info);
	if (!err)
		err = replay_run(replay, outputs->sink, o, &totals);
	if (err != -EBADMSG)
		return end(o, outputs, &totals, err);
	status = outputs_close(outputs, outputs->sink->flush(outputs->sink));
	if (!status)
		replay_complain(replay);
	return EXIT_FAILURE;
}

static int replay(const struct options *o, int fd)
{
	struct outputs outputs;
	struct replay *replay;
	int status;

	replay = replay_open(o->read, &stop, &status);
	if (!replay)
		return status;
	status = outputs_open(&outputs, o, fd, replay_clock(replay),
			      replay_fd(replay));
	if (!status)
		status = play(o, replay, &outputs);
	replay_close(replay);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	int fd, status, command_status;

	status = options_parse(&options, argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	status = where_find(&options);
	if (status != OPTIONS_RUN)
		return status;
	fd = open_output(&options);
	if (fd < 0)
		return EXIT_FAILURE;
	if (options.check || options.dry_run) /* these use stdio */
		dup2(fd, STDOUT_FILENO);
	if (options.check)
		return check(&options);
	if (options.limit == OPTIONS_LIMIT_AUTO)
		options.limit = !options.json && !options.write && isatty(fd)
					? TERMINAL_LIMIT
					: 0;
	if (options.command) {
		status = command_open(&command, options.command,
				      options.as_user);
		if (status)
			return status;
		options.pids.values[options.pids.n++] = (uint32_t)command.pid;
	}
	catch_signals();
	if (options.read)
		return replay(&options, fd);
	status = observe(&options, fd);
	if (!options.command)
		return status;
	if (command.go >= 0) { /* it never began */
		command_wait(&command);
		return status;
	}
	command_status = command_wait(&command);
	return command_status ? command_status : status;
}
