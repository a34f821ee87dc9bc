/* SPDX-License-Identifier: MIT
 *
 * report_text: the exact words for each way in which a job may end.
 */
#include "report_fixture.h"

#include "base/text.h"
#include "report/library_words.h"
#include "report/report_text.h"

#include <errno.h>

enum { CASE_RANKS = 16, TAIL_MAX = 24 };

struct text_case {
	const char *what;
	uint32_t nprocs; /* 0: 4 */
	enum job_outcome outcome;
	uint32_t first_failure;
	struct rank_result ranks[CASE_RANKS];
	const char *tail[TAIL_MAX]; /* of the first failure */
	bool empty_tail;
	const char *detail; /* of the last rank */
	int stop_signal;
	bool start_timed_out;
	uint32_t restarts, survivors, leftovers, kept;
	const char *error_text;
	const char *core_pattern;
	bool core_uses_pid;
	int64_t memory_bytes;
	const char *working_directory;
	const char *command;
	bool unbound;
	bool colour;
	const char *expected;
};

#define STOPPED(order)                                                                                                 \
	{                                                                                                              \
		SIGNALED(SIGTERM, order, 13000), .stopped = true                                                       \
	}
#define WAITING(order)                                                                                                 \
	{                                                                                                              \
		SIGNALED(SIGTERM, order, 13000), .stopped = true, .wait = { WAITS_IN_BARRIER, .for_ns = -1 }           \
	}
#define WAITING_FOR(order, ms)                                                                                         \
	{                                                                                                              \
		SIGNALED(SIGTERM, order, 13000), .stopped = true, .wait = {                                            \
			WAITS_IN_BARRIER,                                                                              \
			.for_ns = (ms)*INT64_C(1000000)                                                                \
		}                                                                                                      \
	}
#define WELL(order, at_ms)                                                                                             \
	{                                                                                                              \
		EXITED(0, order, at_ms)                                                                                \
	}
#define THREE_STOPPED STOPPED(1), STOPPED(2), STOPPED(3)
#define OTHERS_STOPPED                                                                                                 \
	"muster: others: 3 stopped by muster (SIGTERM)\n"                                                              \
	"muster: survivors: 0\n"

