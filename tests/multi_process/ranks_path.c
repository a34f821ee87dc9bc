/* SPDX-License-Identifier: MIT
 *
 * ranks_path: see ranks_path.h. The victim is traced by ptrace(2), one instruction after the other once, and from then
 * on runs into a breakpoint.
 */
#include "ranks_path.h"

#include "ranks_run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 2, STANDS_TICKS = 10 };

void ranks_path_begin(void)
{
#if defined(__x86_64__)
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
#endif
		_exit(77);
	raise(SIGSTOP);
}

void ranks_path_end(void)
{
	raise(SIGSTOP);
	for (;;)
		pause();
}

static void interrupt(int signal)
{
	(void)signal;
}

/* Waiting for the victim ends now and then, to see whether it sleeps in the kernel. */
static void tick(int ms)
{
	const struct itimerval time = {{.tv_usec = ms * 1000}, {.tv_usec = ms * 1000}};
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = interrupt}, NULL);
	setitimer(ITIMER_REAL, &time, NULL);
}

/* The signal with which the victim stands still; 0: it does not stand for `ticks` ticks; -1: it ended. */
static int stands(const struct run *run, int ticks)
{
	int status, pid;
	while ((pid = waitpid(run->pids[run->options->victim], &status, WUNTRACED)) < 0 && errno == EINTR)
		if (--ticks <= 0)
			return 0;
	return pid > 0 && WIFSTOPPED(status) ? WSTOPSIG(status) : -1;
}

/* Others may die before it comes to where its steps begin. */
static int stands_at_its_begin(struct run *run)
{
	int stop;
	do
		ranks_note_ends(run, 0);
	while ((stop = stands(run, 1)) == 0 && ranks_now_ns() < run->deadline_ns);
	return stop;
}

#if defined(__x86_64__)

static uintptr_t where_is(pid_t pid)
{
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		ranks_fail("PTRACE_GETREGS");
	return registers.rip;
}

static long text_at(pid_t pid, uintptr_t place)
{
	errno = 0;
	long word = ptrace(PTRACE_PEEKTEXT, pid, (void *)place, NULL);
	if (errno != 0)
		ranks_fail("PTRACE_PEEKTEXT");
	return word;
}

static void put_text(pid_t pid, uintptr_t place, long word)
{
	if (ptrace(PTRACE_POKETEXT, pid, (void *)place, (void *)word) < 0)
		ranks_fail("PTRACE_POKETEXT");
}

static void put_breakpoint(pid_t pid, uintptr_t point)
{
	put_text(pid, point, (text_at(pid, point) & ~0xffL) | 0xcc);
}

/* The bytes of a string instruction that is repeated: it traps after each single byte that it moves. 0: it is none. */
static size_t repeated_bytes(pid_t pid, uintptr_t place)
{
	long word = text_at(pid, place);
	unsigned char code[sizeof word];
	memcpy(code, &word, sizeof word);
	size_t at = (code[1] & 0xf0) == 0x40 ? 2 : 1;
	bool moves = code[at] == 0xa4 || code[at] == 0xa5, stores = code[at] == 0xaa || code[at] == 0xab;
	return code[0] == 0xf3 && (moves || stores) ? at + 1 : 0;
}

/* One instruction. The signal with which the victim stands behind it, as of stands(). */
static int step(const struct run *run, pid_t pid)
{
	struct user_regs_struct registers;
	uintptr_t here = where_is(pid), behind = here + repeated_bytes(pid, here);
	if (behind == here) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0)
			ranks_fail("PTRACE_SINGLESTEP");
		return stands(run, STANDS_TICKS);
	}
	long word = text_at(pid, behind);
	put_breakpoint(pid, behind);
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	int stop = stands(run, STANDS_TICKS);
	if (stop != SIGTRAP || ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		return stop;
	put_text(pid, behind, word);
	registers.rip = behind;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) < 0)
		ranks_fail("PTRACE_SETREGS");
	return stop;
}

#else /* nobody comes here: ranks_path_begin() */

static uintptr_t where_is(pid_t pid)
{
	return (uintptr_t)pid;
}

static void put_breakpoint(pid_t pid, uintptr_t point)
{
	(void)pid;
	(void)point;
}

static int step(const struct run *run, pid_t pid)
{
	(void)pid;
	return stands(run, STANDS_TICKS);
}

#endif

static void add_point(struct ranks_path *path, uintptr_t point)
{
	path->instructions++;
	for (int i = path->count - 1; i >= 0; i--)
		if (path->points[i] == point)
			return;
	if (path->count < RANKS_POINTS_MAX)
		path->points[path->count++] = point;
}

static void record_path(const struct run *run, pid_t pid)
{
	struct ranks_path *path = run->options->path;
	int stop = SIGTRAP;
	for (bool first = true; stop == SIGTRAP || first; first = false) {
		add_point(path, where_is(pid));
		stop = step(run, pid);
	}
}

bool ranks_path_lead(struct run *run)
{
	const struct ranks_options *options = run->options;
	pid_t pid = run->pids[options->victim];
	tick(TICK_MS);
	if (stands_at_its_begin(run) < 0) {
		tick(0);
		return false;
	}
	if (options->point == RANKS_RECORD) {
		record_path(run, pid);
	} else {
		put_breakpoint(pid, options->path->points[options->point]);
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		stands(run, STANDS_TICKS);
	}
	tick(0);
	run->outcome[options->victim].killed_ns = ranks_now_ns();
	kill(pid, SIGKILL);
	return true;
}

/* --- walking it --- */

void ranks_path_walk(struct ranks_path *path, int every, ranks_dies_at *die_at, const void *context)
{
	path->count = 0;
	path->instructions = 0;
	die_at(context, RANKS_RECORD);
	for (int point = 0; point < path->count; point += every)
		die_at(context, point);
	printf("             %d points among %ld instructions\n", path->count, path->instructions);
}

int ranks_path_every(int argc, char **argv)
{
	bool given = argc == 3 && strcmp(argv[1], "--every") == 0 && atoi(argv[2]) > 0;
	return given ? atoi(argv[2]) : 1;
}
