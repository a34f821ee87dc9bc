/* SPDX-License-Identifier: MIT
 *
 * run_fixture: a launch plan written down by hand, a directory of the test's own, and what tests of processes and pipes
 * need again and again. Every test program that uses it bounds its own life (fixture_begin sets an alarm).
 */
#ifndef MUSTER_TESTS_RUN_FIXTURE_H
#define MUSTER_TESTS_RUN_FIXTURE_H

#include "test_directory.h"

#include "base/error.h"
#include "base/index_set.h"
#include "plan/launch_plan.h"
#include "spec/job_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIXTURE_RANKS = 4, FIXTURE_SINKS = 3, FIXTURE_LIFE_S = 120 };

struct run_fixture {
	char *directory;
	struct job_spec spec;
	struct launch_plan plan;
	struct rank_plan ranks[FIXTURE_RANKS];
	struct rank_placement places[FIXTURE_RANKS];
	struct rank_sink sinks[FIXTURE_RANKS][2][FIXTURE_SINKS];
	char *argv[FIXTURE_RANKS][8];
	char *no_lines[1];
	char texts[64][128]; /* what the plan points to */
	size_t text_count;
};

/* The plan's texts are not const: it owns them elsewhere. */
static inline char *fixture_text(struct run_fixture *f, const char *text)
{
	assert_true(f->text_count < COUNT_OF(f->texts) && strlen(text) < sizeof f->texts[0]);
	return strcpy(f->texts[f->text_count++], text);
}

static inline char *fixture_path(struct run_fixture *f, const char *name)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", f->directory, name);
	return fixture_text(f, path);
}

/* `nprocs` ranks of /bin/true, unbound, labelled, both streams to the terminal; the job's defaults. */
static inline void fixture_begin(struct run_fixture *f, uint32_t nprocs)
{
	assert_true(nprocs <= FIXTURE_RANKS);
	alarm(FIXTURE_LIFE_S);
	memset(f, 0, sizeof *f);
	f->directory = test_directory_make();
	job_spec_init(&f->spec);
	f->plan = (struct launch_plan){.spec = &f->spec,
	                               .nprocs = nprocs,
	                               .world_size = nprocs,
	                               .ranks = f->ranks,
	                               .job_environment = f->no_lines};
	for (uint32_t r = 0; r < nprocs; r++) {
		f->argv[r][0] = fixture_text(f, "/bin/true");
		f->ranks[r] = (struct rank_plan){
			.rank = r,
			.local_rank = r,
			.argv = f->argv[r],
			.environment = f->no_lines,
			.place = &f->places[r],
			.stdout_sinks = {f->sinks[r][0], 1},
			.stderr_sinks = {f->sinks[r][1], 1},
		};
	}
}

/* What a segment is made from, too. */
static inline void fixture_begin_job(struct run_fixture *f, uint32_t nprocs)
{
	static char id[] = "work-a1";
	fixture_begin(f, nprocs);
	f->plan.domain_count = 1;
	f->plan.job_id = id;
}

static inline void fixture_end(struct run_fixture *f)
{
	for (uint32_t r = 0; r < f->plan.nprocs; r++) {
		index_set_finish(&f->places[r].cpus);
		index_set_finish(&f->places[r].nodes);
	}
	job_spec_finish(&f->spec);
	test_directory_remove(f->directory);
	alarm(0);
}

static inline void fixture_write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* The whole of a file or of a pipe up to its end; NUL-terminated beyond `length`; free() it. */
static inline char *fixture_read_all(int fd, size_t *length)
{
	size_t capacity = 1 << 16, used = 0;
	char *bytes = malloc(capacity + 1);
	ssize_t got;
	assert_non_null(bytes);
	while ((got = read(fd, bytes + used, capacity - used)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		assert_true(got > 0);
		used += (size_t)got;
		if (used == capacity) {
			capacity *= 2;
			bytes = realloc(bytes, capacity + 1);
			assert_non_null(bytes);
		}
	}
	bytes[used] = '\0';
	if (length != NULL)
		*length = used;
	return bytes;
}

/* `length` bytes of a pipe whose writer stays; free() them. */
static inline char *fixture_read_some(int fd, size_t length)
{
	char *bytes = malloc(length + 1);
	assert_non_null(bytes);
	for (size_t used = 0; used < length;) {
		ssize_t got = read(fd, bytes + used, length - used);
		assert_true(got > 0 || (got < 0 && errno == EINTR));
		used += got > 0 ? (size_t)got : 0;
	}
	bytes[length] = '\0';
	return bytes;
}

static inline char *fixture_read_file(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	char *bytes = fixture_read_all(fd, length);
	close(fd);
	return bytes;
}

/* Waits for the process and returns its status as of wait(2). */
static inline int fixture_wait(pid_t pid)
{
	int status = -1;
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

/* Runs `body` in a child of its own, for what changes a process for good; its return value must be 0. A check of
 * cmocka's that fails in there ends it with another code. */
static inline void fixture_in_child(void (*body)(void *context), void *context)
{
	fflush(NULL);
	test_directories_share();
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(FIXTURE_LIFE_S);
		body(context);
		_exit(0);
	}
	int status = fixture_wait(pid);
	test_directories_clear(pid);
	assert_int_equal(status, 0);
}

/* In such a child: says what was wrong and ends it. */
#define child_must(condition)                                                                                          \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno));           \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

/* For tests that stop processes: the kernel sends SIGHUP to a process group that is orphaned while one of it is
 * stopped, and where the tests are started without a terminal that group would be the runner's own. */
static inline void fixture_leave_group(void)
{
	setpgid(0, 0);
	signal(SIGHUP, SIG_IGN);
}

#endif