static const struct text_case cases[] = {
	{
		.what = "a job that ended well",
		.outcome = OUTCOME_OK,
		.first_failure = NO_RANK,
		.ranks = {WELL(0, 10), WELL(1, 10), WELL(2, 10), WELL(3, 10)},
		.expected = "",
	},
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
			    "counted an OOM kill; it held at most 1023.3 MiB; limits.memory: 1.0 GiB), 3.200 s after "
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
		.ranks = {{.end = RANK_NOT_EXECUTED, .failed_step = "execute", .failed_errno = ENOENT, .ended_ns = 0},
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
		.ranks = {{.end = RANK_NOT_EXECUTED, .failed_step = "execute", .failed_errno = ENOENT, .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: execute wrok: No such file or directory "
			    "(looked for in PATH)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a file that may not be executed",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED, .failed_errno = EACCES, .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: execute /bin/work: Permission denied "
			    "(it lacks the permission to be executed, or a directory on the way may not be entered)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a file of the wrong format",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED, .failed_errno = ENOEXEC, .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: execute /bin/work: Exec format error "
			    "(not a program of this machine; a script needs a first line like #!/bin/sh)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "too many arguments",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED, .failed_errno = E2BIG, .ended_ns = -1}},
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
                           .failed_step = "enter the working directory",
                           .failed_errno = ENOENT,
                           .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: enter the working directory "
			    "/users/ada/data: No such file or directory\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "another step that failed",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.nprocs = 1,
		.ranks = {{.end = RANK_NOT_EXECUTED,
                           .failed_step = "set the CPU binding",
                           .failed_errno = EINVAL,
                           .ended_ns = -1}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) cannot start: set the CPU binding: Invalid argument\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "what became of the others",
		.nprocs = 10,
		.outcome = OUTCOME_FAILED,
		.first_failure = 5,
		.ranks = {STOPPED(3),
                          STOPPED(4),
                          {EXITED(1, 6, 12104), .in_wake = true},
                          STOPPED(5),
                          WELL(0, 100),
                          {EXITED(3, 2, 12103)},
                          WELL(1, 200),
                          {SIGNALED(SIGKILL, 9, 17200), .stopped = true, .killed = true},
                          STOPPED(7),
                          WELL(8, 12200)},
		.leftovers = 1,
		.expected = "muster: rank 5 (pid 4305, CPUs 5,13) exited with code 3, 12.103 s after the start\n"
			    "muster: others: 4 stopped by muster (SIGTERM), 1 killed after 5 s grace (rank 7), 1 "
			    "failed in its wake (rank 2, exit 1), 2 had ended before, 1 ended well after it\n"
			    "muster: survivors: 0; 1 process that outlived its rank was stopped\n",
	},
	{
		.what = "several that failed in its wake",
		.outcome = OUTCOME_FAILED,
		.first_failure = 1,
		.ranks = {{EXITED(1, 1, 1), .in_wake = true},
                          {EXITED(3, 0, 1)},
                          {EXITED(1, 2, 1), .in_wake = true},
                          {SIGNALED(SIGABRT, 3, 1), .in_wake = true}},
		.expected = "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 3, 0.001 s after the start\n"
			    "muster: others: 3 failed in its wake (ranks 0,2-3)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "one that was killed by a signal in its wake",
		.nprocs = 2,
		.outcome = OUTCOME_FAILED,
		.first_failure = 1,
		.ranks = {{SIGNALED(SIGPIPE, 1, 1), .in_wake = true}, {EXITED(3, 0, 1)}},
		.expected = "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 3, 0.001 s after the start\n"
			    "muster: others: 1 failed in its wake (rank 0, SIGPIPE)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "two that failed at once, in the order in which they were reaped",
		.outcome = OUTCOME_FAILED,
		.first_failure = 2,
		.ranks = {{SIGNALED(SIGSEGV, 2, 50)}, STOPPED(3), {EXITED(3, 0, 50)}, {EXITED(4, 1, 50)}},
		.expected = "muster: rank 2 (pid 4302, CPUs 2,10) exited with code 3, 0.050 s after the start\n"
			    "muster: also failed: rank 3 (pid 4303, CPUs 3,11) exited with code 4, 0.050 s after the "
			    "start\n"
			    "muster: also failed: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation "
			    "fault), 0.050 s after the start\n"
			    "muster: others: 1 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "many that failed at once",
		.nprocs = 12,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 1)},
                          {EXITED(1, 1, 1)},
                          {EXITED(1, 2, 1)},
                          {EXITED(1, 3, 1)},
                          {EXITED(1, 4, 1)},
                          {EXITED(1, 5, 1)},
                          {EXITED(1, 6, 1)},
                          {EXITED(1, 7, 1)},
                          {EXITED(1, 8, 1)},
                          {EXITED(1, 9, 1)},
                          {EXITED(1, 10, 1)},
                          {EXITED(1, 11, 1)}},
		.unbound = true,
		.expected = "muster: rank 0 (pid 4300, not bound) exited with code 1, 0.001 s after the start\n"
			    "muster: also failed: rank 1 (pid 4301, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 2 (pid 4302, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 3 (pid 4303, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 4 (pid 4304, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 5 (pid 4305, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 6 (pid 4306, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 7 (pid 4307, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 8 (pid 4308, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: 3 more\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "only the last twenty lines, and nothing that could rewrite the terminal",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 1)}},
		.tail = {"1",
                         "2",
                         "3",
                         "4",
                         "5",
                         "6",
                         "7",
                         "8",
                         "9",
                         "10",
                         "11",
                         "12",
                         "13",
                         "14",
                         "15",
                         "16",
                         "17",
                         "18",
                         "10%\r50%\r99%",
                         "ends with a return\r",
                         "\033[31mred\033[0m",
                         "\b\177",
                         "\xc3\xa9\xff"},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.001 s after the start\n"
			    "muster:   | 4\nmuster:   | 5\nmuster:   | 6\nmuster:   | 7\nmuster:   | 8\n"
			    "muster:   | 9\nmuster:   | 10\nmuster:   | 11\nmuster:   | 12\nmuster:   | 13\n"
			    "muster:   | 14\nmuster:   | 15\nmuster:   | 16\nmuster:   | 17\nmuster:   | 18\n"
			    "muster:   | 99%\nmuster:   | ends with a return\n"
			    "muster:   | \\x1b[31mred\\x1b[0m\nmuster:   | \\x08\\x7f\nmuster:   | \xc3\xa9\\xff\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a rank that cannot be killed",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 1000)},
                          STOPPED(1),
                          STOPPED(2),
                          {.end = RANK_LOST, .death_order = NO_RANK, .ended_ns = TIME_UNKNOWN, .killed = true}},
		.detail = "state D, waits in nfs_wait_bit_killable",
		.survivors = 1,
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 1.000 s after the start\n"
			    "muster: rank 3 (pid 4303, CPUs 3,11) was lost: state D, waits in nfs_wait_bit_killable\n"
			    "muster: others: 2 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 1 (alive, with MUSTER_JOB_ID=work-a1 in their environment)\n",
	},
	{
		.what = "a rank whose end nobody saw",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{.end = RANK_LOST, .death_order = NO_RANK, .ended_ns = TIME_UNKNOWN}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was lost: nobody saw it end\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up, and the ranks that hung are named",
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.ranks = {WELL(0, 10),
                          STOPPED(1),
                          {SIGNALED(SIGKILL, 3, 35000), .stopped = true, .killed = true},
                          STOPPED(2)},
		.detail = "state S, waits in futex_wait_queue",
		.expected = "muster: timeout: the job was still running 30 s after the start\n"
			    "muster:   rank 1 (pid 4301, CPUs 1,9): was running\n"
			    "muster:   rank 2 (pid 4302, CPUs 2,10): was running\n"
			    "muster:   rank 3 (pid 4303, CPUs 3,11): state S, waits in futex_wait_queue\n"
			    "muster: others: 2 stopped by muster (SIGTERM), 1 killed after 5 s grace (rank 2), 1 had "
			    "ended before\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up, and it is known what ranks wait for",
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.ranks = {{SIGNALED(SIGTERM, 0, 1), .stopped = true,
                           .wait = {WAITS_IN_BARRIER, .label = "epoch \033[3", .for_ns = 4100000000}},
                          {SIGNALED(SIGTERM, 1, 1), .stopped = true,
                           .wait = {WAITS_TO_RECEIVE, .peer = 3, .for_ns = 250000000}},
                          {SIGNALED(SIGTERM, 2, 1), .stopped = true, .wait = {WAITS_IN_COLLECTIVE, .for_ns = -1}},
                          {SIGNALED(SIGTERM, 3, 1), .stopped = true, .not_attached = true}},
		.detail = "state S",
		.expected = "muster: timeout: the job was still running 30 s after the start\n"
			    "muster:   rank 0 (pid 4300, CPUs 0,8): waits in barrier 'epoch ?[3' for 4.1 s\n"
			    "muster:   rank 1 (pid 4301, CPUs 1,9): waits for a message of rank 3 for 0.250 s\n"
			    "muster:   rank 2 (pid 4302, CPUs 2,10): waits in a collective\n"
			    "muster:   rank 3 (pid 4303, CPUs 3,11): had not called muster_init; state S\n"
			    "muster: others: 4 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a rank left that others needed",
		.outcome = OUTCOME_FAILED,
		.first_failure = 3,
		.ranks = {{EXITED(3, 1, 2000), .in_wake = true},
                          {SIGNALED(SIGTERM, 2, 1), .stopped = true, .wait = {WAITS_TO_SEND, .peer = 2, .for_ns = -1}},
                          {EXITED(3, 3, 2000), .in_wake = true},
                          {EXITED(0, 0, 1000), .missed = true, .missed_in = "barrier 'epoch 3'"}},
		.expected =
			"muster: rank 3 (pid 4303, CPUs 3,11) left (exit code 0) while others waited for it in barrier "
			"'epoch 3', 1.000 s after the start\n"
			"muster:   rank 1 (pid 4301, CPUs 1,9): waits to send to rank 2\n"
			"muster: others: 1 stopped by muster (SIGTERM), 2 failed in its wake (ranks 0,2)\n"
			"muster: survivors: 0\n",
	},
	{
		.what = "many waited when one failed",
		.nprocs = 10,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 1000)},
                          WAITING(1),
                          WAITING(2),
                          WAITING(3),
                          WAITING(4),
                          WAITING(5),
                          WAITING(6),
                          WAITING(7),
                          WAITING(8),
                          WAITING(9)},
		.unbound = true,
		.expected = "muster: rank 0 (pid 4300, not bound) exited with code 1, 1.000 s after the start\n"
			    "muster:   9 ranks (1-9): each waits in a barrier\n"
			    "muster: others: 9 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up for many",
		.nprocs = 10,
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.start_timed_out = true,
		.ranks = {STOPPED(0), STOPPED(1), STOPPED(2), STOPPED(3), STOPPED(4), STOPPED(5), STOPPED(6),
                          STOPPED(7), STOPPED(8), STOPPED(9)},
		.unbound = true,
		.expected = "muster: start_timeout: not every rank had called muster_init 1.5 s after the start\n"
			    "muster:   rank 0 (pid 4300, not bound): was running\n"
			    "muster:   rank 1 (pid 4301, not bound): was running\n"
			    "muster:   rank 2 (pid 4302, not bound): was running\n"
			    "muster:   rank 3 (pid 4303, not bound): was running\n"
			    "muster:   rank 4 (pid 4304, not bound): was running\n"
			    "muster:   rank 5 (pid 4305, not bound): was running\n"
			    "muster:   rank 6 (pid 4306, not bound): was running\n"
			    "muster:   rank 7 (pid 4307, not bound): was running\n"
			    "muster:   and 2 more\n"
			    "muster: others: 10 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up for many that wait, and for those that they wait for",
		.nprocs = 12,
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.ranks = {WAITING_FOR(0, 3000),
                          WAITING_FOR(1, 2000),
                          WAITING_FOR(2, 2000),
                          WAITING_FOR(3, 4000),
                          WAITING_FOR(4, 2000),
                          WAITING_FOR(5, 2000),
                          WAITING_FOR(6, 2000),
                          WAITING_FOR(7, 2000),
                          WAITING_FOR(8, 2000),
                          STOPPED(9),
                          {SIGNALED(SIGTERM, 10, 13000), .stopped = true,
                           .wait = {WAITS_TO_RECEIVE, .peer = 9, .for_ns = 2000000000}},
                          STOPPED(11)},
		.detail = "state R (running)",
		.unbound = true,
		.expected = "muster: timeout: the job was still running 30 s after the start\n"
			    "muster:   rank 9 (pid 4309, not bound): was running\n"
			    "muster:   rank 11 (pid 4311, not bound): state R (running)\n"
			    "muster:   9 ranks (0-8): each waits in a barrier, the first for 4.0 s\n"
			    "muster:   rank 10 (pid 4310, not bound): waits for a message of rank 9 for 2.0 s\n"
			    "muster: others: 12 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "stopped by a signal while one was waited for",
		.nprocs = 2,
		.outcome = OUTCOME_STOPPED,
		.first_failure = NO_RANK,
		.stop_signal = SIGINT,
		.ranks = {WAITING_FOR(0, 4000), STOPPED(1)},
		.unbound = true,
		.expected = "muster: stopped by SIGINT 13.250 s after the start: 2 stopped by muster (SIGTERM); "
			    "survivors: 0\n"
			    "muster:   rank 0 (pid 4300, not bound): waits in a barrier for 4.0 s\n"
			    "muster:   rank 1 (pid 4301, not bound): was running\n",
	},
	{
		.what = "stopped by a signal while waits were short",
		.nprocs = 2,
		.outcome = OUTCOME_STOPPED,
		.first_failure = NO_RANK,
		.stop_signal = SIGINT,
		.ranks = {WAITING_FOR(0, 900), STOPPED(1)},
		.expected = "muster: stopped by SIGINT 13.250 s after the start: 2 stopped by muster (SIGTERM); "
			    "survivors: 0\n",
	},
	{
		.what = "stopped by a signal",
		.outcome = OUTCOME_STOPPED,
		.first_failure = NO_RANK,
		.stop_signal = SIGINT,
		.ranks = {STOPPED(1),
                          STOPPED(2),
                          {SIGNALED(SIGKILL, 3, 3100), .stopped = true, .killed = true},
                          WELL(0, 10)},
		.expected = "muster: stopped by SIGINT 13.250 s after the start: 2 stopped by muster (SIGTERM), 1 "
			    "killed (rank 2), 1 had ended before; survivors: 0\n",
	},
	{
		.what = "stopped by a signal after a failure",
		.nprocs = 2,
		.outcome = OUTCOME_STOPPED,
		.first_failure = 0,
		.stop_signal = SIGTERM,
		.kept = 2,
		.ranks = {{EXITED(1, 0, 10)}, STOPPED(1)},
		.expected = "muster: stopped by SIGTERM 13.250 s after the start: 1 stopped by muster (SIGTERM); 1 had "
			    "failed before; survivors: 0; 2 kept (failure.leftovers: keep)\n",
	},
	{
		.what = "muster itself failed",
		.nprocs = 2,
		.outcome = OUTCOME_ERROR,
		.first_failure = NO_RANK,
		.error_text = "cannot start rank 1: clone: Resource temporarily unavailable (ulimit -u)",
		.ranks = {STOPPED(0), {.end = RANK_NOT_STARTED}},
		.expected = "muster: cannot start rank 1: clone: Resource temporarily unavailable (ulimit -u)\n"
			    "muster: ranks: 1 stopped by muster (SIGTERM), 1 never started\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "output was lost, and a rank had failed as well",
		.nprocs = 2,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.error_text = "output of rank 1 was lost: /out/1: No space left on device",
		.ranks = {{EXITED(1, 0, 10)}, STOPPED(1)},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.010 s after the start\n"
			    "muster: output of rank 1 was lost: /out/1: No space left on device\n"
			    "muster: others: 1 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "after restarts",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.restarts = 3,
		.leftovers = 2,
		.ranks = {{EXITED(1, 0, 10)}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.010 s after the start\n"
			    "muster: restarts: 3 of 3 were used\n"
			    "muster: survivors: 0; 2 processes that outlived their rank were stopped\n",
	},
	{
		.what = "in colour",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.colour = true,
		.ranks = {{EXITED(1, 0, 10)}},
		.tail = {"no"},
		.expected = "muster: \033[1;31mrank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.010 s after the "
			    "start\033[0m\n"
			    "muster:   | no\n"
			    "muster: survivors: 0\n",
	},
};

