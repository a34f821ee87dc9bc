/* SPDX-License-Identifier: MIT
 *
 * make_orphans COUNT CODE: makes COUNT orphans (a child forks a grandchild and exits; the grandchild ends soon after),
 * waits for its own children only, then prints how many zombies /proc shows once they have had time to be reaped, as
 * "zombies N", and exits with CODE.
 */
#include "helper.h"

#include <dirent.h>
#include <sys/wait.h>

static void make_one(void)
{
	pid_t child = fork();
	if (child < 0)
		helper_give_up("fork");
	if (child == 0) {
		pid_t orphan = fork();
		if (orphan == 0)
			helper_sleep_ms(1);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static int is_zombie(const char *pid)
{
	char path[300], text[512] = "";
	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	const char *after_name = strrchr(text, ')');
	return after_name && after_name[1] == ' ' && after_name[2] == 'Z';
}

static int count_zombies(void)
{
	int zombies = 0;
	DIR *directory = opendir("/proc");
	if (!directory)
		helper_give_up("/proc");
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			zombies += is_zombie(entry->d_name);
	closedir(directory);
	return zombies;
}

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 3)
		helper_give_up("usage: make_orphans COUNT CODE");
	int most = 0;
	for (int i = 0; i < atoi(argv[1]); i++) {
		make_one();
		if (i % 1000 == 999) {
			int now = count_zombies();
			most = now > most ? now : most;
		}
	}
	int zombies = count_zombies();
	for (int wait_ms = 0; zombies > 0 && wait_ms < 1000; wait_ms += 20) {
		helper_sleep_ms(20);
		zombies = count_zombies();
	}
	printf("zombies %d, at most %d\n", zombies, most);
	return atoi(argv[2]);
}
