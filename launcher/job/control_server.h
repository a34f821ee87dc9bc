/* SPDX-License-Identifier: MIT
 *
 * control_server: the socket of a job that runs: ID.sock in the user's own directory of sockets, for this user and
 * root.
 *
 * A message is one JSON object of at most 64 KiB, and so is its answer. Whatever a client sends, or fails to read, is
 * its own trouble: it is answered with an error or dropped, and the job goes on. For a client beyond the 64th the one
 * makes room that has been silent longest, first of those that never said anything, which are dropped after 5 s; else
 * who connects and is silent could keep the job's owner out. Those that wait for the end are never given up, for they
 * would take that for the end; they are at most 56. All calls are the loop's thread's.
 */
#ifndef MUSTER_JOB_CONTROL_SERVER_H
#define MUSTER_JOB_CONTROL_SERVER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct error;

enum {
	CONTROL_MESSAGE_BYTES = 64 * 1024,
	CONTROL_CLIENTS_MAX = 64,
	CONTROL_WAITING_MAX = 56,
};

/* Whether at the other end of a connection, of either side, is this user or root. */
bool control_peer_is_trusted(int fd);

/* The answer to a message, for the server to free(); NULL: none, the client waits for the end. */
typedef char *control_answer(void *context, const char *message, size_t length);

struct control_server *control_server_create(const char *job_id, uv_loop_t *loop, control_answer *answer, void *context,
                                             struct error *err);

/* Where the server of a job listens, or will. */
int control_server_place(char path[static PATH_MAX], const char *job_id);

/* NULL when there is no server. */
const char *control_server_path(const struct control_server *server);

/* Its handles leave the loop: nobody is answered any more, but who waits for the end still waits. */
void control_server_detach(struct control_server *server);

/* The clients see the end of their connections; the socket is removed. Its handles are gone by then. */
void control_server_destroy(struct control_server *server);

/* What a server that was killed left. */
void control_server_remove(const char *job_id);

#endif
