/* SPDX-License-Identifier: MIT
 *
 * job_cgroup: who is born into the group is counted and killed in it, in groups below it too, and nobody else; the
 * group is gone in the end. Skipped where no group of version 2 can be made.
 */
#include "run_fixture.h"

#include "run/job_cgroup.h"
#include "run/rank_clone.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

enum { STACK_BYTES = 64 * 1024 };

static int make(void **state)
{
	static struct job_cgroup group;
	char id[64];
	alarm(FIXTURE_LIFE_S);
	snprintf(id, sizeof id, "unit-%d", (int)getpid());
	*state = job_cgroup_make(&group, id) ? &group : NULL;
	return 0;
}

static int unmake(void **state)
{
	if (*state != NULL) {
		job_cgroup_kill(*state);
		job_cgroup_remove(*state);
		job_cgroup_finish(*state);
	}
	return 0;
}

static struct job_cgroup *need(void **state)
{
	if (*state == NULL)
		skip();
	return *state;
}

static int wait_for_ever(void *unused)
{
	(void)unused;
	syscall(SYS_close_range, 3U, ~0U, 0U); /* as a rank does; locks among them */
	while (pause() != 0)
		;
	return 0;
}

/* A process of this program's memory in the group behind `fd`. */
static pid_t start_by(int fd)
{
	int pidfd = -1;
	static volatile int32_t tid;
	char *lowest = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(lowest, MAP_FAILED);
	assert_true(fd >= 0);
	const struct rank_stack stack = {lowest, STACK_BYTES};
	pid_t pid = rank_clone_into(fd, &stack, wait_for_ever, NULL, &pidfd, &tid);
	if (pid == -ENOSYS)
		skip();
	assert_true(pid > 0 && pidfd >= 0);
	close(pidfd);
	return pid;
}

static pid_t start_in(const struct job_cgroup *group)
{
	return start_by(job_cgroup_descriptor(group));
}

static void no_group_is_empty_and_needs_nothing(void **state)
{
	(void)state;
	static const struct job_cgroup none;
	const struct job_cgroup *const both[] = {&none, NULL};
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		assert_true(job_cgroup_is_empty(both[i]));
		assert_int_equal(job_cgroup_count(both[i]), 0);
		assert_int_equal(job_cgroup_descriptor(both[i]), -1);
		job_cgroup_kill(both[i]);
		job_cgroup_remove(both[i]);
		assert_int_equal(job_cgroup_make_below(both[i], 1), -1);
	}
}

static void who_is_born_into_it_is_counted_and_killed(void **state)
{
	const struct job_cgroup *group = need(state);
	assert_true(job_cgroup_is_empty(group));
	pid_t inside = start_in(group);
	assert_false(job_cgroup_is_empty(group));
	assert_int_equal(job_cgroup_count(group), 1);
	job_cgroup_kill(group);
	assert_int_equal(WTERMSIG(fixture_wait(inside)), SIGKILL); /* and this process lives */
	assert_true(job_cgroup_is_empty(group));
	assert_int_equal(job_cgroup_count(group), 0);
}

static void a_group_below_it_belongs_to_it(void **state)
{
	char below[256], procs[300], number[32];
	struct job_cgroup *group = need(state);
	pid_t inside = start_in(group);
	snprintf(below, sizeof below, "%s/below", group->directory);
	snprintf(procs, sizeof procs, "%s/cgroup.procs", below);
	snprintf(number, sizeof number, "%d", (int)inside);
	assert_int_equal(mkdir(below, 0755), 0);
	fixture_write_file(procs, number, 0644);
	assert_int_equal(job_cgroup_count(group), 1);
	assert_false(job_cgroup_is_empty(group));
	job_cgroup_remove(group); /* it stays, for it is not empty */
	assert_int_equal(access(below, F_OK), 0);
	job_cgroup_kill(group);
	assert_int_equal(WTERMSIG(fixture_wait(inside)), SIGKILL);
	job_cgroup_remove(group);
	assert_int_equal(access(group->directory, F_OK), -1);
	job_cgroup_remove(group); /* gone is gone */
}

