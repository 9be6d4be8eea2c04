// SPDX-License-Identifier: GPL-2.0
/* Names out of cgroup paths: see cgroup_path.h. */
#include <stddef.h>
#include <string.h>

#include "cgroup_path.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID_DIGITS 64 /* of a container, lower case hexadecimal */

/* One component of a path; nothing is terminated. */
struct part {
	const char *text;
	size_t len;
};

/* The component before @end, which begins with the slash of the next one. */
static struct part last_part(const char *path, const char *end)
{
	const char *begin = end;

	while (begin > path && begin[-1] != '/')
		begin--;
	return (struct part){ begin, (size_t)(end - begin) };
}

static bool starts_with(struct part part, const char *prefix)
{
	size_t len = strlen(prefix);

	return part.len > len && !memcmp(part.text, prefix, len);
}

static bool ends_with(struct part part, const char *suffix)
{
	size_t len = strlen(suffix);

	return part.len > len &&
	       !memcmp(part.text + part.len - len, suffix, len);
}

static struct part without_prefix(struct part part, const char *prefix)
{
	size_t len = strlen(prefix);

	return (struct part){ part.text + len, part.len - len };
}

static struct part without_suffix(struct part part, const char *suffix)
{
	if (ends_with(part, suffix))
		part.len -= strlen(suffix);
	return part;
}

static bool copy(char *to, struct part part)
{
	if (!part.len || part.len >= CGROUP_PART_MAX)
		return false;
	memcpy(to, part.text, part.len);
	to[part.len] = '\0';
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_id(const char *text)
{
	for (int i = 0; i < ID_DIGITS; i++)
		if (hex_digit(text[i]) < 0)
			return false;
	return true;
}

/*
 * "docker-ID.scope", "cri-containerd-ID.scope", "crio-ID", "ID". What belongs
 * to the runtime and not to the container is called "libpod-conmon-ID.scope".
 */
static bool engine_id(char *id, struct part part)
{
	struct part prefix;

	part = without_suffix(part, ".scope");
	if (part.len < ID_DIGITS)
		return false;
	prefix = (struct part){ part.text, part.len - ID_DIGITS };
	if (!is_id(part.text + prefix.len))
		return false;
	if (prefix.len && (!strchr("-:", prefix.text[prefix.len - 1]) ||
			   ends_with(prefix, "-conmon-")))
		return false;
	return copy(id, (struct part){ part.text + prefix.len, ID_DIGITS });
}

/* systemd escapes what may not stand in the name of a unit as \xNN. */
static bool copy_unescaped(char *to, struct part part)
{
	size_t n = 0;

	if (!part.len || part.len >= CGROUP_PART_MAX)
		return false;
	for (size_t i = 0; i < part.len; i++) {
		const char *c = part.text + i;
		bool escape = i + 3 < part.len && c[0] == '\\' && c[1] == 'x' &&
			      hex_digit(c[2]) >= 0 && hex_digit(c[3]) >= 0;

		to[n++] =
			escape ? (char)(hex_digit(c[2]) << 4 | hex_digit(c[3]))
			       : *c;
		i += escape ? 3 : 0;
	}
	to[n] = '\0';
	return true;
}

/* A machine of systemd-nspawn; a virtual machine of libvirt is no container. */
static bool machine_name(char *id, struct part part)
{
	static const char service[] = "systemd-nspawn@";

	if (starts_with(part, "machine-qemu\\x2d"))
		return false;
	if (starts_with(part, "machine-") && ends_with(part, ".scope"))
		part = without_prefix(without_suffix(part, ".scope"),
				      "machine-");
	else if (starts_with(part, service) && ends_with(part, ".service"))
		part = without_prefix(without_suffix(part, ".service"),
				      service);
	else
		return false;
	return copy_unescaped(id, part);
}

/* "lxc.payload.NAME", of older versions "lxc.payload/NAME" and "lxc/NAME" */
static bool lxc_name(char *id, struct part part, struct part parent)
{
	static const char payload[] = "lxc.payload.";

	if (starts_with(part, payload))
		return copy(id, without_prefix(part, payload));
	if ((parent.len == 3 && !memcmp(parent.text, "lxc", 3)) ||
	    (parent.len == 11 && !memcmp(parent.text, "lxc.payload", 11)))
		return copy(id, part);
	return false;
}

bool cgroup_container(const char *path, char *id)
{
	const char *end = path + strlen(path);

	while (end > path) {
		struct part part = last_part(path, end), parent = { 0 };

		end = part.text > path ? part.text - 1 : path;
		if (end > path)
			parent = last_part(path, end);
		if (engine_id(id, part) || machine_name(id, part) ||
		    lxc_name(id, part, parent))
			return true;
	}
	return false;
}

static bool is_unit(struct part part)
{
	static const char *const types[] = { ".service", ".scope", ".socket",
					     ".mount", ".swap" };

	for (size_t i = 0; i < COUNT(types); i++)
		if (ends_with(part, types[i]))
			return true;
	return false;
}

bool cgroup_unit(const char *path, char *unit)
{
	const char *end = path + strlen(path);

	while (end > path) {
		struct part part = last_part(path, end);

		end = part.text > path ? part.text - 1 : path;
		/* systemd's mark where a name could be taken for a file's */
		if (starts_with(part, "_"))
			part = without_prefix(part, "_");
		if (is_unit(part))
			return copy(unit, part);
	}
	return false;
}
