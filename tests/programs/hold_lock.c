/* SPDX-License-Identifier: MIT
 *
 * hold_lock CODE [resist]: takes an exclusive lock of its rank for as long as it lives; when another process has it,
 * two incarnations of the rank overlap, and it marks `overlap`. Leaves one line "RANK INCARNATION MONOTONIC_NS" in
 * `starts`, then exits with CODE if it is rank 0 and waits otherwise, deaf to SIGTERM with `resist`.
 */
#include "helper.h"

#include <sys/file.h>

static void note_start(void)
{
	char line[128];
	const char *incarnation = getenv("MUSTER_RESTART_COUNT");
	int fd = helper_open("starts", O_WRONLY | O_CREAT | O_APPEND);
	int length = snprintf(line, sizeof(line), "%d %s %lld\n", helper_rank(), incarnation ? incarnation : "?",
	                      (long long)helper_now_ns());
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		helper_give_up("starts");
	close(fd);
}

int main(int argc, char **argv)
{
	helper_begin();
	char name[64];
	snprintf(name, sizeof(name), "lock.%d", helper_rank());
	int lock = helper_open(name, O_RDWR | O_CREAT);
	if (lock < 0)
		helper_give_up("lock");
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		helper_mark("overlap");
	if (argc > 2)
		signal(SIGTERM, SIG_IGN);
	note_start();
	if (helper_rank() == 0)
		return argc > 1 ? atoi(argv[1]) : 0;
	helper_ready();
	helper_wait_forever();
}
