/* SPDX-License-Identifier: MIT
 *
 * signals: whatever a process inherited, afterwards it is as muster needs it, and what it was is remembered for the
 * ranks. Each case runs in a process of its own.
 */
#include "run_fixture.h"

#include "run/signals.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

static const int listened[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2, SIGCHLD};

static bool is_listened(int number)
{
	for (size_t i = 0; i < COUNT_OF(listened); i++)
		if (listened[i] == number)
			return true;
	return false;
}

static bool is_ignored(int number)
{
	struct sigaction action;
	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static bool was_ignored(int number)
{
	return (signals_inherited_ignored() >> (number - 1) & 1) != 0;
}

static void block_everything_and_take_over(void *unused)
{
	(void)unused;
	sigset_t all, now;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signals_take_over();
	sigprocmask(SIG_SETMASK, NULL, &now);
	child_must(sigisemptyset(&now)); /* until there is a job, a signal ends muster */
	signals_block();
	sigprocmask(SIG_SETMASK, NULL, &now);
	for (int number = 1; number <= SIGRTMAX; number++)
		if (number != 32 && number != 33) /* libc's own, of which its sets know nothing */
			child_must(sigismember(&now, number) == is_listened(number));
}

static void exactly_what_is_listened_to_is_blocked(void **state)
{
	(void)state;
	fixture_in_child(block_everything_and_take_over, NULL);
}

static void ignore_and_take_over(void *unused)
{
	(void)unused;
	static const int ignored[] = {SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGCHLD, SIGALRM, SIGTTOU, 40};
	for (size_t i = 0; i < COUNT_OF(ignored); i++)
		signal(ignored[i], SIG_IGN);
	signals_take_over();
	for (size_t i = 0; i < COUNT_OF(ignored); i++)
		child_must(was_ignored(ignored[i]));
	child_must(!was_ignored(SIGTERM) && !was_ignored(SIGUSR2) && !was_ignored(41));
	child_must(!is_ignored(SIGINT) && !is_ignored(SIGUSR1) && !is_ignored(SIGCHLD)); /* or they would be lost */
	child_must(is_ignored(SIGHUP));                                                  /* nohup's wish */
	child_must(is_ignored(SIGALRM) && is_ignored(SIGTTOU));
	signals_block();
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	child_must(!sigismember(&now, SIGHUP) && sigismember(&now, SIGINT));
}

static void what_was_ignored_is_remembered_and_what_is_listened_to_is_not_ignored(void **state)
{
	(void)state;
	fixture_in_child(ignore_and_take_over, NULL);
}

static void ignore_hangup_and_listen(void *unused)
{
	(void)unused;
	struct signalfd_siginfo info;
	signal(SIGHUP, SIG_IGN);
	signals_take_over();
	signals_block();
	int fd = signals_open();
	raise(SIGHUP);
	raise(SIGUSR1);
	child_must(read(fd, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo == SIGUSR1);
}

static void a_hangup_ignored_by_nohup_is_not_listened_to(void **state)
{
	(void)state;
	fixture_in_child(ignore_hangup_and_listen, NULL);
}

static void only_take_over(void *unused)
{
	(void)unused;
	signals_take_over();
	child_must(is_ignored(SIGPIPE) && was_ignored(SIGPIPE));
	child_must(is_ignored(SIGXFSZ) && was_ignored(SIGXFSZ));
}

static void failed_writes_are_errors_here_and_signals_in_ranks(void **state)
{
	(void)state;
	fixture_in_child(only_take_over, NULL);
}

struct missing_row {
	bool closed[3];
};

static const struct missing_row missing[] = {
	{{true, true, true}},   {{true, false, false}}, {{false, true, false}},
	{{false, false, true}}, {{true, false, true}},  {{false, false, false}},
};

static void close_some_and_take_over(void *context)
{
	const struct missing_row *row = context;
	struct stat null, zero, status, before[3];
	child_must(stat("/dev/null", &null) == 0 && stat("/dev/zero", &zero) == 0);
	for (int fd = 0; fd < 3; fd++) {
		child_must(fstat(fd, &before[fd]) == 0);
		if (row->closed[fd])
			close(fd);
	}
	signals_take_over();
	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &status) != 0)
			_exit(2);
		const struct stat *opened = fd == STDOUT_FILENO ? &zero : &null;
		const struct stat *expected = row->closed[fd] ? opened : &before[fd];
		if (status.st_ino != expected->st_ino || status.st_dev != expected->st_dev)
			_exit(3);
		if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0)
			_exit(4);
	}
	bool lost = write(STDOUT_FILENO, "lost", 4) < 0 && errno == EBADF;
	child_must(lost == row->closed[STDOUT_FILENO]);
}

