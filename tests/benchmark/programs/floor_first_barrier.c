/* SPDX-License-Identifier: MIT
 *
 * floor_first_barrier N: N processes of this program, through one barrier and out. The least that "start, first
 * barrier, end" costs: vfork, exec, a counter in a memfd, wait.
 */
#include <err.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEGMENT_FD = 3 };

static int be_rank(const char *count)
{
	unsigned all = (unsigned)atoi(count);
	_Atomic unsigned *arrived = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, SEGMENT_FD, 0);
	if (arrived == MAP_FAILED)
		err(1, "mmap");
	atomic_fetch_add(arrived, 1);
	while (atomic_load(arrived) < all)
		sched_yield();
	return 0;
}

static void start_rank(char *const arguments[])
{
	pid_t pid = vfork();
	if (pid == 0) {
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
	if (pid < 0)
		err(125, "vfork");
}

int main(int argc, char **argv)
{
	int status, failed = 0;
	if (argc == 3 && strcmp(argv[1], "rank") == 0)
		return be_rank(argv[2]);
	if (argc != 2)
		errx(125, "usage: floor_first_barrier N");
	int fd = memfd_create("floor", 0);
	if (fd < 0 || dup2(fd, SEGMENT_FD) < 0 || ftruncate(SEGMENT_FD, 4096) < 0)
		err(125, "memfd_create");
	char *const arguments[] = {argv[0], "rank", argv[1], NULL};
	for (int rank = 0; rank < atoi(argv[1]); rank++)
		start_rank(arguments);
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}
