/* SPDX-License-Identifier: MIT
 *
 * report_file_place: a directory to write a document to, and looks at what became of it.
 */
#ifndef MUSTER_TESTS_REPORT_FILE_PLACE_H
#define MUSTER_TESTS_REPORT_FILE_PLACE_H

#include "test_directory.h"

#include "report/report_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char document[] = "{\"schema\": \"muster.report/1\"}\n";
static char *directory;

/* Tests run in a directory of their own, so that names can be short and exact. */
static inline int enter_directory(void **state)
{
	(void)state;
	directory = test_directory_make();
	return chdir(directory);
}

static inline int remove_directory(void **state)
{
	(void)state;
	test_directory_remove(directory);
	return chdir("/");
}

static inline void assert_file_is(const char *path, const char *expected)
{
	char read_back[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(read(fd, read_back, sizeof read_back - 1) >= 0);
	close(fd);
	assert_string_equal(read_back, expected);
}

static inline void make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static inline uint32_t count_entries(const char *path)
{
	DIR *open_directory = opendir(path);
	uint32_t count = 0;
	assert_non_null(open_directory);
	for (struct dirent *entry = readdir(open_directory); entry != NULL; entry = readdir(open_directory))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(open_directory);
	return count;
}

static inline int write_document(const char *path, struct error *err)
{
	return report_file_write("the report", path, document, strlen(document), err);
}

/* Runs `act` in a child and returns what it leaves with, for what changes the process as a whole. */
static inline int in_child(int (*act)(void))
{
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		alarm(60);
		_exit(act());
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
