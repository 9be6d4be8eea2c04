/* SPDX-License-Identifier: GPL-2.0 */
/* The command that rstwatch runs and watches: rstwatch -- COMMAND ARGS. */
#ifndef RSTWATCH_COMMAND_H
#define RSTWATCH_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct command {
	pid_t pid;
	int go; /* the write end of a pipe: a byte lets the command begin */
};

/**
 * command_open() - fork, before anything is loaded and any signal caught
 * @argv: the command and its arguments, ends with NULL
 * @as_user: run it as SUDO_USER with SUDO_UID, SUDO_GID and its groups
 *
 * The process waits for command_start(). It shares rstwatch's terminal, process
 * group, standard streams and signal dispositions.
 *
 * Return: 0, or the exit code of the program after a line on stderr.
 */
int command_open(struct command *command, char *const *argv, bool as_user);

/**
 * command_start() - let it begin
 *
 * Return: whether it was still there.
 */
bool command_start(struct command *command);

/**
 * command_wait() - wait until it has ended; before command_start(), give it up
 *
 * Return: its exit status, 128 + signal when one ended it, 127 when there is no
 * such command, 126 when it could not be run.
 */
int command_wait(struct command *command);

#endif