static void missing_streams_are_opened_and_a_write_to_a_missing_stdout_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(missing); i++) {
		struct missing_row row = missing[i];
		fixture_in_child(close_some_and_take_over, &row);
	}
}

static void leak_and_take_over(void *unused)
{
	(void)unused;
	static const int numbers[] = {7, 50, 200};
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		child_must(dup2(0, numbers[i]) == numbers[i]);
	signals_take_over();
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		child_must((fcntl(numbers[i], F_GETFD) & FD_CLOEXEC) != 0);
}

static void inherited_descriptors_are_closed_at_exec(void **state)
{
	(void)state;
	fixture_in_child(leak_and_take_over, NULL);
}

static void lower_and_take_over(void *unused)
{
	(void)unused;
	struct rlimit limit, lowered;
	child_must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	lowered = (struct rlimit){.rlim_cur = 64, .rlim_max = limit.rlim_max};
	child_must(setrlimit(RLIMIT_NOFILE, &lowered) == 0);
	signals_take_over();
	child_must(signals_inherited_open_files()->rlim_cur == 64);
	child_must(signals_inherited_open_files()->rlim_max == limit.rlim_max);
	child_must(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == limit.rlim_max);
}

static void the_number_of_open_files_is_raised_and_the_old_one_remembered(void **state)
{
	(void)state;
	fixture_in_child(lower_and_take_over, NULL);
}

static void hold_and_await(void *unused)
{
	(void)unused;
	sigset_t now;
	signal(SIGHUP, SIG_IGN);
	signals_take_over();
	signals_hold_stops();
	child_must(signals_await_stop(0) == 0);
	raise(SIGHUP); /* nohup's */
	child_must(signals_await_stop(1) == 0);
	raise(SIGTERM);
	child_must(signals_await_stop(1000) == SIGTERM);
	sigprocmask(SIG_SETMASK, NULL, &now);
	child_must(!sigismember(&now, SIGINT)); /* it ends muster now */
	child_must(sigismember(&now, SIGTERM) && !sigismember(&now, SIGTSTP));
}

static void a_signal_to_stop_is_taken_where_it_is_waited_for(void **state)
{
	(void)state;
	fixture_in_child(hold_and_await, NULL);
}

static void raise_and_read(void *unused)
{
	(void)unused;
	signals_take_over();
	signals_block();
	int fd = signals_open();
	struct signalfd_siginfo info;
	child_must(fd > 2 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	child_must(read(fd, &info, sizeof info) < 0 && errno == EAGAIN);
	for (size_t i = 0; i < COUNT_OF(listened); i++) {
		child_must(raise(listened[i]) == 0);
		child_must(read(fd, &info, sizeof info) == (ssize_t)sizeof info);
		child_must(info.ssi_signo == (uint32_t)listened[i]);
	}
}

static void each_signal_listened_to_comes_by_descriptor(void **state)
{
	(void)state;
	fixture_in_child(raise_and_read, NULL);
}

static void open_without_descriptors(void *unused)
{
	(void)unused;
	const struct rlimit none = {0, 0};
	child_must(setrlimit(RLIMIT_NOFILE, &none) == 0);
	child_must(signals_open() == -EMFILE);
}

static void without_a_descriptor_left_opening_fails(void **state)
{
	(void)state;
	fixture_in_child(open_without_descriptors, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_what_is_listened_to_is_blocked),
		cmocka_unit_test(a_hangup_ignored_by_nohup_is_not_listened_to),
		cmocka_unit_test(what_was_ignored_is_remembered_and_what_is_listened_to_is_not_ignored),
		cmocka_unit_test(failed_writes_are_errors_here_and_signals_in_ranks),
		cmocka_unit_test(missing_streams_are_opened_and_a_write_to_a_missing_stdout_fails),
		cmocka_unit_test(inherited_descriptors_are_closed_at_exec),
		cmocka_unit_test(the_number_of_open_files_is_raised_and_the_old_one_remembered),
		cmocka_unit_test(a_signal_to_stop_is_taken_where_it_is_waited_for),
		cmocka_unit_test(each_signal_listened_to_comes_by_descriptor),
		cmocka_unit_test(without_a_descriptor_left_opening_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
