/* SPDX-License-Identifier: MIT
 *
 * deaths: ranks are told in the order in which they ended, whatever the order in which they were started, and whoever
 * else was left to this process is reaped without taking a rank's end from it.
 */
#include "run_fixture.h"

#include "run/deaths.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

enum { RANKS = 12, ROUNDS = 100 };

struct chain {
	struct deaths deaths;
	pid_t pids[RANKS];
	int pidfds[RANKS];
	int orders[RANKS]; /* write ends: a child is told whose end it waits for */
	uint32_t sequence[RANKS];
};

static void wait_for_end(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	while (poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
}

/* Ends after the process that it is told of (0: nobody) has ended, with its own number as exit code. */
static _Noreturn void be_link(int from, int number)
{
	pid_t before = 0;
	alarm(FIXTURE_LIFE_S);
	if (read(from, &before, sizeof before) != (ssize_t)sizeof before)
		_exit(99);
	int pidfd = before == 0 ? -1 : (int)syscall(SYS_pidfd_open, before, 0);
	if (pidfd >= 0) /* else it has been reaped already */
		wait_for_end(pidfd);
	_exit(number);
}

static void start_chain(struct chain *chain)
{
	memset(chain, 0, sizeof *chain);
	assert_int_equal(deaths_init(&chain->deaths, chain->pids, RANKS), 0);
	fflush(NULL);
	for (int i = 0; i < RANKS; i++) {
		int ends[2];
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		chain->pids[i] = fork();
		if (chain->pids[i] == 0)
			be_link(ends[0], i);
		assert_true(chain->pids[i] > 0);
		close(ends[0]);
		chain->orders[i] = ends[1];
		chain->pidfds[i] = (int)syscall(SYS_pidfd_open, chain->pids[i], 0);
		assert_int_equal(deaths_watch(&chain->deaths, (uint32_t)i, chain->pids[i], chain->pidfds[i]), 0);
	}
}

static void shuffle(uint32_t sequence[RANKS], uint64_t *random)
{
	for (uint32_t i = 0; i < RANKS; i++)
		sequence[i] = i;
	for (uint32_t i = RANKS - 1; i > 0; i--) {
		*random = *random * UINT64_C(6364136223846793005) + 1;
		uint32_t other = (uint32_t)(*random >> 33) % (i + 1), kept = sequence[i];
		sequence[i] = sequence[other];
		sequence[other] = kept;
	}
}

/* From the last on, so that all stand in line before the first is told to end. */
static void let_end_in_order(struct chain *chain)
{
	for (int i = RANKS - 1; i >= 0; i--) {
		pid_t before = i == 0 ? 0 : chain->pids[chain->sequence[i - 1]];
		int order = chain->orders[chain->sequence[i]];
		assert_int_equal(write(order, &before, sizeof before), sizeof before);
		close(order);
	}
}

static void take_in_order(struct chain *chain)
{
	for (uint32_t i = 0; i < RANKS; i++) {
		struct death death;
		struct pollfd ready = {.fd = chain->deaths.epoll, .events = POLLIN};
		assert_int_equal(poll(&ready, 1, -1), 1);
		assert_true(deaths_next(&chain->deaths, &death));
		assert_int_equal(death.local_rank, chain->sequence[i]);
		assert_true(WIFEXITED(death.status));
		assert_int_equal(WEXITSTATUS(death.status), death.local_rank);
		close(chain->pidfds[death.local_rank]);
		chain->pids[death.local_rank] = 0;
	}
}

static void the_order_told_is_the_order_of_the_ends(void **state)
{
	(void)state;
	uint64_t random = (uint64_t)time(NULL);
	print_message("seed: %llu\n", (unsigned long long)random);
	for (int round = 0; round < ROUNDS; round++) {
		struct chain chain;
		struct death none;
		start_chain(&chain);
		shuffle(chain.sequence, &random);
		let_end_in_order(&chain);
		if (round % 2 == 0) /* all at once, or one by one as they come */
			wait_for_end(chain.pidfds[chain.sequence[RANKS - 1]]);
		take_in_order(&chain);
		assert_false(deaths_next(&chain.deaths, &none));
		assert_true(deaths_reap_orphans(&chain.deaths));
		assert_int_equal(chain.deaths.orphans_reaped, 0);
		deaths_finish(&chain.deaths);
	}
}

/* Watched, and at its end: by SIGKILL, or with an exit code. Returns its pidfd. */
static int have_one_that_ended(struct deaths *deaths, pid_t pids[1], bool killed, int code)
{
	pids[0] = 0;
	assert_int_equal(deaths_init(deaths, pids, 1), 0);
	fflush(NULL);
	pids[0] = fork();
	if (pids[0] == 0) {
		if (killed)
			kill(getpid(), SIGKILL);
		_exit(code);
	}
	int pidfd = (int)syscall(SYS_pidfd_open, pids[0], 0);
	assert_int_equal(deaths_watch(deaths, 0, pids[0], pidfd), 0);
	wait_for_end(pidfd);
	return pidfd;
}

static void how_a_rank_ended_and_what_it_used_is_told(void **state)
{
	(void)state;
	pid_t pids[1];
	struct deaths deaths;
	struct death death;
	int pidfd = have_one_that_ended(&deaths, pids, true, 0);
	assert_true(deaths_next(&deaths, &death));
	assert_true(WIFSIGNALED(death.status) && WTERMSIG(death.status) == SIGKILL);
	assert_true(death.usage.ru_maxrss > 0);
	assert_false(deaths_next(&deaths, &death));
	close(pidfd);
	deaths_finish(&deaths);
}

/* A process that traces another, and lets go when `until` is closed; 0 where that is not allowed. */
static pid_t start_tracer(pid_t pid, int *until)
{
	int said[2], ends[2];
	char byte = 0;
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	pid_t tracer = fork();
	if (tracer == 0) {
		alarm(FIXTURE_LIFE_S);
		close(ends[1]);
		byte = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
		_exit(write(said[1], &byte, 1) != 1 || read(ends[0], &byte, 1) < 0);
	}
	close(ends[0]);
	close(said[1]);
	assert_int_equal(read(said[0], &byte, 1), 1);
	close(said[0]);
	*until = ends[1];
	return byte != 0 ? tracer : 0;
}

static void a_rank_that_died_in_the_hands_of_a_tracer_is_waited_for_by_nobody(void **state)
{
	(void)state;
	pid_t pids[1] = {0};
	struct deaths deaths;
	struct death death;
	int until;
	assert_int_equal(deaths_init(&deaths, pids, 1), 0);
	fflush(NULL);
	pids[0] = fork();
	if (pids[0] == 0) {
		alarm(FIXTURE_LIFE_S);
		for (;;)
			pause();
	}
	int pidfd = (int)syscall(SYS_pidfd_open, pids[0], 0);
	assert_int_equal(deaths_watch(&deaths, 0, pids[0], pidfd), 0);
	pid_t tracer = start_tracer(pids[0], &until);
	kill(pids[0], SIGKILL);
	wait_for_end(pidfd);
	if (tracer == 0)
		skip();
	assert_false(deaths_next(&deaths, &death));
	assert_int_equal(deaths.held_count, 1);
	assert_false(deaths_reap_orphans(&deaths));
	close(until);
	fixture_wait(tracer);
	assert_true(deaths_next(&deaths, &death));
	assert_true(WIFSIGNALED(death.status) && WTERMSIG(death.status) == SIGKILL);
	assert_false(deaths_next(&deaths, &death));
	assert_true(deaths_reap_orphans(&deaths));
	close(pidfd);
	deaths_finish(&deaths);
}

static void orphans_are_reaped_and_counted(void **state)
{
	(void)state;
	pid_t pids[1] = {0};
	struct deaths deaths;
	int ends[2];
	char byte;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(deaths_init(&deaths, pids, 1), 0);
	fflush(NULL);
	pid_t parent = fork();
	if (parent == 0) {
		for (int i = 0; i < 3; i++) {
			if (fork() != 0)
				continue;
			close(ends[1]);
			_exit(read(ends[0], &byte, 1) < 0); /* until the test closes its end */
		}
		_exit(0);
	}
	close(ends[0]);
	fixture_wait(parent);
	assert_false(deaths_reap_orphans(&deaths)); /* alive */
	close(ends[1]);
	do {
		siginfo_t info;
		assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
	} while (!deaths_reap_orphans(&deaths));
	assert_int_equal(deaths.orphans_reaped, 3);
	deaths_finish(&deaths);
}

static void a_ranks_end_is_not_taken_for_an_orphans(void **state)
{
	(void)state;
	pid_t pids[1];
	struct deaths deaths;
	struct death death;
	int pidfd = have_one_that_ended(&deaths, pids, false, 5);
	assert_false(deaths_reap_orphans(&deaths));
	assert_int_equal(deaths.orphans_reaped, 0);
	assert_true(deaths_next(&deaths, &death));
	assert_int_equal(WEXITSTATUS(death.status), 5);
	assert_true(deaths_reap_orphans(&deaths));
	close(pidfd);
	deaths_finish(&deaths);
	deaths_finish(&deaths); /* twice is allowed */
}

static void what_is_no_pidfd_cannot_be_watched(void **state)
{
	(void)state;
	pid_t pids[1] = {0};
	struct deaths deaths;
	assert_int_equal(deaths_init(&deaths, pids, 1), 0);
	assert_int_equal(deaths_watch(&deaths, 0, pids[0], -1), -EBADF);
	deaths_finish(&deaths);
}

static int become_subreaper(void **state)
{
	(void)state;
	alarm(FIXTURE_LIFE_S);
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int main(void)
{
	fixture_leave_group();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_told_is_the_order_of_the_ends),
		cmocka_unit_test(how_a_rank_ended_and_what_it_used_is_told),
		cmocka_unit_test(a_rank_that_died_in_the_hands_of_a_tracer_is_waited_for_by_nobody),
		cmocka_unit_test(orphans_are_reaped_and_counted),
		cmocka_unit_test(a_ranks_end_is_not_taken_for_an_orphans),
		cmocka_unit_test(what_is_no_pidfd_cannot_be_watched),
	};
	return cmocka_run_group_tests(tests, become_subreaper, NULL);
}
