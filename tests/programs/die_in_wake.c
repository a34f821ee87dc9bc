/* SPDX-License-Identifier: MIT
 *
 * die_in_wake KILLER CODE WAKE_CODE: every rank reads a FIFO of the test that only rank KILLER holds open for writing.
 * KILLER exits with CODE once the gate opens; the others see the end of file, wait until the kernel shows KILLER as
 * dead (which comes a moment later, or much later on a busy machine) and exit with WAKE_CODE at once, as programs do
 * that lose their peer.
 */
#include "helper.h"

#include <sched.h>

static void note_pid(void)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%d", (int)getpid());
	int fd = helper_open("killer", O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		helper_give_up("killer");
	close(fd);
}

static int read_pid(void)
{
	char text[32] = "";
	int fd = helper_open("killer", O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		helper_give_up("killer");
	close(fd);
	return atoi(text);
}

static int is_dead(int pid)
{
	char path[64], text[512] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1;
	ssize_t length = read(fd, text, sizeof(text) - 1);
	close(fd);
	const char *after_name = strrchr(text, ')');
	return length <= 0 || !after_name || after_name[2] == 'Z' || after_name[2] == 'X';
}

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 4)
		helper_give_up("usage: die_in_wake KILLER CODE WAKE_CODE");
	if (helper_rank() == atoi(argv[1])) {
		note_pid();
		int life = helper_open("life", O_WRONLY);
		if (life < 0)
			helper_give_up("life");
		helper_wait_gate();
		_exit(atoi(argv[2]));
	}
	int life = helper_open("life", O_RDONLY);
	char byte;
	if (life < 0)
		helper_give_up("life");
	int killer = read_pid();
	helper_ready();
	while (read(life, &byte, 1) < 0 && errno == EINTR)
		;
	while (!is_dead(killer))
		sched_yield();
	_exit(atoi(argv[3]));
}
