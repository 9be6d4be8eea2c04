// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"
#include "text.h"

/* As the shell has them. */
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127
#define EXIT_SIGNAL 128

#define NAME_SHOWN 256 /* of the command, bytes in messages */

/* Who called sudo. */
struct caller {
	uid_t uid;
	gid_t gid;
	const char *name;
};

static bool read_id(const char *variable, uint32_t *id)
{
	const char *text = getenv(variable);
	unsigned long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value >= UINT32_MAX)
		return false;
	*id = (uint32_t)value;
	return true;
}

static bool find_caller(struct caller *caller)
{
	caller->name = getenv("SUDO_USER");
	return caller->name && *caller->name &&
	       read_id("SUDO_UID", &caller->uid) &&
	       read_id("SUDO_GID", &caller->gid);
}

/* Groups first: afterwards it is no longer permitted. Return: 0 or -1, errno */
static int become(const struct caller *caller)
{
	struct passwd *entry = getpwuid(caller->uid);

	if (initgroups(caller->name, caller->gid) ||
	    setresgid(caller->gid, caller->gid, caller->gid) ||
	    setresuid(caller->uid, caller->uid, caller->uid))
		return -1;
	if (entry && setenv("HOME", entry->pw_dir, 1))
		return -1;
	return setenv("USER", caller->name, 1) ||
			       setenv("LOGNAME", caller->name, 1)
		       ? -1
		       : 0;
}

static void fail(const char *what, const char *on)
{
	int error = errno;
	char shown[NAME_SHOWN + 1] = "";

	text_printable(shown, on, NAME_SHOWN);
	fprintf(stderr, "rstwatch: %s '%s': %s\n", what, shown,
		strerror(error));
}

/* The child: waits, then becomes the command. */
static void __attribute__((noreturn))
run(int gate, char *const *argv, const struct caller *caller)
{
	char byte;

	if (read(gate, &byte, 1) != 1)
		_exit(EXIT_CANNOT_RUN); /* rstwatch has given up */
	close(gate);
	if (caller && become(caller)) {
		fail("cannot become", caller->name);
		_exit(EXIT_CANNOT_RUN);
	}
	execvp(argv[0], argv);
	byte = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	fail("cannot run", argv[0]);
	_exit(byte);
}

int command_open(struct command *command, char *const *argv, bool as_user)
{
	struct caller caller;
	int gate[2];

	if (as_user && !find_caller(&caller)) {
		fprintf(stderr, "rstwatch: --user: not called by sudo "
				"(SUDO_USER, SUDO_UID, SUDO_GID)\n");
		return EX_USAGE;
	}
	if (pipe2(gate, O_CLOEXEC)) {
		fprintf(stderr, "rstwatch: no pipe: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	command->pid = fork();
	if (command->pid < 0) {
		fprintf(stderr, "rstwatch: cannot fork: %s\n", strerror(errno));
		close(gate[0]);
		close(gate[1]);
		return EXIT_FAILURE;
	}
	if (!command->pid) {
		close(gate[1]);
		run(gate[0], argv, as_user ? &caller : NULL);
	}
	close(gate[0]);
	command->go = gate[1];
	return 0;
}

bool command_start(struct command *command)
{
	ssize_t n = write(command->go, "", 1);

	close(command->go);
	command->go = -1;
	return n == 1;
}

int command_wait(struct command *command)
{
	int status;

	if (command->go >= 0)
		close(command->go);
	command->go = -1;
	while (waitpid(command->pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_CANNOT_RUN;
	return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
