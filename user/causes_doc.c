// SPDX-License-Identifier: GPL-2.0
/*
 * Prints docs/causes.md from bpf/causes.def:
 *
 *	cc -std=c11 -D_GNU_SOURCE -I. -Iuser user/causes_doc.c \
 *		user/cause_text.c -o causes_doc
 *	./causes_doc > docs/causes.md
 *
 * It first checks the rules every entry has to keep, and prints no page if one
 * is broken. The exit status is 0 only if the whole page was written.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bpf/event.h"
#include "cause_text.h"

#define PAGE_WIDTH 80
#define MEANING_MAX 72
#define HINT_MAX 100
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char head[] =
	"<!-- Made from bpf/causes.def by user/causes_doc.c: "
	"edit the table, not this page. -->\n"
	"# Causes\n"
	"\n"
	"Every end of a TCP connection that rstwatch shows carries one "
	"cause. This page\n"
	"says what each means, how the kernel gets there, and what to "
	"change.\n"
	"\n"
	"## How to read this page\n"
	"\n"
	"- `cause` says **why**; `verdict` (`fin`, `rst` or `none`) and "
	"`direction`\n"
	"  (`sent`, `received` or `none`) say what went **on the wire**. "
	"This page shows\n"
	"  what usually goes together; the event shows what really happened.\n"
	"- **This end** is the host rstwatch runs on, **the peer** the "
	"other end. If both\n"
	"  are on one host (loopback, containers), a RST makes two events, "
	"one a side.\n"
	"- The **actor** is the task that made the kernel act, the "
	"**owner** the process\n"
	"  whose socket it was. There is no actor where the kernel acted "
	"by itself: a\n"
	"  timer ran, or a segment arrived.\n"
	"- Where a function is called `tcp_v4_...`, IPv6 has the same as "
	"`tcp_v6_...`.\n"
	"- `rstwatch --explain CAUSE` prints the same, `rstwatch -v` "
	"the short\n"
	"  advice under each event.\n"
	"- `build/rstdemo run CASE` reproduces a cause on this machine;\n"
	"  `build/rstdemo list` says which cases need root.\n"
	"\n"
	"### Words\n"
	"\n"
	"| word | meaning |\n"
	"|---|---|\n"
	"| segment | one TCP packet |\n"
	"| SYN, SYN-ACK, ACK | the three segments of the opening handshake |\n"
	"| FIN | \"I have no more to send\": the orderly end of one direction; "
	"the receiver reads everything, then EOF |\n"
	"| RST | \"this connection is over\": the abrupt end of both "
	"directions; what was not delivered yet is lost |\n"
	"| accept queue | connections whose handshake is complete and that "
	"wait for `accept()` |\n"
	"| request socket | what the kernel keeps of a connection while its "
	"handshake runs |\n"
	"| orphan | a connection the application has closed and the kernel is "
	"still finishing |\n"
	"| `SO_LINGER` `{1,N}` | socket option: `close()` waits up to N "
	"seconds for its FIN to be acknowledged; N = 0 asks for a RST "
	"instead |\n"
	"| minisock | the small record that replaces a closed socket in "
	"`FIN_WAIT2` and `TIME_WAIT` |\n"
	"\n"
	"### States\n"
	"\n"
	"| state | where the connection stands |\n"
	"|---|---|\n"
	"| `LISTEN` | a server socket, waiting for connections |\n"
	"| `SYN_SENT` | `connect()` has sent its SYN, no answer yet |\n"
	"| `SYN_RECV` | a SYN has arrived, the handshake is not complete |\n"
	"| `ESTABLISHED` | open in both directions |\n"
	"| `FIN_WAIT1` | this end has sent its FIN first; not acknowledged "
	"yet |\n"
	"| `FIN_WAIT2` | it is acknowledged; the peer's FIN is still to come "
	"|\n"
	"| `CLOSE_WAIT` | the peer has sent its FIN, this end has not |\n"
	"| `CLOSING` | both have sent a FIN, and they crossed |\n"
	"| `LAST_ACK` | this end has sent its FIN second; not acknowledged yet "
	"|\n"
	"| `TIME_WAIT` | over; the ports are kept for a minute so that old "
	"segments do no harm |\n"
	"\n"
	"### What a RST looks like\n"
	"\n"
	"A RST made by Linux tells, even seen from the other end, which of "
	"three kinds\n"
	"it is:\n"
	"\n"
	"| in tcpdump | what it is |\n"
	"|---|---|\n"
	"| `[R.]`, sequence number not 0 | an abort: the sender ended its own "
	"connection (unread data, linger zero, keepalive, ...) |\n"
	"| `[R]`, no ACK, window 0 | an answer to a segment of yours (data "
	"after close, no socket, ...) |\n"
	"| `[R.]`, sequence number 0, window 0 | an answer to your SYN: "
	"refused |\n"
	"\n";

static bool is_cause(const char *word, size_t len)
{
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		const char *name = cause_text(i)->name;

		if (strlen(name) == len && !memcmp(name, word, len))
			return true;
	}
	return false;
}

/* Names of functions, options, fields, states and errors are set as code. */
static bool is_code(const char *word, size_t len)
{
	size_t upper = 0;

	if (word[0] == '{' || word[0] == '[')
		return true;
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '_' || word[i] == '(')
			return true;
		if (word[i] == '.' && i && i + 1 < len &&
		    isalpha((unsigned char)word[i - 1]) &&
		    isalpha((unsigned char)word[i + 1]))
			return true;
		upper += !!isupper((unsigned char)word[i]);
	}
	if (len == strlen("MPTCP") && !memcmp(word, "MPTCP", len))
		return false;
	return upper == len && len >= strlen("EPIPE");
}

