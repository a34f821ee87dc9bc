/* SPDX-License-Identifier: MIT
 *
 * process_title: see process_title.h.
 */
#include "run/process_title.h"

#include <errno.h> /* program_invocation_name */
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The kernel lays the words of the command line end to end, and right behind them those of the environment. Where the
 * first of these is not there any more the end is not known, and the first word has to do. */
static size_t command_line_bytes(const char *start)
{
	const char *behind = environ != NULL ? environ[0] : NULL;
	return behind != NULL && behind > start ? (size_t)(behind - start) : strlen(start) + 1;
}

void process_title_set(const char *title)
{
	char *start = program_invocation_name;
	size_t room = command_line_bytes(start);
	size_t length = strnlen(title, room - 1);
	prctl(PR_SET_NAME, title);
	memcpy(start, title, length);
	memset(start + length, 0, room - length); /* its last byte is 0: the kernel takes no more for it */
}
