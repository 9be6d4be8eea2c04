// SPDX-License-Identifier: GPL-2.0
/*
 * named NAME: a process of that name (any bytes) makes one connection over
 * loopback and resets it. Prints the client's port.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct linger zero = { .l_onoff = 1 };
	socklen_t len = sizeof(at);
	int listener, client;

	if (argc != 2 || prctl(PR_SET_NAME, argv[1]))
		return 64;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) ||
	    connect(client, (struct sockaddr *)&at, sizeof(at)) ||
	    accept(listener, NULL, NULL) < 0 ||
	    getsockname(client, (struct sockaddr *)&at, &len) ||
	    setsockopt(client, SOL_SOCKET, SO_LINGER, &zero, sizeof(zero))) {
		perror("named");
		return 1;
	}
	printf("%u\n", ntohs(at.sin_port));
	return close(client) ? 1 : 0;
}
