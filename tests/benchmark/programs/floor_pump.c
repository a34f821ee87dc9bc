/* SPDX-License-Identifier: MIT
 *
 * floor_pump copy|splice N COMMAND [ARG...]: N processes that write into pipes, and a bare pump to standard output.
 *
 * The floor of the output figures: what comes through a pipe is read and written (copy), or moved by the kernel
 * (splice), with no look at it. Pipes of 256 KiB, one thread, epoll. `splice` needs a standard output that can take it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES (256 * 1024)
#define MOST_READY 64

static char buffer[PIPE_BYTES];

static int start_writer(char **argv)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		err(125, "pipe2");
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	pid = vfork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		err(125, "vfork");
	close(ends[1]);
	return ends[0];
}

static ssize_t copy_once(int from)
{
	ssize_t got = read(from, buffer, sizeof buffer);

	for (ssize_t done = 0; done < got;) {
		ssize_t written = write(STDOUT_FILENO, buffer + done, (size_t)(got - done));

		if (written < 0)
			err(125, "write");
		done += written;
	}
	return got;
}

static ssize_t splice_once(int from)
{
	return splice(from, NULL, STDOUT_FILENO, NULL, PIPE_BYTES, SPLICE_F_MOVE);
}

static void pump(int epoll, int open_pipes, ssize_t (*move_once)(int from))
{
	struct epoll_event ready[MOST_READY];

	while (open_pipes > 0) {
		int count = epoll_wait(epoll, ready, MOST_READY, -1);

		for (int i = 0; i < count; i++) {
			ssize_t moved = move_once(ready[i].data.fd);

			if (moved < 0)
				err(125, "cannot move what a pipe holds");
			/* Out of the set before it is closed: a child on its way through exec may still hold a copy. */
			if (moved == 0) {
				epoll_ctl(epoll, EPOLL_CTL_DEL, ready[i].data.fd, NULL);
				close(ready[i].data.fd);
				open_pipes--;
			}
		}
	}
}

int main(int argc, char **argv)
{
	int failed = 0, status;
	int count = argc > 3 ? atoi(argv[2]) : 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	bool by_splice = argc > 1 && strcmp(argv[1], "splice") == 0;

	if (count < 1)
		errx(125, "usage: floor_pump copy|splice N COMMAND [ARG...]");
	for (int i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN};

		event.data.fd = start_writer(argv + 3);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
			err(125, "epoll_ctl");
	}
	pump(epoll, count, by_splice ? splice_once : copy_once);
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}
