// SPDX-License-Identifier: GPL-2.0
/* Change a sysctl and never leave it changed. */
#include "sysctl.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_SYSCTLS 4
#define LOCK_WAIT_MS 60000

struct saved {
	char path[96];
	char value[32];
	size_t len; /* 0: unused; set last */
};

static struct saved *saved;

bool sysctl_init(void)
{
	void *shared = mmap(NULL, MAX_SYSCTLS * sizeof(*saved),
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);

	if (shared == MAP_FAILED)
		return false;
	saved = shared;
	return true;
}

int sysctl_lock(void)
{
	long limit = now_ms() + LOCK_WAIT_MS;
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK || now_ms() > limit) {
			close(fd);
			return -1;
		}
		sleep_ms(50);
	}
	return fd;
}

static int write_value(const char *path, const char *value, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = -1;

	if (fd < 0)
		return -1;
	if (write(fd, value, len) == (ssize_t)len)
		rc = 0;
	close(fd);
	return rc;
}

static void remember(struct demo *d, const char *path)
{
	struct saved *s = saved;
	ssize_t len;
	int fd;

	for (; s < saved + MAX_SYSCTLS && s->len; s++)
		if (!strcmp(s->path, path))
			return;
	if (s == saved + MAX_SYSCTLS)
		give_up(d, "more than %d sysctls", MAX_SYSCTLS);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		skip(d, "%s: %s", path, strerror(errno));
	len = read(fd, s->value, sizeof(s->value));
	close(fd);
	if (len <= 0)
		skip(d, "%s cannot be read", path);
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->len = (size_t)len;
}

void sysctl_set(struct demo *d, const char *name, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
	remember(d, path);
	if (write_value(path, value, strlen(value)))
		skip(d, "%s cannot be set: %s", path, strerror(errno));
}

void sysctl_restore(void)
{
	for (int i = 0; i < MAX_SYSCTLS; i++) {
		if (!saved[i].len)
			continue;
		write_value(saved[i].path, saved[i].value, saved[i].len);
		saved[i].len = 0;
	}
}