static void fill_result(const struct text_case *c, struct job_result *result, char **tail)
{
	*result = (struct job_result){
		.outcome = c->outcome,
		.first_failure = c->first_failure,
		.stop_signal = c->stop_signal,
		.start_timed_out = c->start_timed_out,
		.restarts = c->restarts,
		.survivors = c->survivors,
		.leftovers = c->leftovers,
		.kept = c->kept,
		.elapsed_ns = INT64_C(13250000000),
		.error_text = borrowed(c->error_text),
		.nprocs = c->nprocs == 0 ? 4 : c->nprocs,
	};
	result->ranks = memory_zeroed(result->nprocs * sizeof *result->ranks);
	memcpy(result->ranks, c->ranks, result->nprocs * sizeof *result->ranks);
	result->ranks[result->nprocs - 1].lost_detail = borrowed(c->detail);
	for (uint32_t i = 0; i < TAIL_MAX && c->tail[i] != NULL; i++)
		tail[i] = borrowed(c->tail[i]);
	if (c->first_failure != NO_RANK && (tail[0] != NULL || c->empty_tail))
		result->ranks[c->first_failure].stderr_tail = tail;
}

static void fill_job(const struct text_case *c, struct report_fixture *f, char **command)
{
	struct job_spec *spec = &f->job.spec;
	launch_plan_finish(&f->plan);
	spec->timeout_ms = 30000;
	spec->start_timeout_ms = 1500;
	spec->limits.memory_bytes = c->memory_bytes == 0 ? NOT_SET : c->memory_bytes;
	spec->working_directory = borrowed(c->working_directory);
	command[0] = borrowed(c->command == NULL ? "/bin/work" : c->command);
	spec->command.items = command;
	for (uint32_t rank = 0; c->unbound && rank < f->job.placement.nprocs; rank++)
		f->job.placement.ranks[rank].bound = false;
	assert_int_equal(launch_plan_make(&f->plan, spec, &f->job.placement, &f->job.context, NULL), 0);
	f->facts.core_pattern = c->core_pattern == NULL ? "core" : c->core_pattern;
	f->facts.core_uses_pid = c->core_uses_pid;
	f->facts.colour = c->colour;
}

