/* SPDX-License-Identifier: MIT
 *
 * descendants: everything below this process is found, wherever it fled to, and nobody else is ever signalled.
 */
#include "mount_space.h"

#include "run/descendants.h"
#include "run/process_stat.h"

#include <signal.h>
#include <sys/prctl.h>

enum { TREE_SIZE = 5, STORM_ROUNDS_MAX = 250, STORM_LIFE_S = 20 };

/* Each of a tree says who it is and waits to be ended. */
static _Noreturn void report_and_wait(int to)
{
	pid_t self = getpid();
	alarm(FIXTURE_LIFE_S);
	prctl(PR_SET_NAME, ") Z 1 ("); /* a name that must not be taken for the rest of its line */
	if (write(to, &self, sizeof self) != (ssize_t)sizeof self)
		_exit(1);
	for (;;)
		pause();
}

static void report_below(int to, bool own_session)
{
	if (fork() != 0)
		return;
	if (own_session)
		setsid();
	report_and_wait(to);
}

/* A child with a child of its own, one in another session, and a daemon that forked twice. */
static _Noreturn void be_tree(int to)
{
	report_below(to, false);
	report_below(to, true);
	if (fork() == 0) {
		setsid();
		report_below(to, false);
		_exit(0); /* the daemon's parent: the daemon comes to the subreaper */
	}
	while (wait(NULL) < 0)
		;
	setpgid(0, 0);
	report_and_wait(to);
}

static void make_tree(pid_t pids[TREE_SIZE])
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	pid_t top = fork();
	if (top == 0)
		be_tree(ends[1]);
	pid_t lone = fork();
	if (lone == 0)
		report_and_wait(ends[1]);
	assert_true(top > 0 && lone > 0);
	close(ends[1]);
	for (int i = 0; i < TREE_SIZE; i++)
		assert_int_equal(read(ends[0], &pids[i], sizeof *pids), sizeof *pids);
	close(ends[0]);
}

static bool contains(const struct process_list *list, pid_t pid)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->pids[i] == pid)
			return true;
	return false;
}

/* Reaps until no child is left; how many of them `signal` had ended. */
static int reap_all(int signal)
{
	int status, count = 0;
	while (waitpid(-1, &status, 0) > 0)
		count += WIFSIGNALED(status) && WTERMSIG(status) == signal;
	assert_int_equal(errno, ECHILD);
	return count;
}

