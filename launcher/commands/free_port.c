/* SPDX-License-Identifier: MIT
 *
 * free_port: see free_port.h. The kernel chooses, and the port is given back at once: whoever comes first has it.
 */
#include "commands/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

uint16_t free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	bool bound = bind(fd, (struct sockaddr *)&address, size) == 0 &&
	             getsockname(fd, (struct sockaddr *)&address, &size) == 0;
	close(fd);
	return bound ? ntohs(address.sin_port) : 0;
}