static void the_words_are_exactly_these(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct report_fixture f;
		struct job_result result;
		struct text text = {0};
		char *tail[TAIL_MAX + 1] = {NULL}, *command[2] = {NULL};
		fill_result(&cases[i], &result, tail);
		report_fixture_begin(&f, &result);
		fill_job(&cases[i], &f, command);
		text_add(&text, "");
		report_text_add_failure(&text, &f.facts);
		if (strcmp(text.bytes, cases[i].expected) != 0)
			fail_msg("%s:\n%s\ninstead of\n%s", cases[i].what, text.bytes, cases[i].expected);
		text_finish(&text);
		report_fixture_end(&f);
		free(result.ranks);
	}
}

struct straggler_case {
	const char *what;
	struct rank_library libraries[3];
	bool none[3]; /* which ranks never attached */
	const char *expected;
};

static const struct straggler_case stragglers[] = {
	{"one comes last again and again",
         {{.barriers = 1000, .barrier_last = 100, .barrier_wait_ns = 1300000000},
          {.barriers = 1000, .barrier_last = 812, .barrier_wait_ns = 1000},
          {.barriers = 1000, .barrier_last = 88, .barrier_wait_ns = 1100000000}},
         .expected =
                 "muster: rank 1 (pid 4301, CPUs 1,9) came last to 812 of 1000 barriers; others waited 1.2 s for it\n"},
	{"as chance has it",
         {{.barriers = 30, .barrier_last = 9, .barrier_wait_ns = 1300000000},
          {.barriers = 30, .barrier_last = 11, .barrier_wait_ns = 1300000000},
          {.barriers = 30, .barrier_last = 10, .barrier_wait_ns = 1300000000}},
         .expected = ""},
	{"nobody waits long",
         {{.barriers = 30, .barrier_wait_ns = 1000}, {.barriers = 30, .barrier_last = 30}, {.barriers = 30}},
         .expected = ""},
	{"too few to speak of",
         {{.barriers = 9, .barrier_wait_ns = 9000000000}, {.barriers = 9, .barrier_last = 9}},
         {false, false, true},
         ""},
	{"clocks that are not known",
         {{.barriers = 30, .barrier_wait_ns = TIME_UNKNOWN}, {.barriers = 30, .barrier_last = 30}},
         {false, false, true},
         ""},
	{"nobody attached", {{0}}, {true, true, true}, ""},
};

