/* SPDX-License-Identifier: MIT
 *
 * process_tree: see the header. Descendants are found through /proc/PID/task/TID/children.
 */
#include "process_tree.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_MS         200
#define SWEEP_ROUNDS      2000 /* of a millisecond each */
#define REPEATED_ALARM_US 20000

extern char **environ;

static volatile sig_atomic_t timed_out;
static volatile sig_atomic_t interrupted;

int64_t process_tree_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void note_signal(int number)
{
	if (number == SIGALRM)
		timed_out = 1;
	else
		interrupted = 1;
}

/* The alarm repeats: one that comes just before a blocking call would otherwise be lost. */
void process_tree_begin(unsigned timeout_s)
{
	static const int watched[] = {SIGALRM, SIGTERM, SIGINT, SIGHUP};
	struct sigaction action = {.sa_handler = note_signal};
	struct itimerval timer = {.it_value = {.tv_sec = timeout_s}, .it_interval = {.tv_usec = REPEATED_ALARM_US}};
	pid_t parent = getppid();

	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
		sigaction(watched[i], &action, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1L);
	prctl(PR_SET_PDEATHSIG, (long)SIGTERM);
	if (getppid() != parent)
		interrupted = 1;
	setitimer(ITIMER_REAL, &timer, NULL);
}

bool process_tree_is_over(void)
{
	return timed_out || interrupted;
}

pid_t process_tree_start(const struct command *command)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all;
	pid_t pid;
	int code;

	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, command->stdout_path ? command->stdout_path : "/dev/null",
	                                 O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_addopen(&files, 2, command->stderr_path ? command->stderr_path : "/dev/null",
	                                 O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
	code = posix_spawnp(&pid, command->argv[0], &files, &attributes, command->argv, environ);
	if (code != 0) {
		errno = code;
		err(125, "cannot start %s", command->argv[0]);
	}
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return pid;
}

void process_tree_wait(pid_t pid, int64_t since_ns, struct outcome *outcome)
{
	while (wait4(pid, &outcome->status, 0, &outcome->usage) < 0) {
		if (errno != EINTR)
			err(125, "cannot wait for %d", pid);
		if (process_tree_is_over())
			kill(pid, SIGKILL);
	}
	outcome->wall_ns = process_tree_now() - since_ns;
	outcome->timed_out = timed_out;
	outcome->interrupted = interrupted;
}

static void each_child_of_thread(const char *path, void (*visit)(pid_t, void *), void *context);

static void each_below(pid_t pid, void (*visit)(pid_t, void *), void *context)
{
	char path[64];
	DIR *tasks;
	struct dirent *task;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return;
	while ((task = readdir(tasks)) != NULL) {
		char children[512];

		if (task->d_name[0] == '.')
			continue;
		snprintf(children, sizeof children, "/proc/%d/task/%s/children", pid, task->d_name);
		each_child_of_thread(children, visit, context);
	}
	closedir(tasks);
}

static void each_child_of_thread(const char *path, void (*visit)(pid_t, void *), void *context)
{
	FILE *file = fopen(path, "re");
	int pid;

	if (!file)
		return;
	while (fscanf(file, "%d", &pid) == 1) {
		each_below(pid, visit, context);
		visit(pid, context);
	}
	fclose(file);
}

void process_tree_each(void (*visit)(pid_t pid, void *context), void *context)
{
	each_below(getpid(), visit, context);
}

static void kill_one(pid_t pid, void *context)
{
	unsigned *killed = context;

	if (kill(pid, SIGKILL) == 0)
		(*killed)++;
}

unsigned process_tree_sweep(void)
{
	const struct timespec millisecond = {.tv_nsec = 1000000};
	unsigned survivors = 0;

	for (int round = 0; round < SWEEP_ROUNDS; round++) {
		pid_t reaped;

		while ((reaped = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (reaped < 0 && errno == ECHILD)
			return survivors;
		if (round >= SETTLE_MS || process_tree_is_over()) {
			unsigned killed = 0;

			process_tree_each(kill_one, &killed);
			if (killed > survivors)
				survivors = killed;
		}
		nanosleep(&millisecond, NULL);
	}
	warnx("processes are left that cannot be killed");
	return survivors;
}

void process_tree_print(const struct outcome *outcome)
{
	int status = outcome->status;
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	const struct rusage *usage = &outcome->usage;

	printf("{\"wall_ns\": %lld, \"exit_code\": %d, \"timed_out\": %s, \"interrupted\": %s, \"survivors\": %u, "
	       "\"user_us\": %lld, \"system_us\": %lld}\n",
	       (long long)outcome->wall_ns, code, outcome->timed_out ? "true" : "false",
	       outcome->interrupted ? "true" : "false", outcome->survivors,
	       (long long)usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec,
	       (long long)usage->ru_stime.tv_sec * 1000000 + usage->ru_stime.tv_usec);
}
