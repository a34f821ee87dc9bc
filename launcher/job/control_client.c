/* SPDX-License-Identifier: MIT
 *
 * control_client: see control_client.h.
 */
#include "job/control_client.h"

#include "base/error.h"
#include "job/control_server.h"
#include "job/job_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	PATIENCE_S = 5,
	SOCKET_LOOKS = 20, /* a job in the foreground makes its socket a moment after its record */
	SOCKET_LOOK_MS = 5,
};

/* Through its directory, so that no path is too long for an address. */
static int connect_to(int fd, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (slash == NULL || slash - path >= (int)sizeof directory)
		return -ENOENT;
	memcpy(directory, path, (size_t)(slash - path));
	directory[slash - path] = '\0';
	int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	int length = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d%s", at, slash);
	int rc = length >= (int)sizeof address.sun_path ? -ENAMETOOLONG : 0;
	if (rc == 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		rc = -errno;
	close(at);
	return rc;
}

static int connect_to_young(int fd, const char *path)
{
	int rc = connect_to(fd, path);
	for (int look = 0; look < SOCKET_LOOKS && (rc == -ENOENT || rc == -ECONNREFUSED); look++) {
		poll(NULL, 0, SOCKET_LOOK_MS);
		rc = connect_to(fd, path);
	}
	return rc;
}

/* By a home directory that several machines share, or containers. */
static bool is_elsewhere(const struct job_view *view)
{
	char host[256] = "";
	const char *its = job_view_text(view, "host");
	gethostname(host, sizeof host - 1);
	return its[0] != '\0' && strcmp(its, host) != 0;
}

/* One that ended took its socket with it. One that could not have a socket was told so at its start; but who asks now
 * may not have seen that. */
static int refuse_unreached(struct job_view *view, int code, struct error *err)
{
	int rc = code == -ENOENT || code == -ECONNREFUSED ? job_view_refresh(view, err) : 0;
	if (rc < 0)
		return rc;
	if (!job_life_goes_on(view->life))
		return error_set(err, -ESRCH, "job %s has ended", view->id);
	if (is_elsewhere(view))
		return error_set(err, -EREMOTE, "job %s runs on another host, %s, and can be reached from there only",
		                 view->id, job_view_text(view, "host"));
	if (code == -ENOENT)
		return error_set(err, code,
		                 "job %s has no control socket: muster status and signal cannot reach it, muster stop "
		                 "can",
		                 view->id);
	return error_set(err, code, "job %s cannot be asked: %s", view->id, strerror(-code));
}

static int open_connection(struct job_view *view, struct error *err)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	int rc = connect_to_young(fd, job_view_text(view, "socket"));
	if (rc == 0 && control_peer_is_trusted(fd))
		return fd;
	close(fd);
	return rc == 0 ? error_set(err, -EPERM, "somebody else listens in the place of job %s", view->id)
	               : refuse_unreached(view, rc, err);
}

/* Who is turned away finds out while it asks; the reason is there to be read all the same. */
static ssize_t ask_and_listen(int fd, const char *message, char *bytes)
{
	(void)!send(fd, message, strlen(message), MSG_NOSIGNAL);
	ssize_t got = recv(fd, bytes, CONTROL_MESSAGE_BYTES, 0);
	return got < 0 && errno == ECONNRESET ? recv(fd, bytes, CONTROL_MESSAGE_BYTES, 0) : got;
}

static json_t *exchange(int fd, const char *message, const struct job_view *view, struct error *err)
{
	char *bytes = malloc(CONTROL_MESSAGE_BYTES);
	ssize_t got = bytes == NULL ? -1 : ask_and_listen(fd, message, bytes);
	if (got < 0 && errno == EAGAIN)
		error_set(err, -ETIMEDOUT, "job %s does not answer: is its muster stopped?", view->id);
	else if (got <= 0)
		error_set(err, -EPIPE, "job %s ended meanwhile", view->id);
	json_t *answer = got > 0 ? json_loadb(bytes, (size_t)got, 0, NULL) : NULL;
	if (got > 0 && answer == NULL)
		error_set(err, -EBADMSG, "job %s answered what is no JSON", view->id);
	free(bytes);
	return answer;
}

json_t *control_ask(struct job_view *view, json_t *request, struct error *err)
{
	char *message = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	int fd = message == NULL ? error_set(err, -ENOMEM, "no memory") : open_connection(view, err);
	json_t *answer = fd < 0 ? NULL : exchange(fd, message, view, err);
	const char *refused = json_string_value(json_object_get(answer, "error"));
	if (refused != NULL) {
		error_set(err, -EINVAL, "job %s: %s", view->id, refused);
		json_decref(answer);
		answer = NULL;
	}
	if (fd >= 0)
		close(fd);
	free(message);
	return answer;
}