static void who_comes_last_to_barriers_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(stragglers); i++) {
		struct rank_library libraries[3];
		struct rank_result ranks[3] = {{EXITED(0, 0, 1)}, {EXITED(0, 1, 1)}, {EXITED(0, 2, 1)}};
		struct job_result result = {.first_failure = NO_RANK, .nprocs = 3, .ranks = ranks};
		struct report_fixture f;
		struct text text = {0};
		memcpy(libraries, stragglers[i].libraries, sizeof libraries);
		for (uint32_t r = 0; r < 3; r++)
			ranks[r].library = stragglers[i].none[r] ? NULL : &libraries[r];
		report_fixture_begin(&f, &result);
		text_add(&text, "");
		add_straggler_line(&text, &f.facts);
		if (strcmp(text.bytes, stragglers[i].expected) != 0)
			fail_msg("%s: %s", stragglers[i].what, text.bytes);
		text_finish(&text);
		report_fixture_end(&f);
	}
}

/* A C1 control is two bytes in UTF-8 and one elsewhere: terminals obey both. */
static void only_printable_characters_of_a_line_are_sent(void **state)
{
	(void)state;
	static const struct {
		const char *line, *shown;
	} lines[] = {
		{"tab\tand \303\251 \342\202\254", "muster:   | tab\tand \303\251 \342\202\254\n"},
		{"\033[2J\177", "muster:   | \\x1b[2J\\x7f\n"},
		{"a\302\2332Jb", "muster:   | a\\xc2\\x9b2Jb\n"},
		{"a\2332Jb", "muster:   | a\\x9b2Jb\n"},
		{"caf\351", "muster:   | caf\\xe9\n"},
		{"\342\202", "muster:   | \\xe2\\x82\n"},
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct rank_result rank = {EXITED(1, 0, 1)};
		struct job_result result = {.outcome = OUTCOME_FAILED, .nprocs = 1, .ranks = &rank};
		struct report_fixture f;
		struct text text = {0};
		char line[64];
		char *tail[] = {line, NULL};
		strcpy(line, lines[i].line);
		rank.stderr_tail = tail;
		report_fixture_begin(&f, &result);
		report_text_add_failure(&text, &f.facts);
		if (strstr(text.bytes, lines[i].shown) == NULL)
			assert_string_equal(text.bytes, lines[i].shown);
		text_finish(&text);
		report_fixture_end(&f);
	}
}

