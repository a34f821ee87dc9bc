/* SPDX-License-Identifier: MIT
 *
 * control_server: see control_server.h. SOCK_SEQPACKET keeps messages apart, so that there is no framing to get wrong;
 * the socket is bound through /proc/self/fd, so that no path is too long for its address.
 */
#include "job/control_server.h"

#include "base/error.h"
#include "job/job_places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SILENCE_MS = 5000 };

struct client {
	struct control_server *server;
	int fd; /* -1: the slot is free */
	bool closing;
	bool has_spoken;
	bool waits;        /* for the end of the job, as it asked to */
	uint64_t since_ms; /* on the loop's clock: when it came, or last said something */
	uv_poll_t poll;
};

struct control_server {
	uv_loop_t *loop;
	control_answer *answer;
	void *context;
	int directory;
	int fd;
	int spare; /* given up to take, and to turn away, a client when there are no descriptors left */
	uv_poll_t poll;
	uv_timer_t silence; /* until the longest silent client is dropped */
	bool detached;
	char name[NAME_MAX];
	char path[PATH_MAX];
	struct client clients[CONTROL_CLIENTS_MAX];
};

static char message[CONTROL_MESSAGE_BYTES];

/* --- clients --- */

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->closing = false;
}

static void drop(struct client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	uv_close((uv_handle_t *)&client->poll, on_client_closed);
}

/* Who does not read what it asked for is dropped. */
static void answer(struct client *client, const char *text)
{
	size_t length = strlen(text);
	if (send(client->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)length)
		drop(client);
}

/* Some places are left for those who ask and go. */
static bool may_wait(const struct client *client)
{
	int waiting = 0;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		waiting += client->server->clients[i].fd >= 0 && client->server->clients[i].waits;
	return client->waits || waiting < CONTROL_WAITING_MAX;
}

static void take_message(struct client *client, size_t length)
{
	char *text = client->server->answer(client->server->context, message, length);
	if (text != NULL)
		answer(client, text);
	else if (may_wait(client))
		client->waits = true;
	else
		answer(client, "{\"error\":\"too many wait for the end of this job\"}");
	free(text);
}

static void on_message(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct client *client = poll->data;
	ssize_t got = recv(client->fd, message, sizeof message, MSG_DONTWAIT | MSG_TRUNC);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	client->has_spoken = true;
	client->since_ms = uv_now(client->server->loop);
	if (got <= 0)
		drop(client);
	else if ((size_t)got > sizeof message)
		answer(client, "{\"error\":\"a message is at most 65536 bytes\"}");
	else
		take_message(client, (size_t)got);
}

/* --- those that say nothing --- */

/* What a client sent and nobody has read as yet was said. */
static bool is_silent(const struct client *client)
{
	char byte;
	return client->fd >= 0 && !client->closing && !client->waits &&
	       recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* Of those that never said anything, if there are such; then, where `any` is true, of the others that do not wait. */
static struct client *longest_silent(struct control_server *server, bool any)
{
	struct client *found = NULL;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &server->clients[i];
		if (!is_silent(client) || (client->has_spoken && !any))
			continue;
		if (found == NULL || client->has_spoken < found->has_spoken ||
		    (client->has_spoken == found->has_spoken && client->since_ms < found->since_ms))
			found = client;
	}
	return found;
}

static void on_silence(uv_timer_t *timer)
{
	struct control_server *server = timer->data;
	struct client *client;
	while ((client = longest_silent(server, false)) != NULL) {
		uint64_t end_ms = client->since_ms + SILENCE_MS, now_ms = uv_now(server->loop);
		if (end_ms > now_ms) {
			uv_timer_start(timer, on_silence, end_ms - now_ms, 0);
			return;
		}
		drop(client);
	}
}

/* False: all wait, or have just said something. A slot is free only in the next turn of the loop, when its handle has
 * been closed. */
static bool makes_room(struct control_server *server)
{
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (server->clients[i].closing)
			return true;
	struct client *client = longest_silent(server, true);
	if (client == NULL)
		return false;
	drop(client);
	return true;
}

/* --- who comes --- */