static int become_subreaper(void **state)
{
	(void)state;
	alarm(FIXTURE_LIFE_S);
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void all_are_found_wherever_they_fled_to(void **state)
{
	(void)state;
	pid_t pids[TREE_SIZE];
	struct process_list list = {0};
	make_tree(pids);
	descendants_list(&list, 0);
	assert_int_equal(list.count, TREE_SIZE);
	for (int i = 0; i < TREE_SIZE; i++)
		assert_true(contains(&list, pids[i]));
	process_list_finish(&list);
	assert_int_equal(descendants_kill(0), TREE_SIZE);
	assert_int_equal(reap_all(SIGKILL), TREE_SIZE); /* even those whose parents were killed come here */
}

/* As on a kernel whose /proc has no lists of children: its own threads are all that is asked for first. */
static void find_by_parents(void *unused)
{
	(void)unused;
	pid_t pids[TREE_SIZE];
	struct process_list list = {0};
	child_must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	child_must(mount_space_enter());
	child_must(mount("none", "/proc/self/task", "tmpfs", 0, NULL) == 0);
	make_tree(pids);
	descendants_list(&list, 0);
	child_must(list.count == TREE_SIZE);
	for (int i = 0; i < TREE_SIZE; i++)
		child_must(contains(&list, pids[i]));
	process_list_finish(&list);
	child_must(descendants_kill(0) == TREE_SIZE);
	while (wait(NULL) > 0)
		;
	descendants_list(&list, 0);
	child_must(list.count == 0);
	process_list_finish(&list);
}

static void where_no_lists_of_children_are_all_are_found_by_their_parents(void **state)
{
	(void)state;
	mount_space_or_skip();
	fixture_in_child(find_by_parents, NULL);
}

static void an_excepted_process_is_left_out_but_not_what_is_below_it(void **state)
{
	(void)state;
	pid_t pids[TREE_SIZE];
	struct process_list list = {0};
	make_tree(pids);
	descendants_list(&list, 0);
	pid_t first = list.pids[0];
	descendants_list(&list, first);
	assert_int_equal(list.count, TREE_SIZE - 1);
	assert_false(contains(&list, first));
	assert_int_equal(descendants_kill(first), TREE_SIZE - 1);
	do { /* who was sent SIGKILL takes a moment to end */
		poll(NULL, 0, 1);
		descendants_list(&list, 0);
	} while (list.count > 1);
	assert_int_equal(list.pids[0], first);
	process_list_finish(&list);
	assert_int_equal(descendants_kill(0), 1);
	reap_all(SIGKILL);
}

static void who_ended_and_was_not_reaped_is_not_listed(void **state)
{
	(void)state;
	struct process_list list = {0};
	siginfo_t info;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	descendants_list(&list, 0);
	assert_int_equal(list.count, 0);
	process_list_finish(&list);
	assert_int_equal(descendants_signal(SIGTERM, 0), 0);
	assert_int_equal(descendants_kill(0), 0);
	fixture_wait(pid);
}

static pid_t start_waiting(bool stopped)
{
	int ends[2], status;
	pid_t told;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		report_and_wait(ends[1]);
	assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
	close(ends[0]);
	close(ends[1]);
	if (stopped) {
		assert_int_equal(kill(pid, SIGSTOP), 0);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	}
	return pid;
}

static void a_stopped_process_is_woken_to_act_on_its_signal(void **state)
{
	(void)state;
	pid_t pid = start_waiting(true);
	assert_int_equal(descendants_signal(SIGTERM, 0), 1);
	int status = fixture_wait(pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void a_process_that_is_to_stop_stays_stopped(void **state)
{
	(void)state;
	int status;
	pid_t pid = start_waiting(false);
	assert_int_equal(descendants_signal(SIGSTOP, 0), 1);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(waitpid(pid, &status, WCONTINUED | WNOHANG), 0);
	assert_int_equal(descendants_signal(SIGCONT, 0), 1);
	assert_int_equal(waitpid(pid, &status, WCONTINUED), pid);
	assert_int_equal(descendants_kill(0), 1);
	fixture_wait(pid);
}

/* The list is read by a process beside the stranger, not above it. */
static void kill_what_is_below(void *unused)
{
	(void)unused;
	pid_t pids[TREE_SIZE];
	child_must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	make_tree(pids);
	child_must(descendants_signal(SIGCONT, 0) == TREE_SIZE);
	child_must(descendants_kill(0) == TREE_SIZE);
	while (wait(NULL) > 0)
		;
	child_must(descendants_kill(0) == 0);
}

static void a_process_that_is_not_below_is_never_signalled(void **state)
{
	(void)state;
	int status;
	pid_t stranger = start_waiting(false);
	fixture_in_child(kill_what_is_below, NULL);
	assert_int_equal(waitpid(stranger, &status, WNOHANG | WUNTRACED | WCONTINUED), 0);
	assert_int_equal(descendants_kill(0), 1);
	fixture_wait(stranger);
}

/* Forks its successor and ends, on and on: no process of it is there for long. */
static _Noreturn void hop(time_t until)
{
	while (time(NULL) < until) {
		pid_t pid = fork();
		if (pid > 0)
			_exit(0);
	}
	_exit(0);
}

/* Has children all the time, and waits for none. */
static _Noreturn void spawn(time_t until)
{
	signal(SIGCHLD, SIG_IGN);
	while (time(NULL) < until)
		if (fork() == 0)
			_exit(0);
	_exit(0);
}

static void what_forks_without_end_is_caught(void **state)
{
	(void)state;
	time_t until = time(NULL) + STORM_LIFE_S;
	int rounds = 0;
	fflush(NULL);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			i < 2 ? hop(until) : spawn(until);
	for (bool left = true; left && rounds < STORM_ROUNDS_MAX; rounds++) { /* as the supervisor does */
		pid_t pid;
		descendants_kill(0);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		left = pid == 0;
	}
	assert_true(rounds < STORM_ROUNDS_MAX);
	assert_true(time(NULL) < until);
}

static void assert_described(pid_t pid, const char *begins)
{
	char *text = process_describe(pid);
	if (begins == NULL)
		assert_null(text);
	else
		assert_ptr_equal(strstr(text, begins), text);
	free(text);
}

static void a_process_is_described_by_its_state(void **state)
{
	(void)state;
	siginfo_t info;
	pid_t pid = start_waiting(true);
	assert_described(pid, "state T (stopped)");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_described(pid, "state Z (ended, not reaped)");
	fixture_wait(pid);
	assert_described(pid, NULL);
}

static void a_waiting_process_is_described_as_sleeping(void **state)
{
	(void)state;
	static const char asleep[] = "state S (sleeping)";
	pid_t pid = start_waiting(false);
	for (bool sleeps = false; !sleeps; poll(NULL, 0, 1)) { /* on its way into pause; the test's alarm ends it */
		char *text = process_describe(pid);
		sleeps = strncmp(text, asleep, strlen(asleep)) == 0;
		free(text);
	}
	assert_int_equal(descendants_kill(0), 1);
	fixture_wait(pid);
}

int main(void)
{
	fixture_leave_group();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_found_wherever_they_fled_to),
		cmocka_unit_test(where_no_lists_of_children_are_all_are_found_by_their_parents),
		cmocka_unit_test(an_excepted_process_is_left_out_but_not_what_is_below_it),
		cmocka_unit_test(who_ended_and_was_not_reaped_is_not_listed),
		cmocka_unit_test(a_stopped_process_is_woken_to_act_on_its_signal),
		cmocka_unit_test(a_process_that_is_to_stop_stays_stopped),
		cmocka_unit_test(a_process_that_is_not_below_is_never_signalled),
		cmocka_unit_test(what_forks_without_end_is_caught),
		cmocka_unit_test(a_process_is_described_by_its_state),
		cmocka_unit_test(a_waiting_process_is_described_as_sleeping),
	};
	return cmocka_run_group_tests(tests, become_subreaper, NULL);
}
