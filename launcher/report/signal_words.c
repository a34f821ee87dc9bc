/* SPDX-License-Identifier: MIT
 *
 * signal_words: see signal_words.h. Only for signals that muster did not send: the meanings say so.
 */
#include "report/signal_words.h"

#include <signal.h>
#include <stddef.h>

static const struct {
	int signal;
	const char *meaning;
} meanings[] = {
	{SIGHUP, "hang-up, not sent by muster"},
	{SIGINT, "interrupt, not sent by muster"},
	{SIGQUIT, "quit, not sent by muster"},
	{SIGILL, "illegal instruction: built for another CPU, or a trap of the compiler's"},
	{SIGTRAP, "breakpoint or trap"},
	{SIGABRT, "abort: a failed assertion, or the program's own decision"},
	{SIGBUS, "bus error: mapped memory without anything behind it, such as a full /dev/shm or a file cut short"},
	{SIGFPE, "arithmetic error, such as an integer divided by zero"},
	{SIGKILL, "kill -9 or the kernel, not muster"},
	{SIGUSR1, "user signal 1, for which it had no handler"},
	{SIGSEGV, "segmentation fault"},
	{SIGUSR2, "user signal 2, for which it had no handler"},
	{SIGPIPE, "it wrote to a pipe or socket that nobody reads any more"},
	{SIGALRM, "alarm clock"},
	{SIGTERM, "asked to end, not by muster"},
	{SIGXCPU, "CPU time limit: limits.cpu_time or ulimit -t"},
	{SIGXFSZ, "file size limit: ulimit -f"},
	{SIGSYS, "system call that does not exist or is forbidden by seccomp"},
};

const char *signal_meaning(int signal)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (meanings[i].signal == signal)
			return meanings[i].meaning;
	return NULL;
}
