// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>

#include "check.h"
#include "clock.h"
#include "json.h"
#include "kernel.h"
#include "names.h"
#include "observer.h"
#include "offers.h"
#include "watch.h"

#define FACTS_MAX 16
#define WIDTH 79
#define FACT_COLUMN 26 /* where the details start */
#define TEXT_MAX 640   /* bytes shown of any text */

struct findings {
	struct utsname host;
	struct fact facts[FACTS_MAX];
	size_t n_facts;
	struct offer flavours[OBSERVER_FLAVOURS];
	struct observer observer; /* what a run would attach; detached again */
	int status;
};

/* A flavour that lets itself be tried can still fail as a whole. */
static void correct_offer(struct offer *offer, const struct observer *o)
{
	for (size_t i = 0; i < o->n_refused; i++)
		if (!strcmp(o->refused[i].flavour, offer->flavour)) {
			offer->works = false;
			offer->why = o->refused[i].why;
		}
}

static void find(struct findings *f, const struct options *options)
{
	f->status = observer_try(&f->observer, options);
	if (f->status == EX_USAGE)
		return;
	observer_detach(&f->observer);
	kernel_open(options->btf); /* there may be none: then that is said */
	while (f->n_facts < FACTS_MAX &&
	       offers_fact(f->n_facts, &f->facts[f->n_facts]))
		f->n_facts++;
	for (size_t i = 0; i < OBSERVER_FLAVOURS; i++) {
		observer_offers(i, &f->flavours[i]);
		correct_offer(&f->flavours[i], &f->observer);
	}
	kernel_close();
	uname(&f->host);
}

/* Text in lines of the screen's width; @column is where it begins. */
static void print_filled(int column, int indent, const char *text)
{
	bool first = true;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (!first && column + 1 + len > WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			putchar(' ');
			column++;
		}
		column += printf("%.*s", len, text);
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_facts(const struct findings *f)
{
	static const char *const words[] = {
		[ANSWER_NO] = "no", [ANSWER_YES] = "yes", [ANSWER_UNKNOWN] = "?"
	};

	for (size_t i = 0; i < f->n_facts; i++) {
		const struct fact *fact = &f->facts[i];
		int len =
			printf("  %-18s %-4s", fact->label, words[fact->good]);

		print_filled(len, len, fact->detail);
	}
}

static void print_flavour(const struct findings *f,
			  const struct options *options)
{
	const char *used = f->observer.name;

	if (!used)
		print_filled(printf("\nFlavour: none: ") - 1, 2,
			     f->observer.error);
	else
		printf("\nFlavour: %s, %s\n", used,
		       options->backend != BACKEND_AUTO ? "as --backend says"
		       : f->observer.n_refused ? "the best that works here"
					       : "the best there is");
	for (size_t i = 0; i < OBSERVER_FLAVOURS; i++) {
		const struct offer *offer = &f->flavours[i];

		if (offer->works || f->status == EX_NOPERM)
			continue;
		print_filled(printf("  %s needs ", offer->flavour), 4,
			     offer->needs);
	}
}

/* What is lost, which causes with it, and what would bring it back. */
static void print_loss(const struct loss *loss)
{
	const char *before = "    never told: ";
	char *text;

	if (asprintf(&text, "%s (hook %s)", loss->lost, loss->hook) < 0)
		return;
	print_filled(printf("  "), 4, text);
	free(text);
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		if (!(loss->causes & 1ULL << i))
			continue;
		printf("%s%s", before, name_cause(i)->text);
		before = ", ";
	}
	if (loss->causes)
		putchar('\n');
	if (loss->back)
		print_filled(printf("    back with "), 6, loss->back);
}

static void print_text(const struct findings *f, const struct options *options)
{
	printf("rstwatch %s on Linux %s, %s\n", RSTWATCH_VERSION,
	       f->host.release, f->host.machine);
	print_facts(f);
	print_flavour(f, options);
	if (!f->observer.name)
		return;
	if (!f->observer.n_degraded) {
		puts("\nNothing is lost: every cause can be told.");
		return;
	}
	puts("\nNot seen here:");
	for (size_t i = 0; i < f->observer.n_degraded; i++)
		print_loss(&f->observer.losses[i]);
}

