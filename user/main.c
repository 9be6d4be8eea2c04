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
#include "fill.h"
#include "notice.h"
#include "observer.h"
#include "options.h"
#include "sink.h"
#include "summary.h"
#include "watch.h"

#define OUT_BYTES (256 << 10)
/* Events a second that a person can take in, of one cause and network. */
#define TERMINAL_LIMIT 20

static volatile sig_atomic_t stop;

static struct command command; /* pid 0: none */

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
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

static struct sink *new_sink(const struct options *o, struct out *out,
			     struct clock *clock)
{
	struct table_style style = {
		.time = o->time,
		.wide = o->wide,
		.verbose = o->verbose,
		.sums = o->interval_ms > 0,
		.color = sink_color(o->color, out->fd),
		.width = fill_width(out->fd),
	};
	struct json_style json = { .community_id = o->community_id };

	return o->json ? sink_json_new(out, clock, &json)
		       : sink_table_new(out, clock, &style);
}

static void describe(struct run_info *info, const struct observer *observer,
		     const struct utsname *host)
{
	info->version = RSTWATCH_VERSION;
	info->kernel = host->release;
	info->backend = observer->name;
	info->probes = observer->probes;
	info->n_probes = observer->n_probes;
	info->degraded = (const char *const *)observer->degraded;
	info->n_degraded = observer->n_degraded;
	info->hz = observer->config.hz;
	info->start_ktime_ns = watch_now();
}

/* Return: the exit code for the error a run ended with. */
static int report(int err)
{
	if (!err || err == -EPIPE)
		return EXIT_SUCCESS;
	fprintf(stderr, "rstwatch: writing the output failed: %s\n",
		strerror(-err));
	return EXIT_FAILURE;
}

static int run(const struct options *o, struct observer *observer,
	       struct sink *sink, int fd)
{
	struct run_totals totals = {};
	struct run_info info = {};
	struct utsname host;
	int err, end_err;

	uname(&host);
	describe(&info, observer, &host);
	if (!o->json)
		notice_losses(stderr, observer);
	err = sink->start(sink, &info);
	if (!err)
		err = sink->flush(sink);
	if (command.pid && !command_start(&command))
		stop = 1;
	totals.end_ktime_ns = watch_now(); /* should there be no watching */
	if (!err && !o->dry_run)
		err = watch(observer, sink, o, &stop, &totals);
	end_err = sink->end(sink, &totals);
	if (!err)
		err = end_err;
	if (err != -EPIPE && !o->dry_run && !(o->json && fd == STDERR_FILENO))
		summary_print(stderr, &totals);
	return fail_on(o, &totals, stderr) ? EXIT_FAILURE : report(err);
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

/* Watch with everything prepared. Return: the exit code. */
static int observe(const struct options *options, int fd)
{
	struct observer observer = {};
	struct clock clock;
	struct sink *sink;
	struct out out;
	int status = observer_open(&observer, options);

	if (status)
		return status;
	if (options->dry_run && !options->json) {
		status = notice_probes(stdout, &observer);
		observer_close(&observer);
		return status;
	}
	clock_init(&clock);
	if (out_open(&out, fd, OUT_BYTES)) {
		fprintf(stderr, "rstwatch: no memory\n");
		return EXIT_FAILURE;
	}
	sink = new_sink(options, &out, &clock);
	if (!sink) {
		fprintf(stderr, "rstwatch: no memory\n");
		return EXIT_FAILURE;
	}
	status = run(options, &observer, sink, fd);
	sink->free(sink);
	out_close(&out);
	observer_close(&observer);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	int fd, status, command_status;

	status = options_parse(&options, argc, argv);
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
		options.limit = !options.json && isatty(fd) ? TERMINAL_LIMIT
							    : 0;
	if (options.command) {
		status = command_open(&command, options.command,
				      options.as_user);
		if (status)
			return status;
		options.pids.values[options.pids.n++] = (uint32_t)command.pid;
	}
	catch_signals();
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
