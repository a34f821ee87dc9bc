/* SPDX-License-Identifier: MIT
 *
 * report_text: the exact words for each way in which the first rank that failed may have done so.
 */
#include "report_text_case.h"

#include <errno.h>

static const struct text_case cases[] = {
	{
		.what = "an exit code and the last words",
		.outcome = OUTCOME_FAILED,
		.first_failure = 3,
		.ranks = {THREE_STOPPED, {EXITED(9, 0, 12103)}},
		.tail = {"Traceback (most recent call last):", "\tx = 1 / 0", "ZeroDivisionError: division by zero"},
		.expected = "muster: rank 3 (pid 4303, CPUs 3,11) exited with code 9, 12.103 s after the start\n"
			    "muster:   | Traceback (most recent call last):\n"
			    "muster:   | \tx = 1 / 0\n"
			    "muster:   | ZeroDivisionError: division by zero\n" OTHERS_STOPPED,
	},
	{
		.what = "a signal, with its meaning",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{SIGNALED(SIGSEGV, 0, 1)}, THREE_STOPPED},
		.empty_tail = true,
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation fault), 0.001 s "
			    "after the start\n"
			    "muster:   (it wrote nothing to stderr)\n" OTHERS_STOPPED,
	},
	{
		.what = "a signal without a meaning of its own",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{SIGNALED(SIGPROF, 0, 1)}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGPROF, 0.001 s after the "
			    "start\n" OTHERS_STOPPED,
	},
	{
		.what = "SIGKILL from outside",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{SIGNALED(SIGKILL, 0, 1)}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGKILL (kill -9 or the kernel, not "
			    "muster), 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "CPU time that is used up",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.cpu_time_s = 90,
		.ranks = {{SIGNALED(SIGXCPU, 0, 1)}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGXCPU (it used up its CPU time, "
			    "limits.cpu_time: 1m30s), 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "CPU time that is used up, by a rank that went on",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.cpu_time_s = 1,
		.ranks = {{SIGNALED(SIGKILL, 0, 1), .user_us = 900000, .system_us = 100000}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGKILL (it used up its CPU time, "
			    "limits.cpu_time: 1s), 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "SIGKILL before its CPU time is used up",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.cpu_time_s = 1,
		.ranks = {{SIGNALED(SIGKILL, 0, 1), .user_us = 800000, .system_us = 100000}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGKILL (kill -9 or the kernel, not "
			    "muster), 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "CPU time of a limit that is not the job's",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{SIGNALED(SIGXCPU, 0, 1)}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGXCPU (CPU time limit: "
			    "limits.cpu_time or ulimit -t), 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "exit 137 is not SIGKILL",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(137, 0, 1)}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 137 (its own exit code: it was not "
			    "killed by SIGKILL), 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "what a shell means by 127",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(127, 0, 1)}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 127 (a shell says so when it does "
			    "not find a command, the loader when a library is missing), 0.001 s after the "
			    "start\n" OTHERS_STOPPED,
	},
	{
		.what = "what a shell means by 126",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(126, 0, 1)}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 126 (a shell says so when it cannot "
			    "execute a command), 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "out of memory, with the evidence",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.memory_bytes = INT64_C(1) << 30,
		.ranks = {{SIGNALED(SIGKILL, 0, 3200), .out_of_memory = true, .max_rss_bytes = 1073000000},
                          THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGKILL: out of memory (the kernel "
			    "counted an OOM kill; it held at most 1023 MiB; limits.memory: 1.0 GiB), 3.200 s after "
			    "the start\n" OTHERS_STOPPED,
	},
	{
		.what = "out of memory without a limit of the job's",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{SIGNALED(SIGKILL, 0, 3200), .out_of_memory = true}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGKILL: out of memory (the kernel "
			    "counted an OOM kill), 3.200 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "a core in the rank's working directory",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.working_directory = "data",
		.core_pattern = "core.%e",
		.core_uses_pid = true,
		.ranks = {{SIGNALED(SIGABRT, 0, 1), .core_dumped = true}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGABRT (abort: a failed assertion, or "
			    "the program's own decision), core dumped to /users/ada/data/core.work.4300, 0.001 s "
			    "after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "a core, the working directory being muster's own",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{SIGNALED(SIGSEGV, 0, 1), .core_dumped = true}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation fault), core "
			    "dumped to core in its working directory, 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "a core at an absolute path",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.core_pattern = "/cores/%p%%",
		.core_uses_pid = true,
		.ranks = {{SIGNALED(SIGSEGV, 0, 1), .core_dumped = true}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation fault), core "
			    "dumped to /cores/4300%, 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "a core whose name cannot be told",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.core_pattern = "/cores/%t",
		.ranks = {{SIGNALED(SIGSEGV, 0, 1), .core_dumped = true}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation fault), core "
			    "dumped (core_pattern \"/cores/%t\"), 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "a core that systemd took",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.core_pattern = "|/usr/lib/systemd/systemd-coredump %P %u",
		.ranks = {{SIGNALED(SIGSEGV, 0, 1), .core_dumped = true}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation fault), core "
			    "dumped: coredumpctl info 4300, 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "a core that another program took",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.core_pattern = "|/usr/share/apport/apport -p%p",
		.ranks = {{SIGNALED(SIGSEGV, 0, 1), .core_dumped = true}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation fault), core "
			    "handed to /usr/share/apport/apport, 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "a core of which nothing is known",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.core_pattern = "",
		.ranks = {{SIGNALED(SIGSEGV, 0, 1), .core_dumped = true}, THREE_STOPPED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation fault), core "
			    "dumped, 0.001 s after the start\n" OTHERS_STOPPED,
	},
	{
		.what = "a command that is not there",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks =
			{{.end = RANK_NOT_EXECUTED, .failed_step = STEP_EXECUTE, .failed_errno = ENOENT, .ended_ns = 0},
                         {.end = RANK_NOT_STARTED},
                         {.end = RANK_NOT_STARTED},
                         {.end = RANK_NOT_STARTED}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: execute /bin/work: No such file or "
			    "directory (the file, or the interpreter that its first line names)\n"
			    "muster: others: 3 never started\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a command that is not in PATH",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.command = "wrok",
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED,
                           .failed_step = STEP_EXECUTE,
                           .failed_errno = ENOENT,
                           .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: execute wrok: No such file or directory "
			    "(looked for in PATH)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a file that may not be executed",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED,
                           .failed_step = STEP_EXECUTE,
                           .failed_errno = EACCES,
                           .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: execute /bin/work: Permission denied "
			    "(it lacks the permission to be executed, or a directory on the way may not be entered)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a file of the wrong format",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED,
                           .failed_step = STEP_EXECUTE,
                           .failed_errno = ENOEXEC,
                           .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: execute /bin/work: Exec format error "
			    "(not a program of this machine; a script needs a first line like #!/bin/sh)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "too many arguments",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED,
                           .failed_step = STEP_EXECUTE,
                           .failed_errno = E2BIG,
                           .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: execute /bin/work: Argument list too "
			    "long (arguments and environment together are too long: ulimit -s)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a working directory that is not there",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.working_directory = "data",
		.ranks = {{.end = RANK_NOT_EXECUTED,
                           .failed_step = STEP_DIRECTORY,
                           .failed_errno = ENOENT,
                           .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: enter its working directory "
			    "/users/ada/data: No such file or directory\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "another step that failed",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED,
                           .failed_step = STEP_AFFINITY,
                           .failed_errno = EINVAL,
                           .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: set the CPU binding: Invalid argument\n"
			    "muster: survivors: 0\n",
	},
};

static void the_end_of_the_first_that_failed_is_told_in_these_words(void **state)
{
	(void)state;
	check_words(cases, COUNT_OF(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_the_first_that_failed_is_told_in_these_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