static void a_long_line_is_cut(void **state)
{
	(void)state;
	struct rank_result rank = {EXITED(1, 0, 1)};
	struct job_result result = {.outcome = OUTCOME_FAILED, .nprocs = 1, .ranks = &rank};
	struct report_fixture f;
	struct text text = {0};
	char line[3000];
	char *tail[] = {line, NULL};
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	rank.stderr_tail = tail;
	report_fixture_begin(&f, &result);
	report_text_add_failure(&text, &f.facts);
	assert_non_null(strstr(text.bytes, "xxx...\n"));
	assert_true(text.length < 1200);
	text_finish(&text);
	report_fixture_end(&f);
}

static void a_restart_is_one_line_with_its_reason(void **state)
{
	(void)state;
	static const struct {
		uint32_t first_failure;
		int64_t delay_ms;
		bool colour;
		const char *expected;
	} restarts[] = {
		{1, 2000, false,
	         "muster: restart 1 of 3 in 2 s, because rank 1 (pid 4301, CPUs 1,9) exited with code 7, 0.100 s after "
	         "the "
	         "start\n"},
		{1, 500, true,
	         "muster: \033[33mrestart 1 of 3 in 500 ms\033[0m, because rank 1 (pid 4301, CPUs 1,9) exited with "
	         "code "
	         "7, 0.100 s after the start\n"},
		{NO_RANK, 0, false, "muster: restart 1 of 3\n"},
	};
	for (size_t i = 0; i < COUNT_OF(restarts); i++) {
		struct rank_result ranks[2] = {WELL(1, 200), {EXITED(7, 0, 100)}};
		struct job_result result = {.nprocs = 2, .ranks = ranks, .first_failure = restarts[i].first_failure};
		struct report_fixture f;
		struct text text = {0};
		report_fixture_begin(&f, &result);
		f.facts.colour = restarts[i].colour;
		report_text_add_restart(&text, &f.facts, 1, restarts[i].delay_ms);
		assert_string_equal(text.bytes, restarts[i].expected);
		text_finish(&text);
		report_fixture_end(&f);
	}
}

