/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket calls a case is made of. All of them end the case when the call
 * fails (give_up), so that a case reads as the list of what it does; all of
 * them wait at most WAIT_MS.
 */
#ifndef RSTDEMO_HARNESS_H
#define RSTDEMO_HARNESS_H

#include "demo.h"

#include <pthread.h>

/* Only a failure ever waits so long: slow machines need the room. */
#define WAIT_MS 15000
/* How long "nothing happened" is watched. */
#define QUIET_MS 60
#define BACKLOG 8

struct pair {
	struct end *client;
	struct end *server;
};

/* A thread that reads everything one end is sent. */
struct reader {
	pthread_t thread;
	int fd;
	int delay_ms; /* before the first read */
	long total;   /* bytes read */
	int error;    /* what ended it: 0 for EOF */
};

/* sock.c: connections */
int new_socket(struct demo *d);
/** listen_at - listener on a fresh port of the loopback address, put in @at. */
int listen_at(struct demo *d, int backlog, union addr *at);
/** bind_fresh - reserve a port where nobody listens; @at receives it. */
int bind_fresh(struct demo *d, union addr *at);
/** begin_connect - non-blocking connect of @fd; returns the new end. */
struct end *begin_connect(struct demo *d, int fd, const union addr *to,
			  const char *role);
/** connect_to - established connection to @to, blocking afterwards. */
struct end *connect_to(struct demo *d, const union addr *to, const char *role);
struct end *accept_from(struct demo *d, int listener, const char *role);
/** connect_pair - a fresh connection; its listener is closed already. */
struct pair connect_pair(struct demo *d);
/** bind_at - bind without SO_REUSEADDR; returns 0 or the errno. */
int bind_at(int fd, const union addr *local);
/** bind_to - the same, ending the case on error. */
void bind_to(struct demo *d, int fd, const union addr *local);
/** connect_again - a second life of @end: non-blocking connect of @fd. */
void connect_again(struct demo *d, int fd, struct end *end);
/** accept_again - the same for the other end: its addresses must be the old. */
void accept_again(struct demo *d, int listener, struct end *end);
/** close_listener - close a listener that has nothing queued. */
void close_listener(struct demo *d, int fd);
/** local_of - the local address of a socket. */
union addr local_of(struct demo *d, int fd);

/* sock.c: options */
void set_linger(struct demo *d, struct end *end, int onoff, int seconds);
void set_option(struct demo *d, int fd, int level, int option, int value,
		const char *name);
void set_nonblocking(struct demo *d, int fd, bool on);
/** drop_input - from now on the socket's filter discards every segment. */
void drop_input(struct demo *d, int fd);
/** drop_all_but_syn - the same for a listener that still hears a SYN. */
void drop_all_but_syn(struct demo *d, int fd);
void stop_dropping(struct demo *d, int fd);
/** acknowledge_now - send the ACK that delayed ACK still holds back. */
void acknowledge_now(struct demo *d, struct end *end);
/**
 * delay_acks - from now on @p's server holds its ACKs back for the delayed-ACK
 * time (40 ms). One byte is sent: before the first data that time is zero.
 */
void delay_acks(struct demo *d, struct pair *p);

/* io.c: data and time */
long now_ms(void);
void sleep_ms(long ms);
void send_bytes(struct demo *d, struct end *end, size_t n);
void read_bytes(struct demo *d, struct end *end, size_t n);
/** read_to_end - read until EOF (returns 0) or error (its errno). */
int read_to_end(int fd, long *total);
/** fill_send_queue - write until nothing fits any more; returns the bytes. */
long fill_send_queue(struct demo *d, struct end *end);
/** unread_bytes - what FIONREAD says. */
int unread_bytes(struct demo *d, struct end *end);
/** await_data - wait for @n bytes (any, with --connect); returns how many. */
int await_data(struct demo *d, struct end *end, int n);
void start_reader(struct demo *d, struct reader *r, struct end *end,
		  int delay_ms);
void join_reader(struct demo *d, struct reader *r);

/* state.c: TCP states */
/** state_name - "ESTABLISHED" for 1 and so on, as the kernel numbers them. */
const char *state_name(int state);
/** socket_state - the TCP_INFO state of a socket. */
int socket_state(struct demo *d, int fd);
void await_state(struct demo *d, struct end *end, int state);
/** await_queued - wait until a listener has @n connections to accept. */
void await_queued(struct demo *d, int listener, unsigned int n);
/**
 * kernel_state - state of the end's address pair in the kernel's table
 * (/proc/net/tcp), also without a socket; 0 when there is none.
 */
int kernel_state(struct demo *d, const struct end *end);
/** reaches_kernel_state - wait for it; false when it does not come. */
bool reaches_kernel_state(struct demo *d, const struct end *end, int state);

/* verbs.c: a call together with its check */
/** close_end - close(), which must return 0. Returns the ms it took. */
long close_end(struct demo *d, struct end *end);
/** close_first - clean close of an established end: FIN, first. */
void close_first(struct demo *d, struct end *end);
/** close_second - close after the other end's FIN: FIN, second. */
void close_second(struct demo *d, struct end *end);
/** close_dead - close a socket that is in CLOSE: no event. */
void close_dead(struct demo *d, struct end *end);
/** drop_end - {1,0} close of an end whose peer is gone: RST to nobody. */
void drop_end(struct demo *d, struct end *end, const char *state);
/** shutdown_end - shutdown(); with SHUT_WR and SHUT_RDWR a FIN, first. */
void shutdown_end(struct demo *d, struct end *end, int how);
void check_eof(struct demo *d, struct end *end);
void check_read_error(struct demo *d, struct end *end, int error);
/** check_socket_error - wait for the pending error (SO_ERROR). */
void check_socket_error(struct demo *d, struct end *end, int error);
/** check_quiet - neither data nor EOF nor error shows up. */
void check_quiet(struct demo *d, struct end *end);
/**
 * check_reset - the RST of the peer arrived: @end was established, reads
 * ECONNRESET and is closed.
 */
void check_reset(struct demo *d, struct end *end);
/**
 * check_reset_after_eof - the same for an end in CLOSE_WAIT, where Linux
 * reports EPIPE instead.
 */
void check_reset_after_eof(struct demo *d, struct end *end);

#endif
