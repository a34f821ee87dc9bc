/* SPDX-License-Identifier: MIT
 *
 * read_rank: whether a process may read another one's memory. As a rank: what rank 0 has, by all others; with a FILE,
 * rank 0 writes into it where that is, and all go on until it is removed. As `read_rank PID ADDRESS`: by a stranger.
 */
#include <err.h>
#include <errno.h>
#include <muster.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const uint64_t secret = UINT64_C(0x7365637265740001);

static const char *reads(int64_t pid, int64_t address)
{
	uint64_t seen = 0;
	struct iovec into = {&seen, sizeof seen}, from = {(void *)(intptr_t)address, sizeof seen};
	if (process_vm_readv((pid_t)pid, &into, 1, &from, 1, 0) < 0)
		return strerror(errno);
	return seen == secret ? "read" : "read something else";
}

static void stay(const char *path, const int64_t place[2])
{
	FILE *file = fopen(path, "w");
	if (file == NULL || fprintf(file, "%lld %lld\n", (long long)place[0], (long long)place[1]) < 0)
		err(1, "%s", path);
	fclose(file);
	while (access(path, F_OK) == 0)
		usleep(20000);
}

int main(int argc, char **argv)
{
	muster_world *world;
	int64_t place[2] = {getpid(), (intptr_t)&secret};
	if (argc == 3) {
		puts(reads(atoll(argv[1]), atoll(argv[2])));
		return 0;
	}
	if (muster_init(&world) < 0 || muster_broadcast(world, place, 2, MUSTER_INT64, 0, MUSTER_FOREVER) < 0)
		errx(1, "%s", muster_error_text());
	if (muster_rank(world) != 0)
		printf("rank %d: %s\n", muster_rank(world), reads(place[0], place[1]));
	else if (argc == 2)
		stay(argv[1], place);
	if (muster_barrier(world, MUSTER_FOREVER, NULL) < 0)
		errx(1, "%s", muster_error_text());
	return muster_finalize(world) == 0 ? 0 : 1;
}