static void put_string(const char *before, const char *text)
{
	char quoted[JSON_STRING_MAX(TEXT_MAX) + 1];

	*json_string_or_null(quoted, text, TEXT_MAX) = '\0';
	printf("%s%s", before, quoted);
}

static void put_bool(const char *before, bool value)
{
	printf("%s%s", before, value ? "true" : "false");
}

static void put_time(void)
{
	char text[CLOCK_UTC_LEN + 1];
	struct clock clock;

	clock_init(&clock);
	*clock_utc(&clock, text, watch_now()) = '\0';
	put_string(",\"time\":", text);
}

static void put_facts(const struct findings *f)
{
	for (size_t i = 0; i < f->n_facts; i++) {
		const struct fact *fact = &f->facts[i];

		printf("%s\"%s\":{\"ok\":", i ? "," : ",\"offers\":{",
		       fact->key);
		if (fact->good == ANSWER_UNKNOWN)
			printf("null");
		else
			put_bool("", fact->good == ANSWER_YES);
		put_string(",\"detail\":", *fact->detail ? fact->detail : NULL);
		putchar('}');
	}
	putchar('}');
}

static void put_flavours(const struct findings *f)
{
	for (size_t i = 0; i < OBSERVER_FLAVOURS; i++) {
		const struct offer *offer = &f->flavours[i];

		put_string(i ? ",{\"name\":" : ",\"flavours\":[{\"name\":",
			   offer->flavour);
		put_bool(",\"works\":", offer->works);
		put_string(",\"why_not\":",
			   offer->works ? NULL : offer->why.text);
		put_string(",\"needs\":", offer->needs);
		putchar('}');
	}
	putchar(']');
}

static void put_loss(const struct loss *loss)
{
	bool any = false;

	put_string("{\"hook\":", loss->hook);
	put_string(",\"lost\":", loss->lost);
	printf(",\"causes\":[");
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		if (loss->causes & 1ULL << i) {
			put_string(any ? "," : "", name_cause(i)->text);
			any = true;
		}
	put_string("],\"evidence\":",
		   loss->evidence && *loss->evidence ? loss->evidence : NULL);
	put_string(",\"back\":", loss->back);
	putchar('}');
}

static void put_json(const struct findings *f)
{
	const struct observer *o = &f->observer;

	put_string("{\"type\":\"check\",\"schema\":1,\"version\":",
		   RSTWATCH_VERSION);
	put_time();
	put_string(",\"kernel\":", f->host.release);
	put_string(",\"machine\":", f->host.machine);
	put_facts(f);
	put_flavours(f);
	put_string(",\"backend\":", o->name);
	printf(",\"probes\":[");
	for (size_t i = 0; i < o->n_probes; i++)
		put_string(i ? "," : "", o->probes[i]);
	putchar(']');
	printf(",\"lost\":[");
	for (size_t i = 0; i < o->n_degraded; i++) {
		printf(i ? "," : "");
		put_loss(&o->losses[i]);
	}
	put_string("],\"error\":", *o->error ? o->error : NULL);
	printf(",\"exit\":%d}\n", f->status);
}

int check(const struct options *options)
{
	struct findings f = {};

	find(&f, options);
	if (f.status == EX_USAGE) {
		fprintf(stderr, "rstwatch: %s\n", f.observer.error);
		return f.status;
	}
	if (options->json)
		put_json(&f);
	else
		print_text(&f, options);
	observer_close(&f.observer);
	if (fflush(stdout) == 0 || errno == EPIPE)
		return f.status;
	fprintf(stderr, "rstwatch: writing the output failed: %s\n",
		strerror(errno));
	return EXIT_FAILURE;
}