/*
 * Formats one word with its punctuation into out and returns its length:
 * names become code, names of other causes become links.
 */
static int format_word(char *out, size_t size, const char *word, size_t len)
{
	const char *core = word;
	size_t before = 0, after;

	while (before < len && word[before] == '(')
		before++;
	core += before;
	after = len;
	while (after > before &&
	       (strchr(".,;:", word[after - 1]) ||
		(word[after - 1] == ')' && !memchr(core, '(', after - before))))
		after--;
	len -= after;
	after -= before; /* now the length of core */

	/* "close" and "firewall" are words too: link only the hyphenated. */
	if (memchr(core, '-', after) && is_cause(core, after))
		return snprintf(out, size, "%.*s[`%.*s`](#%.*s)%.*s",
				(int)before, word, (int)after, core, (int)after,
				core, (int)len, core + after);
	if (after && is_code(core, after))
		return snprintf(out, size, "%.*s`%.*s`%.*s", (int)before, word,
				(int)after, core, (int)len, core + after);
	return snprintf(out, size, "%.*s%.*s%.*s", (int)before, word,
			(int)after, core, (int)len, core + after);
}

/* Prints label and text as one paragraph, filled to PAGE_WIDTH columns. */
static void print_paragraph(const char *label, const char *text)
{
	int column = printf("**%s.**", label);

	while (*text) {
		char word[256];
		size_t len = strcspn(text, " ");
		int width = format_word(word, sizeof(word), text, len);

		if (column + 1 + width > PAGE_WIDTH)
			column = printf("\n%s", word) - 1;
		else
			column += printf(" %s", word);
		text += len;
		text += strspn(text, " ");
	}
	printf("\n\n");
}

static void print_summary(void)
{
	printf("## All causes\n\n");
	printf("| cause | usually on the wire | meaning |\n|---|---|---|\n");
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		const struct cause_text *cause = cause_text(i);

		printf("| [`%s`](#%s) | %s | %s |\n", cause->name, cause->name,
		       cause->usual, cause->meaning);
	}
	printf("\n");
}

static void print_cause(const struct cause_text *cause)
{
	char text[128];

	printf("## %s\n\n", cause->name);
	snprintf(text, sizeof(text), "%s.", cause->meaning);
	if (!is_code(text, strcspn(text, " ")))
		text[0] = toupper((unsigned char)text[0]);
	print_paragraph("What it means", text);
	print_paragraph("On the wire", cause_wire(cause));
	print_paragraph("How the kernel gets there", cause->kernel);
	print_paragraph("What each side sees", cause->peer);
	print_paragraph("Usual culprits", cause->culprits);
	print_paragraph("How to fix it", cause->fix);
	if (*cause->hint)
		print_paragraph("In short", cause->hint);
	if (*cause->demo)
		printf("**How to reproduce it.** `build/rstdemo run %s`\n",
		       cause->demo);
	else
		printf("**How to reproduce it.** No case of rstdemo.\n");
}

static int broken(const struct cause_text *cause, const char *rule)
{
	fprintf(stderr, "bpf/causes.def: %s: %s\n", cause->name, rule);
	return 1;
}

/* The name is the ID in lower case with hyphens for underscores. */
static bool name_fits(const struct cause_text *cause)
{
	const char *id = cause->id, *name = cause->name;

	for (; *id && *name; id++, name++)
		if (*name != (*id == '_' ? '-' : tolower((unsigned char)*id)))
			return false;
	return !*id && !*name;
}

static bool plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || strchr("\"\\%|", *text))
			return false;
	return true;
}

/* Returns the number of rules the entry breaks, after naming each. */
static int check_cause(const struct cause_text *cause)
{
	const char *const sentences[] = { cause->kernel, cause->peer,
					  cause->culprits, cause->fix };
	size_t len = strlen(cause->meaning);
	int errors = 0;

	if (!name_fits(cause))
		errors += broken(cause, "name and ID differ");
	if (!cause_wire(cause))
		errors += broken(cause, "no such usual verdict");
	if (!plain(cause->meaning))
		errors += broken(cause, "meaning has a forbidden character");
	if (!len || len > MEANING_MAX || cause->meaning[len - 1] == '.')
		errors += broken(cause, "meaning is empty, too long or ends "
					"with a full stop");
	len = strlen(cause->hint);
	if (len > HINT_MAX || (len && cause->hint[len - 1] != '.') ||
	    !plain(cause->hint))
		errors += broken(cause, "the hint is too long or no sentence");
	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		len = strlen(sentences[i]);
		if (!len || sentences[i][len - 1] != '.')
			errors += broken(cause, "a text is no full sentence");
		if (!plain(sentences[i]))
			errors += broken(cause, "a text has a forbidden "
						"character");
	}
	return errors;
}

int main(void)
{
	int errors = 0;

	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++)
		errors += check_cause(cause_text(i));
	if (errors)
		return 1;

	fputs(head, stdout);
	print_summary();
	for (unsigned int i = 0; i < RW_CAUSE_MAX; i++) {
		if (i)
			printf("\n");
		print_cause(cause_text(i));
	}
	if (fflush(stdout) || ferror(stdout)) {
		perror("causes_doc: cannot write the page");
		return 1;
	}
	return 0;
}
