// SPDX-License-Identifier: GPL-2.0
#include <sys/mman.h>
#include <unistd.h>

#include "sleeper.h"

/* As often as netfilter's modules are looked for: user/firewall.c */
#define SLEEP_MS 100

void sleeper_open(struct sleeper *s, int map)
{
	void *page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			  MAP_SHARED, map, 0);

	*s = (struct sleeper){ .asks = page == MAP_FAILED ? NULL : page };
}

void sleeper_looked(struct sleeper *s, bool busy)
{
	s->idle = busy || !s->asks ? 0 : s->idle + 1;
	if (s->asks)
		*s->asks = s->idle > 0;
}

/*
 * A record that is written in the very moment in which it is asked for may not know.
 * It is found the next time; where nothing is, all who write know by then.
 */
int sleeper_ms(const struct sleeper *s)
{
	return s->idle > 1 ? SLEEP_MS : SLEEPER_LOOK_MS;
}

void sleeper_close(struct sleeper *s)
{
	if (s->asks)
		munmap((void *)s->asks, sysconf(_SC_PAGESIZE));
}
