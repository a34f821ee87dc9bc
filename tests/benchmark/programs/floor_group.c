/* SPDX-License-Identifier: MIT
 *
 * floor_group PORT N COMMAND [ARG...]: N plain processes that know their rank; when one fails, the others are killed.
 *
 * The floor of the figures death to stop, memory, and PyTorch: the smallest program that does these with nothing else.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void name_rank(int rank)
{
	char number[16];

	snprintf(number, sizeof number, "%d", rank);
	setenv("RANK", number, 1);
	setenv("LOCAL_RANK", number, 1);
}

static pid_t start_rank(int rank, char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		name_rank(rank);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		err(125, "fork");
	return pid;
}

int main(int argc, char **argv)
{
	int failed = 0, status;
	int count = argc > 3 ? atoi(argv[2]) : 0;
	pid_t *pids, ended;

	if (count < 1)
		errx(125, "usage: floor_group PORT N COMMAND [ARG...]");
	pids = calloc((size_t)count, sizeof *pids);
	if (!pids)
		err(125, "calloc");
	setenv("MASTER_ADDR", "127.0.0.1", 1);
	setenv("MASTER_PORT", argv[1], 1);
	setenv("WORLD_SIZE", argv[2], 1);
	for (int rank = 0; rank < count; rank++)
		pids[rank] = start_rank(rank, argv + 3);
	while ((ended = wait(&status)) > 0) {
		for (int rank = 0; rank < count; rank++) {
			if (pids[rank] == ended)
				pids[rank] = 0;
			else if (status != 0 && !failed && pids[rank] > 0)
				kill(pids[rank], SIGKILL);
		}
		failed |= status != 0;
	}
	return failed;
}
