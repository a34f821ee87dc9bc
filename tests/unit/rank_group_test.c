/* SPDX-License-Identifier: MIT
 *
 * rank_group: who is asked to stop and who is killed is marked so, but for those that had ended by themselves before,
 * although nobody had taken note of it yet: of several that fail at once, each has failed by itself.
 */
#include "run_fixture.h"

#include "run/job_result.h"
#include "run/rank_group.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { RUNNING, STOPPED, ENDED, NOT_STARTED, RANKS };

struct group {
	struct rank_group group;
	struct job_result result;
	pid_t pids[RANKS];
};

static void add_rank(struct group *g, uint32_t rank)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(FIXTURE_LIFE_S);
		setpgid(0, 0);
		if (rank == ENDED)
			_exit(7);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	g->pids[rank] = pid;
	rank_group_add(&g->group, rank, pid, (int)syscall(SYS_pidfd_open, pid, 0));
}

static void begin(struct group *g)
{
	int status;
	siginfo_t info;
	alarm(FIXTURE_LIFE_S);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	rank_group_init(&g->group, RANKS);
	job_result_init(&g->result, RANKS);
	for (uint32_t r = 0; r < NOT_STARTED; r++)
		add_rank(g, r);
	assert_int_equal(g->group.running, 3);
	assert_int_equal(waitid(P_PID, (id_t)g->pids[ENDED], &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(kill(g->pids[STOPPED], SIGSTOP), 0);
	assert_int_equal(waitpid(g->pids[STOPPED], &status, WUNTRACED), g->pids[STOPPED]);
}

/* The two that lived were ended by `signal`, and are marked; the third ended by itself. */
static void finish(struct group *g, int signal, bool killed)
{
	for (uint32_t r = RUNNING; r <= ENDED; r++) {
		int status = fixture_wait(g->pids[r]);
		bool lived = r != ENDED;
		assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : 0, lived ? signal : 0);
		assert_int_equal(g->result.ranks[r].stopped, lived);
		assert_int_equal(g->result.ranks[r].killed, lived && killed);
		rank_group_remove(&g->group, r);
	}
	assert_int_equal(g->group.running, 0);
	assert_false(g->result.ranks[NOT_STARTED].stopped);
	rank_group_finish(&g->group);
	job_result_finish(&g->result);
}

static void who_is_asked_is_woken_and_marked_and_who_had_ended_is_not(void **state)
{
	(void)state;
	struct group g;
	begin(&g);
	rank_group_ask(&g.group, SIGTERM, &g.result);
	finish(&g, SIGTERM, false);
}

static void who_is_killed_is_marked_and_who_had_ended_is_not(void **state)
{
	(void)state;
	struct group g;
	begin(&g);
	rank_group_kill(&g.group, &g.result);
	finish(&g, SIGKILL, true);
}

static void who_runs_is_described_for_the_result(void **state)
{
	(void)state;
	struct group g;
	begin(&g);
	rank_group_describe(&g.group, &g.result);
	assert_ptr_equal(strstr(g.result.ranks[STOPPED].lost_detail, "state T (stopped)"),
	                 g.result.ranks[STOPPED].lost_detail);
	assert_null(g.result.ranks[NOT_STARTED].lost_detail);
	rank_group_describe(&g.group, &g.result); /* once more: nothing is lost */
	rank_group_kill(&g.group, &g.result);
	finish(&g, SIGKILL, true);
}

int main(void)
{
	fixture_leave_group();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_asked_is_woken_and_marked_and_who_had_ended_is_not),
		cmocka_unit_test(who_is_killed_is_marked_and_who_had_ended_is_not),
		cmocka_unit_test(who_runs_is_described_for_the_result),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
