/* SPDX-License-Identifier: MIT
 *
 * ready_ranks: see the header. A rank writes its pid, as four bytes in one write, so that none is torn.
 */
#include "ready_ranks.h"

#include "measure_options.h"
#include "process_tree.h"

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_MS 100
#define SETTLE_NS     20000000

static void open_fifo(struct ready_ranks *ready, const char *path, unsigned count)
{
	ready->count = count;
	ready->pids = calloc(count, sizeof *ready->pids);
	unlink(path);
	if (!ready->pids || mkfifo(path, 0600) < 0)
		err(125, "cannot make the FIFO %s", path);
	/* Open both ways: no end-of-file between two writers, and no wait for the first one. */
	ready->fd = open(path, O_RDWR | O_CLOEXEC);
	if (ready->fd < 0)
		err(125, "cannot open the FIFO %s", path);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static bool wait_for_all(struct ready_ranks *ready, pid_t command)
{
	const struct timespec settle = {.tv_nsec = SETTLE_NS};
	struct pollfd polled = {.fd = ready->fd, .events = POLLIN};
	unsigned got = 0;

	while (got < ready->count) {
		if (process_tree_is_over() || has_ended(command))
			return false;
		if (poll(&polled, 1, LOOK_EVERY_MS) == 1 &&
		    read(ready->fd, &ready->pids[got], sizeof *ready->pids) == (ssize_t)sizeof *ready->pids)
			got++;
	}
	/* A launcher does not say when it has come to rest after the last start; this is for it to do so. */
	nanosleep(&settle, NULL);
	return true;
}

static _Noreturn void give_up(const struct ready_ranks *ready, pid_t command)
{
	struct outcome outcome = {0};

	kill(command, SIGKILL);
	process_tree_wait(command, process_tree_now(), &outcome);
	process_tree_sweep();
	errx(124, "not all of %u ranks reported; the launcher's wait status was %d", ready->count, outcome.status);
}

pid_t ready_ranks_start(struct ready_ranks *ready, const struct measure_options *options)
{
	pid_t command;

	if (!options->fifo_path)
		errx(125, "-f FIFO is needed");
	process_tree_begin(options->timeout_s);
	open_fifo(ready, options->fifo_path, options->ranks);
	command = process_tree_start(&options->command);
	if (!wait_for_all(ready, command))
		give_up(ready, command);
	return command;
}
