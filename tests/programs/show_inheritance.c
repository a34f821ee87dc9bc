/* SPDX-License-Identifier: MIT
 *
 * show_inheritance: prints, as one JSON object, what this process got from whoever started it: descriptors, signal mask
 * and dispositions, umask, priorities, limits, groups, CPUs of its first and of a second thread, death signal,
 * environment. It changes nothing before it has looked.
 */
#include "helper.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

extern char **environ;

static void print_text(const char *text)
{
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if (*at < 0x20 || *at >= 0x7f)
			printf("\\u%04x", *at);
		else
			putchar(*at);
	}
	putchar('"');
}

static void print_fds(void)
{
	const char *separator = "";
	DIR *directory = opendir("/proc/self/fd");
	if (!directory)
		helper_give_up("/proc/self/fd");
	printf("\"fds\": {");
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char path[300], target[4096];
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(directory))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		ssize_t length = readlink(path, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = '\0';
		printf("%s\"%s\": ", separator, entry->d_name);
		print_text(target);
		separator = ", ";
	}
	closedir(directory);
	printf("},\n");
}

static void print_status(void)
{
	static const char *const wanted[] = {"SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "CapEff"};
	char line[4096];
	FILE *file = fopen("/proc/self/status", "r");
	if (!file)
		helper_give_up("/proc/self/status");
	while (fgets(line, sizeof(line), file)) {
		char *value = strchr(line, '\t');
		for (size_t i = 0; value && i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				printf("\"%s\": \"%.*s\",\n", wanted[i], (int)strcspn(value + 1, "\n"), value + 1);
	}
	fclose(file);
}

static void print_limits(void)
{
	printf("\"limits\": [");
	for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
		struct rlimit limit;
		if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
			helper_give_up("getrlimit");
		printf("%s[%lld, %lld]", resource ? ", " : "", (long long)limit.rlim_cur, (long long)limit.rlim_max);
	}
	printf("],\n");
}

static void print_affinity(const char *name)
{
	const char *separator = "";
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		helper_give_up("sched_getaffinity");
	printf("\"%s\": [", name);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &set)) {
			printf("%s%d", separator, cpu);
			separator = ", ";
		}
	printf("],\n");
}

static void *print_thread_affinity(void *unused)
{
	print_affinity("thread_affinity");
	return unused;
}

static void print_first_line(const char *name, const char *path)
{
	char line[64] = "";
	FILE *file = fopen(path, "r");
	if (file && fgets(line, sizeof(line), file))
		line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
	printf("\"%s\": \"%s\",\n", name, line);
}

static void print_ids(void)
{
	gid_t groups[256];
	int death_signal = -1, count = getgroups(256, groups);
	prctl(PR_GET_PDEATHSIG, &death_signal);
	printf("\"pid\": %d, \"ppid\": %d, \"pgid\": %d, \"sid\": %d,\n", getpid(), getppid(), getpgid(0), getsid(0));
	printf("\"uid\": %u, \"gid\": %u, \"group_count\": %d,\n", getuid(), getgid(), count);
	printf("\"death_signal\": %d, \"policy\": %d, \"timer_slack\": %d,\n", death_signal, sched_getscheduler(0),
	       prctl(PR_GET_TIMERSLACK));
}

static void print_environment(void)
{
	printf("\"environment\": [");
	for (char **at = environ; *at; at++) {
		printf("%s", at == environ ? "" : ",\n  ");
		print_text(*at);
	}
	printf("]\n");
}

int main(void)
{
	char directory[4096] = "";
	pthread_t thread;
	printf("{\"rank\": %d,\n", helper_rank());
	print_fds();
	print_status();
	print_limits();
	print_ids();
	print_affinity("affinity");
	if (pthread_create(&thread, NULL, print_thread_affinity, NULL) != 0 || pthread_join(thread, NULL) != 0)
		helper_give_up("pthread_create");
	print_first_line("oom_score_adj", "/proc/self/oom_score_adj");
	mode_t mask = umask(0);
	printf("\"umask\": %u, \"nice\": %d,\n", (unsigned int)mask, getpriority(PRIO_PROCESS, 0));
	printf("\"directory\": ");
	print_text(getcwd(directory, sizeof(directory)) ? directory : "");
	printf(",\n");
	print_environment();
	printf("}\n");
	return fflush(stdout) == 0 ? 0 : HELPER_WRONG;
}