static void a_failure_that_the_others_go_on_after_takes_one_line(void **state)
{
	(void)state;
	struct rank_result ranks[2] = {{.end = RANK_NOT_STARTED}, {EXITED(7, 0, 100)}};
	struct job_result result = {.nprocs = 2, .ranks = ranks, .first_failure = 1};
	struct report_fixture f;
	struct text text = {0};
	report_fixture_begin(&f, &result);
	report_text_add_first_failure(&text, &f.facts);
	assert_string_equal(text.bytes, "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 7, 0.100 s after the "
	                                "start; the others go on\n");
	text_finish(&text);
	report_fixture_end(&f);
}

static void a_core_pattern_that_is_not_known_is_not_guessed(void **state)
{
	(void)state;
	struct rank_result rank = {SIGNALED(SIGSEGV, 0, 1), .core_dumped = true};
	struct job_result result = {.nprocs = 1, .ranks = &rank};
	struct report_fixture f;
	struct text text = {0};
	report_fixture_begin(&f, &result);
	f.facts.core_pattern = NULL;
	add_rank_end(&text, &f.facts, 0);
	assert_string_equal(text.bytes, "was killed by SIGSEGV (segmentation fault), core dumped");
	text_finish(&text);
	report_fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_are_exactly_these),
		cmocka_unit_test(who_comes_last_to_barriers_is_named),
		cmocka_unit_test(only_printable_characters_of_a_line_are_sent),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(a_restart_is_one_line_with_its_reason),
		cmocka_unit_test(a_failure_that_the_others_go_on_after_takes_one_line),
		cmocka_unit_test(a_core_pattern_that_is_not_known_is_not_guessed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
