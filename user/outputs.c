// SPDX-License-Identifier: GPL-2.0
/* From options to sinks: see outputs.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fill.h"
#include "outputs.h"
#include "text.h"

/*
 * What is written at once fits into a pipe. A larger write to a file costs more:
 * the kernel looks before each page at all that is left of it.
 */
#define OUT_BYTES (64 << 10)

static struct sink *new_printer(struct outputs *outputs,
				const struct options *o, struct clock *clock)
{
	int fd = outputs->out.fd;
	struct table_style style = {
		.time = o->time,
		.wide = o->wide,
		.verbose = o->verbose,
		.sums = o->interval_ms > 0,
		.color = sink_color(o->color, fd),
		.width = fill_width(fd),
	};

	struct json_style json = { .community_id = o->community_id };

	if (out_open(&outputs->out, fd, OUT_BYTES))
		return NULL;
	return o->json ? sink_json_new(&outputs->out, clock, &json)
		       : sink_table_new(&outputs->out, clock, &style);
}

static struct sink *new_recorder(struct outputs *outputs, struct clock *clock)
{
	if (out_open(&outputs->record_out, outputs->file.fd, OUT_BYTES))
		return NULL;
	return sink_record_new(&outputs->file, &outputs->record_out, clock);
}

static struct sink *new_sink(struct outputs *outputs, const struct options *o,
			     struct clock *clock)
{
	bool prints = !o->write || o->json || o->print;
	struct sink *recorder;

	if (!o->write)
		return new_printer(outputs, o, clock);
	recorder = new_recorder(outputs, clock);
	if (!prints)
		return recorder;
	return sink_tee_new(recorder, new_printer(outputs, o, clock));
}

static void release(struct outputs *outputs)
{
	if (outputs->sink)
		outputs->sink->free(outputs->sink);
	outputs->sink = NULL;
	out_close(&outputs->out);
	out_close(&outputs->record_out);
}

int outputs_open(struct outputs *outputs, const struct options *o, int fd,
		 struct clock *clock, int not_this)
{
	int status;

	*outputs = (struct outputs){ .out.fd = fd, .file.fd = -1 };
	if (o->write) {
		status = record_file_open(&outputs->file, o, not_this);
		if (status)
			return status;
	}
	outputs->sink = new_sink(outputs, o, clock);
	if (outputs->sink)
		return 0;
	fprintf(stderr, "rstwatch: no memory\n");
	release(outputs);
	record_file_close(&outputs->file);
	return EXIT_FAILURE;
}

static void complain(const struct outputs *outputs, int err)
{
	const char *why = err == -ETIMEDOUT ? "nobody reads it"
					    : strerror(-err);
	char name[PATH_MAX + 1] = "";

	if (!outputs->file.path || outputs->out.error == err) {
		fprintf(stderr, "rstwatch: writing the output failed: %s\n",
			why);
		return;
	}
	text_printable(name, outputs->file.path, PATH_MAX);
	fprintf(stderr,
		"rstwatch: writing '%s' failed: %s; what it holds so far can "
		"be read\n",
		name, why);
}

int outputs_close(struct outputs *outputs, int err)
{
	int close_err = record_file_close(&outputs->file);

	if (!err)
		err = close_err;
	if (err && err != -EPIPE)
		complain(outputs, err);
	release(outputs);
	return err && err != -EPIPE ? EXIT_FAILURE : EXIT_SUCCESS;
}
