// SPDX-License-Identifier: GPL-2.0
/* open, configure, load, attach, watch: the whole program on one screen */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <unistd.h>

#include "observer.h"
#include "options.h"
#include "sink.h"
#include "summary.h"
#include "watch.h"

#define OUT_BYTES (256 << 10)

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

/* INT and TERM end a run alike; a reader that goes away is an error of write */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static struct sink *new_sink(const struct options *o, struct out *out,
			     struct clock *clock)
{
	struct table_style style = {
		.time = o->time,
		.wide = o->wide,
		.verbose = o->verbose,
		.color = sink_color(o->color, STDOUT_FILENO),
	};

	return o->json ? sink_json_new(out, clock)
		       : sink_table_new(out, clock, &style);
}

static void describe(struct run_info *info, const struct observer *observer,
		     const struct utsname *host)
{
	info->version = RSTWATCH_VERSION;
	info->kernel = host->release;
	info->backend = observer->name;
	info->probes = observer->probes;
	info->n_probes = observer->n_links;
	info->degraded = (const char *const *)observer->degraded;
	info->n_degraded = observer->n_degraded;
	info->hz = observer->config.hz;
	info->start_ktime_ns = watch_now();
}

static void say_degraded(const struct run_info *info)
{
	for (size_t i = 0; i < info->n_degraded; i++)
		fprintf(stderr, "rstwatch: without %s\n", info->degraded[i]);
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
	       struct sink *sink)
{
	struct run_totals totals = {};
	struct run_info info = {};
	struct utsname host;
	int err, end_err;

	uname(&host);
	describe(&info, observer, &host);
	if (!o->json)
		say_degraded(&info);
	err = sink->start(sink, &info);
	if (!err)
		err = sink->flush(sink);
	if (!err)
		err = watch(observer, sink, o, &stop, &totals);
	end_err = sink->end(sink, &totals);
	if (!err)
		err = end_err;
	if (err != -EPIPE)
		summary_print(stderr, &totals);
	return report(err);
}

int main(int argc, char **argv)
{
	struct observer observer = {};
	struct options options;
	struct clock clock;
	struct sink *sink;
	struct out out;
	int status;

	status = options_parse(&options, argc, argv);
	if (status != OPTIONS_RUN)
		return status;
	catch_signals();
	status = observer_open(&observer, &options);
	if (status)
		return status;
	clock_init(&clock);
	if (out_open(&out, STDOUT_FILENO, OUT_BYTES)) {
		fprintf(stderr, "rstwatch: no memory\n");
		return EXIT_FAILURE;
	}
	sink = new_sink(&options, &out, &clock);
	if (!sink) {
		fprintf(stderr, "rstwatch: no memory\n");
		return EXIT_FAILURE;
	}
	status = run(&options, &observer, sink);
	sink->free(sink);
	out_close(&out);
	observer_close(&observer);
	return status;
}