static void the_next_incarnation_is_born_into_a_group_that_was_never_killed(void **state)
{
	struct job_cgroup *group = need(state);
	struct timespec moment = {0, 20000000};
	pid_t inside = start_in(group);
	for (uint32_t incarnation = 1; incarnation < 4; incarnation++) {
		job_cgroup_kill(group);
		assert_int_equal(WTERMSIG(fixture_wait(inside)), SIGKILL);
		assert_true(job_cgroup_is_empty(group));
		int fd = job_cgroup_make_below(group, incarnation);
		inside = start_by(fd);
		close(fd);
		nanosleep(&moment, NULL);
		assert_int_equal(waitpid(inside, NULL, WNOHANG), 0); /* it lives */
		assert_int_equal(job_cgroup_count(group), 1);
	}
	job_cgroup_kill(group);
	assert_int_equal(WTERMSIG(fixture_wait(inside)), SIGKILL);
	job_cgroup_remove(group);
	assert_int_equal(access(group->directory, F_OK), -1);
}

/* A kernel before 5.14, as far as one can be had: its cgroup.kill cannot be written to. */
static void kill_without_cgroup_kill(void *context)
{
	const struct job_cgroup *group = context;
	char path[256];
	snprintf(path, sizeof path, "%s/cgroup.kill", group->directory);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(77);
	child_must(mount("/dev/null", path, NULL, MS_BIND, NULL) == 0);
	child_must(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	child_must(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV, NULL) == 0);
	child_must(open(path, O_WRONLY | O_CLOEXEC) < 0);
	job_cgroup_kill(group);
}

static void without_the_file_for_it_they_are_frozen_and_killed(void **state)
{
	const struct job_cgroup *group = need(state);
	if (geteuid() != 0)
		skip();
	pid_t inside[] = {start_in(group), start_in(group)};
	fflush(NULL);
	pid_t killer = fork();
	if (killer == 0) {
		kill_without_cgroup_kill((void *)(uintptr_t)group);
		_exit(0);
	}
	int status = fixture_wait(killer);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
	for (size_t i = 0; i < COUNT_OF(inside); i++)
		assert_int_equal(WTERMSIG(fixture_wait(inside[i])), SIGKILL);
}

/* Another job's, whose muster is gone as soon as its lock is. */
static void what_nobody_holds_any_more_is_reclaimed_and_nothing_else(void **state)
{
	struct job_cgroup *group = need(state), other = {0};
	char id[64], directory[256];
	snprintf(id, sizeof id, "unit-other-%d", (int)getpid());
	assert_true(job_cgroup_make(&other, id));
	snprintf(directory, sizeof directory, "%s", other.directory);
	pid_t inside = start_in(&other);
	job_cgroup_reclaim(group);
	assert_int_equal(job_cgroup_count(&other), 1);
	int status;
	close(other.lock);
	while (waitpid(inside, &status, WNOHANG) == 0) { /* it takes a moment to close its copy */
		job_cgroup_reclaim(group);
		poll(NULL, 0, 1);
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	job_cgroup_reclaim(group); /* now it is empty for certain */
	assert_int_equal(access(directory, F_OK), -1);
	assert_int_equal(access(group->directory, F_OK), 0);
	free(other.directory);
}

static void be_nobody(void *unused)
{
	struct job_cgroup group = {0};
	(void)unused;
	child_must(setresuid(65534, 65534, 65534) == 0);
	child_must(!job_cgroup_make(&group, "unit-nobody"));
	child_must(group.directory == NULL);
}

static void where_none_may_be_made_there_is_none(void **state)
{
	if (geteuid() != 0)
		skip();
	(void)state;
	fixture_in_child(be_nobody, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_group_is_empty_and_needs_nothing),
		cmocka_unit_test_setup_teardown(who_is_born_into_it_is_counted_and_killed, make, unmake),
		cmocka_unit_test_setup_teardown(a_group_below_it_belongs_to_it, make, unmake),
		cmocka_unit_test_setup_teardown(the_next_incarnation_is_born_into_a_group_that_was_never_killed, make,
	                                        unmake),
		cmocka_unit_test_setup_teardown(without_the_file_for_it_they_are_frozen_and_killed, make, unmake),
		cmocka_unit_test_setup_teardown(what_nobody_holds_any_more_is_reclaimed_and_nothing_else, make, unmake),
		cmocka_unit_test(where_none_may_be_made_there_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
