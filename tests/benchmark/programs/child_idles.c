/* SPDX-License-Identifier: MIT
 *
 * child_idles FIFO: a rank that says its pid on the FIFO and then sleeps. It ends by itself after two minutes, so that
 * a launcher that loses it cannot leave it behind for good.
 */
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

#define LIFETIME_S 120

int main(int argc, char **argv)
{
	pid_t self = getpid();
	int fd;

	alarm(LIFETIME_S);
	if (argc < 2)
		errx(125, "usage: child_idles FIFO");
	fd = open(argv[1], O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, &self, sizeof self) != (ssize_t)sizeof self)
		err(125, "cannot write to %s", argv[1]);
	close(fd);
	for (;;)
		pause();
}
