/* SPDX-License-Identifier: MIT
 *
 * test_directory: directories of a test's own, with whole trees of files in them where a test asks for a machine that
 * is not this one. Nothing is left of them, whatever becomes of the test: what a failed test did not remove is removed
 * at the program's end, and what a child did not (it may have become a user who cannot) by its parent, which reads of
 * it in memory that they share. In TMPDIR, else in /tmp.
 */
#ifndef MUSTER_TESTS_TEST_DIRECTORY_H
#define MUSTER_TESTS_TEST_DIRECTORY_H

#include "unit_test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEST_DIRECTORIES_MOST = 64, TEST_PATH_BYTES = 64 };

struct test_directory {
	pid_t maker; /* 0: the slot is free */
	char path[TEST_PATH_BYTES];
};

static struct test_directory *test_directories; /* shared with children */
static pid_t test_directories_owner;

static inline int test_directory_remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void test_directory_remove(const char *path)
{
	nftw(path, test_directory_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	for (int i = 0; i < TEST_DIRECTORIES_MOST; i++)
		if (strcmp(test_directories[i].path, path) == 0 && access(path, F_OK) < 0 && errno == ENOENT)
			test_directories[i].maker = 0;
}

/* Those that the process `maker` left behind; 0: whoever it was. */
static inline void test_directories_clear(pid_t maker)
{
	for (int i = 0; i < TEST_DIRECTORIES_MOST; i++)
		if (test_directories[i].maker != 0 && (maker == 0 || test_directories[i].maker == maker))
			test_directory_remove(test_directories[i].path);
}

static inline void test_directories_at_exit(void)
{
	if (getpid() == test_directories_owner)
		test_directories_clear(0);
}

/* Before a child is made that may make directories. */
static inline void test_directories_share(void)
{
	if (test_directories != NULL)
		return;
	size_t size = TEST_DIRECTORIES_MOST * sizeof *test_directories;
	test_directories = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(test_directories != MAP_FAILED);
	test_directories_owner = getpid();
	assert_int_equal(atexit(test_directories_at_exit), 0);
}

static inline char *test_directory_make(void)
{
	const char *place = getenv("TMPDIR");
	struct test_directory *slot = NULL;
	test_directories_share();
	for (int i = 0; i < TEST_DIRECTORIES_MOST && slot == NULL; i++)
		slot = test_directories[i].maker == 0 ? &test_directories[i] : NULL;
	assert_non_null(slot);
	int length = snprintf(slot->path, sizeof slot->path, "%s/muster-unit-XXXXXX", place == NULL ? "/tmp" : place);
	assert_in_range(length, 1, sizeof slot->path - 1);
	assert_non_null(mkdtemp(slot->path));
	slot->maker = getpid();
	return slot->path;
}

/* Writes a file below the directory, and makes the directories on its way. */
static inline void test_directory_put(const char *directory, const char *content, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static inline void test_directory_put(const char *directory, const char *content, const char *format, ...)
{
	char path[512];
	va_list args;
	int used = snprintf(path, sizeof path, "%s", directory);
	va_start(args, format);
	vsnprintf(path + used, sizeof path - (size_t)used, format, args);
	va_end(args);
	for (char *slash = path + strlen(directory) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	FILE *to = fopen(path, "we");
	assert_non_null(to);
	assert_true(fputs(content, to) >= 0);
	assert_int_equal(fclose(to), 0);
}

struct test_file {
	const char *path; /* NULL: no file, and the end of a list */
	const char *content;
};

static inline void test_directory_put_files(const char *directory, const struct test_file *files, size_t most)
{
	for (size_t i = 0; i < most && files[i].path != NULL; i++)
		test_directory_put(directory, files[i].content, "%s", files[i].path);
}

#endif
