/* SPDX-License-Identifier: MIT
 *
 * descendants: see descendants.h. Read from /proc/PID/task/TID/children, or, where the kernel has none, from the parent
 * in every /proc/PID/stat. Processes are called by the numbers that /proc has for them, which are not those of our own
 * system calls where the /proc of another pid namespace is mounted: such a number is never given to kill or pidfd_open.
 */
#include "run/descendants.h"

#include "run/process_stat.h"
#include "run/spared.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_ROUNDS_MAX = 200 };

bool descendants_visible(void)
{
	return process_own_number() > 0;
}

/* Without memory the list stays short: what it lacks is found in the next round. */
static void add_pid(struct process_list *list, pid_t pid)
{
	if (list->count == list->capacity) {
		uint32_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
		pid_t *grown = reallocarray(list->pids, capacity, sizeof *grown);
		if (grown == NULL)
			return;
		list->pids = grown;
		list->capacity = capacity;
	}
	list->pids[list->count++] = pid;
}

static void add_children_of_thread(struct process_list *list, pid_t pid, const char *thread, bool *readable)
{
	char path[96];
	snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)pid, thread);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	*readable = true;
	int child;
	while (fscanf(file, "%d", &child) == 1)
		if (!spared_has(child))
			add_pid(list, child);
	fclose(file);
}

static bool add_children(struct process_list *list, pid_t pid)
{
	char path[64];
	bool readable = false;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	if (tasks == NULL)
		return true; /* gone: its children are somebody else's by now */
	for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
		if (entry->d_name[0] != '.')
			add_children_of_thread(list, pid, entry->d_name, &readable);
	closedir(tasks);
	return readable;
}

static bool list_has(const struct process_list *list, pid_t pid)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->pids[i] == pid)
			return true;
	return false;
}

static bool add_by_parent_once(struct process_list *list, pid_t root)
{
	uint32_t before = list->count;
	DIR *proc = opendir("/proc");
	if (proc == NULL)
		return false;
	for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
		struct process_stat stat;
		pid_t pid = atoi(entry->d_name);
		if (pid <= 0 || list_has(list, pid) || spared_has(pid) || !process_stat_read(pid, &stat))
			continue;
		if (stat.parent == root || list_has(list, stat.parent))
			add_pid(list, pid);
	}
	closedir(proc);
	return list->count > before;
}

static void drop_dead(struct process_list *list, pid_t except)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < list->count; i++) {
		struct process_stat stat;
		pid_t pid = list->pids[i];
		if (pid != except && process_stat_read(pid, &stat) && stat.state != 'Z' && stat.state != 'X')
			list->pids[kept++] = pid;
	}
	list->count = kept;
}

void descendants_list(struct process_list *list, pid_t except)
{
	pid_t self = process_own_number();
	list->count = 0;
	if (self <= 0)
		return;
	bool readable = add_children(list, self);
	for (uint32_t at = 0; readable && at < list->count; at++)
		add_children(list, list->pids[at]);
	if (!readable)
		while (add_by_parent_once(list, self))
			;
	drop_dead(list, except);
}

void descendants_spare(void)
{
	struct process_list children = {0};
	siginfo_t any;
	if (waitid(P_ALL, 0, &any, WEXITED | WNOHANG | WNOWAIT) < 0)
		return; /* there is none, as a rule */
	pid_t self = process_own_number();
	if (self <= 0)
		return;
	if (!add_children(&children, self))
		add_by_parent_once(&children, self);
	for (uint32_t i = 0; i < children.count; i++)
		spared_add(children.pids[i]);
	process_list_finish(&children);
}

void process_list_finish(struct process_list *list)
{
	free(list->pids);
	*list = (struct process_list){0};
}

static bool is_below(pid_t pid, pid_t self)
{
	struct process_stat stat;
	for (int depth = 0; depth < 1000 && pid > 1 && process_stat_read(pid, &stat); depth++) {
		if (stat.parent == self)
			return true;
		pid = stat.parent;
	}
	return false;
}

/* A number may have been given to a stranger since it was listed; its directory, which serves as a pidfd, stays with
 * the process that it was opened for: first the directory, then the proof. */
static bool signal_proven(pid_t pid, pid_t self, int signal)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return false;
	bool sent = is_below(pid, self) && syscall(SYS_pidfd_send_signal, directory, signal, NULL, 0) == 0;
	close(directory);
	return sent;
}

static uint32_t signal_list(const struct process_list *list, int signal)
{
	pid_t self = process_own_number();
	uint32_t sent = 0;
	for (uint32_t i = 0; i < list->count && self > 0; i++)
		sent += signal_proven(list->pids[i], self, signal) ? 1 : 0;
	return sent;
}

uint32_t descendants_signal(int signal, pid_t except)
{
	struct process_list list = {0};
	descendants_list(&list, except);
	uint32_t sent = signal_list(&list, signal);
	if (signal != SIGKILL && signal != SIGSTOP && signal != SIGCONT)
		signal_list(&list, SIGCONT);
	process_list_finish(&list);
	return sent;
}

/* Who is in both is in the same order, mostly: the search goes on where the last one ended, so that of 65,536 ranks
 * each is looked at once. */
static bool all_known(const struct process_list *now, const struct process_list *before)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < now->count; i++) {
		uint32_t searched = 0;
		for (; searched < before->count && before->pids[at] != now->pids[i]; searched++)
			at = at + 1 < before->count ? at + 1 : 0;
		if (searched == before->count)
			return false;
	}
	return true;
}

uint32_t descendants_kill(pid_t except)
{
	struct process_list before = {0}, now = {0};
	for (int round = 0; round < STOP_ROUNDS_MAX; round++) {
		descendants_list(&now, except);
		if (now.count <= 1 || all_known(&now, &before))
			break;
		signal_list(&now, SIGSTOP);
		struct process_list swapped = before;
		before = now;
		now = swapped;
	}
	descendants_list(&now, except);
	uint32_t killed = signal_list(&now, SIGKILL);
	process_list_finish(&before);
	process_list_finish(&now);
	return killed;
}
