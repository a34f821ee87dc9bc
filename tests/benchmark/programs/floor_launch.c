/* SPDX-License-Identifier: MIT
 *
 * floor_launch N COMMAND [ARG...]: the bare loop of vfork, exec and wait, and nothing else.
 *
 * The floor of the launch figure, and, with ranks that write, of raw output: they inherit standard output.
 */
#include <err.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void start(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		err(125, "vfork");
}

int main(int argc, char **argv)
{
	int failed = 0, status;
	int count = argc > 2 ? atoi(argv[1]) : 0;

	if (count < 1)
		errx(125, "usage: floor_launch N COMMAND [ARG...]");
	for (int i = 0; i < count; i++)
		start(argv + 2);
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}
