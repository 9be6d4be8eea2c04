// SPDX-License-Identifier: GPL-2.0
/* A finished case as one line of text, or as one line of JSON. */
#include "case.h"
#include "demo.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const result_names[] = { "ok", "failed", "skipped" };

static void put_string(const char *s)
{
	if (!s) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", *s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void put_address(const char *key, const union addr *a)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (a->sa.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET, &a->in4.sin_addr, text, sizeof(text));
	/* The port lies at the same place in both families. */
	printf(",\"%s\":{\"address\":\"%s\",\"port\":%u}", key, text,
	       ntohs(a->in4.sin_port));
}

static void put_events(const struct end *end)
{
	fputs(",\"expect\":[", stdout);
	for (size_t i = 0; i < end->nevents; i++) {
		const struct event *ev = &end->events[i];

		printf("%s{\"verdict\":\"%s\",\"direction\":\"%s\",\"cause\":\"%s\"%s}",
		       i ? "," : "", ev->verdict, ev->direction, ev->cause,
		       ev->more);
	}
	putchar(']');
}

static void put_ends(const struct demo *d)
{
	fputs(",\"ends\":[", stdout);
	for (size_t i = 0; i < d->nends; i++) {
		const struct end *end = &d->ends[i];

		printf("%s{\"role\":\"%s\"", i ? "," : "", end->role);
		put_address("local", &end->local);
		put_address("remote", &end->remote);
		put_events(end);
		putchar('}');
	}
	putchar(']');
}

static void put_checks(const struct demo *d)
{
	fputs(",\"checks\":[", stdout);
	for (size_t i = 0; i < d->nchecks; i++) {
		fputs(i ? ",{\"what\":" : "{\"what\":", stdout);
		put_string(d->checks[i].what);
		printf(",\"ok\":%s}", d->checks[i].ok ? "true" : "false");
	}
	putchar(']');
}

static void report_json(const struct demo *d, enum result result,
			const char *reason)
{
	fputs("{\"case\":", stdout);
	put_string(d->c->name);
	fputs(",\"sentence\":", stdout);
	put_string(d->c->sentence);
	printf(",\"result\":\"%s\",\"reason\":", result_names[result]);
	put_string(reason);
	put_checks(d);
	put_ends(d);
	fputs("}\n", stdout);
}

static void put_happening(const struct end *end, const struct event *ev,
			  unsigned int number)
{
	if (ev->number != number)
		return;
	if (number)
		fputs("; ", stdout);
	if (!strcmp(ev->direction, "none"))
		printf("%s silent (%s)", end->role, ev->cause);
	else
		printf("%s %s %s (%s)", end->role, ev->direction,
		       !strcmp(ev->verdict, "fin") ? "FIN" : "RST", ev->cause);
}

/* In the order the case expects them, whichever end they belong to. */
static void put_happenings(const struct demo *d)
{
	for (unsigned int number = 0; number < d->nevents; number++)
		for (size_t i = 0; i < d->nends; i++)
			for (size_t j = 0; j < d->ends[i].nevents; j++)
				put_happening(&d->ends[i],
					      &d->ends[i].events[j], number);
	putchar('\n');
}

static void report_text(const struct demo *d, enum result result,
			const char *reason)
{
	printf("%-7s  %-24s ", result_names[result], d->c->name);
	if (reason)
		puts(reason);
	else if (result == RESULT_FAILED)
		puts(d->c->sentence);
	else
		put_happenings(d);
	for (size_t i = 0; i < d->nchecks; i++)
		if (!d->checks[i].ok)
			printf("         failed: %s\n", d->checks[i].what);
}

enum result report(const struct demo *d, enum result result, const char *reason)
{
	if (d->json)
		report_json(d, result, reason);
	else
		report_text(d, result, reason);
	return fflush(stdout) ? RESULT_UNREPORTED : result;
}