bool control_peer_is_trusted(int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t size = sizeof peer;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

static struct client *free_slot(struct control_server *server)
{
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (server->clients[i].fd < 0 && !server->clients[i].closing)
			return &server->clients[i];
	return NULL;
}

static void turn_away(int fd, const char *why)
{
	char text[96];
	int length = snprintf(text, sizeof text, "{\"error\":\"%s\"}", why);
	(void)!send(fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void take_client(struct control_server *server, int fd)
{
	struct client *client = free_slot(server);
	if (!control_peer_is_trusted(fd)) {
		turn_away(fd, "this is another user's job");
		return;
	}
	if (client == NULL || uv_poll_init(server->loop, &client->poll, fd) < 0) {
		turn_away(fd, "too many ask this job at once");
		return;
	}
	client->fd = fd;
	client->server = server;
	client->has_spoken = client->waits = false;
	client->since_ms = uv_now(server->loop);
	client->poll.data = client;
	uv_poll_start(&client->poll, UV_READABLE, on_message);
	if (!uv_is_active((uv_handle_t *)&server->silence))
		uv_timer_start(&server->silence, on_silence, SILENCE_MS, 0);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct control_server *server = poll->data;
	if (free_slot(server) == NULL && makes_room(server))
		return; /* the loop comes here again: who waits to be accepted still does */
	int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		take_client(server, fd);
		return;
	}
	if (errno != EMFILE && errno != ENFILE)
		return;
	close(server->spare); /* else the loop would turn for it for ever */
	fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		turn_away(fd, "no more open files");
	server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* --- the server --- */

static int bind_there(struct control_server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", server->directory,
	                      server->name);
	if (length >= (int)sizeof address.sun_path)
		return -ENAMETOOLONG;
	unlinkat(server->directory, server->name, 0); /* of a job of that id that was lost */
	if (bind(server->fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	if (fchmodat(server->directory, server->name, 0600, 0) < 0 || listen(server->fd, CONTROL_CLIENTS_MAX) < 0)
		return -errno;
	return 0;
}

static int open_socket(struct control_server *server, const char *job_id, struct error *err)
{
	server->directory = job_places_open_sockets(true, err);
	if (server->directory < 0)
		return server->directory;
	snprintf(server->name, sizeof server->name, "%s" SOCKET_SUFFIX, job_id);
	if (control_server_place(server->path, job_id) < 0)
		return error_set(err, -ENAMETOOLONG, "the socket of job %s: %s", job_id, strerror(ENAMETOOLONG));
	server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = server->fd < 0 ? -errno : bind_there(server);
	if (rc == 0)
		rc = uv_poll_init(server->loop, &server->poll, server->fd);
	if (rc < 0)
		return error_set(err, rc, "cannot make the socket %s: %s", server->path, strerror(-rc));
	server->poll.data = server->silence.data = server;
	uv_timer_init(server->loop, &server->silence);
	return uv_poll_start(&server->poll, UV_READABLE, on_connection);
}

void control_server_remove(const char *job_id)
{
	char name[NAME_MAX];
	int directory = job_places_open_sockets(false, NULL);
	if (directory < 0)
		return;
	snprintf(name, sizeof name, "%s" SOCKET_SUFFIX, job_id);
	unlinkat(directory, name, 0);
	close(directory);
}

struct control_server *control_server_create(const char *job_id, uv_loop_t *loop, control_answer *answerer,
                                             void *context, struct error *err)
{
	struct control_server *server = calloc(1, sizeof *server);
	if (server == NULL) {
		error_set(err, -ENOMEM, "no memory for the job's socket");
		return NULL;
	}
	*server = (struct control_server){
		.loop = loop, .answer = answerer, .context = context, .directory = -1, .fd = -1, .spare = -1};
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		server->clients[i].fd = -1;
	if (open_socket(server, job_id, err) == 0)
		return server;
	server->detached = true;
	control_server_destroy(server);
	return NULL;
}

int control_server_place(char path[static PATH_MAX], const char *job_id)
{
	char directory[PATH_MAX];
	int rc = job_places_socket_directory(directory);
	return rc < 0 || snprintf(path, PATH_MAX, "%s/%s" SOCKET_SUFFIX, directory, job_id) >= PATH_MAX ? -ENAMETOOLONG
	                                                                                                : 0;
}

const char *control_server_path(const struct control_server *server)
{
	return server == NULL ? NULL : server->path;
}

void control_server_detach(struct control_server *server)
{
	if (server == NULL || server->detached)
		return;
	server->detached = true;
	uv_close((uv_handle_t *)&server->poll, NULL);
	uv_close((uv_handle_t *)&server->silence, NULL);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (server->clients[i].fd >= 0 && !server->clients[i].closing)
			uv_close((uv_handle_t *)&server->clients[i].poll, NULL);
}

void control_server_destroy(struct control_server *server)
{
	if (server == NULL)
		return;
	if (server->fd >= 0)
		unlinkat(server->directory, server->name, 0);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (server->clients[i].fd >= 0)
			close(server->clients[i].fd);
	if (server->fd >= 0)
		close(server->fd);
	if (server->spare >= 0)
		close(server->spare);
	if (server->directory >= 0)
		close(server->directory);
	free(server);
}
