/* SPDX-License-Identifier: MIT
 *
 * group_starter: ranks are started one after another, and a start that fails, wherever it does, leaves those before it
 * watched, nothing unwatched, and no descriptor of its own. Each test is a child: it lowers limits and blocks signals.
 */
#include "run_fixture.h"

#include "run/deaths.h"
#include "run/group_starter.h"
#include "run/job_result.h"
#include "run/job_segment.h"
#include "run/memory_cgroup.h"
#include "run/output.h"
#include "run/rank_group.h"
#include "run/rank_process.h"
#include "run/signals.h"
#include "run/stdin_feed.h"
#include "run/supervisor.h"

#include <dirent.h>
#include <sys/resource.h>
#include <uv.h>

enum { RANKS = 3, NOBODY = 65534 };

struct starting {
	struct run_fixture f;
	struct rank_launcher launcher;
	struct memory_cgroups cgroups;
	struct supervision how;
	struct rank_group group;
	struct deaths deaths;
	struct job_result result;
	struct group_starter starter;
	uv_loop_t loop;
};

static const struct job_segment no_segment = {.fd = -1};

static void begin_with(struct starting *t, char *command)
{
	struct error err;
	memset(t, 0, sizeof *t);
	fixture_begin(&t->f, RANKS);
	for (uint32_t r = 0; r < RANKS; r++)
		t->f.argv[r][0] = command;
	t->f.spec.placement.memory = MEMORY_NONE;
	signals_take_over();
	signals_block();
	t->how = (struct supervision){.plan = &t->f.plan, .launcher = &t->launcher, .memory_cgroups = &t->cgroups};
	rank_group_init(&t->group, RANKS);
	job_result_init(&t->result, RANKS);
	child_must(uv_loop_init(&t->loop) == 0);
	child_must(rank_launcher_init(&t->launcher, &t->f.plan, &err) == 0);
	child_must(output_create(&t->how.output, &t->f.plan, NULL, &err) == 0);
	child_must(output_attach(t->how.output, &t->loop, NULL, NULL, &err) == 0);
	child_must(deaths_init(&t->deaths, t->group.pids, RANKS) == 0);
	t->starter = (struct group_starter){.how = &t->how,
	                                    .group = &t->group,
	                                    .deaths = &t->deaths,
	                                    .result = &t->result,
	                                    .segment = &no_segment,
	                                    .null_fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
	child_must(stdin_feed_create(&t->starter.feed, &t->f.plan, &t->loop, getpid(), &err) == 0);
	child_must(group_starter_begin(&t->starter, &err) == 0);
}

static void begin(struct starting *t)
{
	static char command[] = "/bin/true";
	begin_with(t, command);
}

static void must_start(struct starting *t)
{
	struct error err;
	uint32_t local_rank = t->starter.next;
	if (group_starter_start_next(&t->starter, 0, &err) < 0) {
		fprintf(stderr, "rank %u: %s\n", local_rank, err.text);
		_exit(1);
	}
	child_must(t->starter.next == local_rank + 1 && t->group.pids[local_rank] > 0);
}

static void must_fail(struct starting *t, int code, const char *says)
{
	struct error err;
	uint32_t next = t->starter.next, running = t->group.running;
	int rc = group_starter_start_next(&t->starter, 0, &err);
	if (rc != code || strstr(err.text, says) == NULL) {
		fprintf(stderr, "%d: %s, expected %s\n", rc, rc == 0 ? "started" : err.text, says);
		_exit(1);
	}
	child_must(t->starter.next == next && t->group.running == running);
	child_must(t->group.pids[next] == 0);
	child_must(fcntl(t->starter.null_fd, F_GETFD) >= 0); /* not the failed rank's to close */
}

/* Every rank that was started is heard of, and no other process is left. */
static void must_end(struct starting *t)
{
	uint32_t started = t->group.running;
	struct death death;
	for (uint32_t ended = 0; ended < started;) {
		struct pollfd ready = {.fd = t->deaths.epoll, .events = POLLIN};
		child_must(poll(&ready, 1, -1) == 1);
		for (; deaths_next(&t->deaths, &death); ended++) {
			child_must(death.status == 0 && t->launcher.slots[death.local_rank].failed_step == STEP_NONE);
			rank_group_remove(&t->group, death.local_rank);
		}
	}
	siginfo_t info;
	while (!deaths_reap_orphans(&t->deaths)) /* one that could not be watched */
		child_must(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0);
	stdin_feed_destroy(t->starter.feed);
	output_close_when_empty(t->how.output);
	child_must(output_is_drained(t->how.output)); /* the write ends are nobody's any more */
	fixture_end(&t->f);
}

static int count_descriptors(void)
{
	int count = 0;
	DIR *directory = opendir("/proc/self/fd");
	child_must(directory != NULL);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void start_all(void *unused)
{
	(void)unused;
	struct starting t;
	begin(&t);
	for (uint32_t r = 0; r < RANKS; r++) {
		child_must(!group_starter_is_done(&t.starter));
		must_start(&t);
	}
	child_must(group_starter_is_done(&t.starter) && t.group.running == RANKS);
	must_end(&t);
}

static void ranks_are_started_one_after_another_and_watched(void **state)
{
	(void)state;
	fixture_in_child(start_all, NULL);
}

static void have_no_more_processes(void *unused)
{
	(void)unused;
	struct starting t;
	const struct rlimit none = {0, 0};
	begin(&t);
	must_start(&t);
	child_must(geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0);
	child_must(setrlimit(RLIMIT_NPROC, &none) == 0);
	int before = count_descriptors();
	must_fail(&t, -EAGAIN, "cannot start rank 1: no more processes are allowed");
	child_must(count_descriptors() == before + OUTPUT_STREAMS); /* the read ends: their end is yet to be read */
	must_end(&t);
}

static void a_limit_of_processes_in_the_middle_leaves_the_ranks_before_it_watched(void **state)
{
	(void)state;
	fixture_in_child(have_no_more_processes, NULL);
}

/* So many descriptors more can be opened, and no other. */
static void allow_descriptors(int more)
{
	struct rlimit limit;
	child_must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (limit.rlim_cur = 0; more >= 0; limit.rlim_cur++)
		more -= fcntl((int)limit.rlim_cur, F_GETFD) < 0;
	limit.rlim_cur--;
	child_must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

struct shortage_row {
	int more; /* descriptors beyond those of the ranks before */
	const char *says;
};

static const struct shortage_row shortages[] = {
	{0, "cannot hand standard input on: Too many open files"},
	{1, "cannot make a pipe for rank 1: Too many open files"},
	{3, "cannot make a pipe for rank 1: Too many open files"},
	{5, "cannot start rank 1: no more open files: raise RLIMIT_NOFILE"},
};

static void have_no_more_descriptors(void *context)
{
	const struct shortage_row *row = context;
	struct starting t;
	child_must(dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO) == STDIN_FILENO);
	begin(&t);
	t.f.spec.stdin_to = STDIN_RANK;
	t.f.ranks[1].gets_stdin = true;
	stdin_feed_destroy(t.starter.feed);
	struct error err;
	child_must(stdin_feed_create(&t.starter.feed, &t.f.plan, &t.loop, getpid(), &err) == 0);
	must_start(&t);
	allow_descriptors(row->more);
	must_fail(&t, -EMFILE, row->says);
	must_end(&t);
}

static void a_limit_of_descriptors_is_named_wherever_it_is_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shortages); i++) {
		struct shortage_row row = shortages[i];
		fixture_in_child(have_no_more_descriptors, &row);
	}
}

static void have_no_door_of_the_cgroup(void *unused)
{
	(void)unused;
	struct starting t;
	begin(&t);
	t.cgroups = (struct memory_cgroups){.prefix = fixture_path(&t.f, "gone-"), .count = RANKS};
	must_fail(&t, -ENOENT, "gone-0/cgroup.procs: No such file or directory");
	must_end(&t);
}

static void a_memory_cgroup_that_is_gone_is_named(void **state)
{
	(void)state;
	fixture_in_child(have_no_door_of_the_cgroup, NULL);
}

static void have_nothing_to_watch_by(void *unused)
{
	(void)unused;
	static char command[] = "/bin/cat"; /* of an input that does not end: it would stay */
	int ends[2];
	struct starting t;
	child_must(pipe2(ends, O_CLOEXEC) == 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
	begin_with(&t, command);
	t.f.spec.stdin_to = STDIN_RANK;
	close(t.deaths.epoll);
	t.deaths.epoll = -1;
	int before = count_descriptors();
	must_fail(&t, -EBADF, "cannot watch rank 0: Bad file descriptor");
	child_must(count_descriptors() == before + OUTPUT_STREAMS);
	must_end(&t);
}

static void a_rank_that_cannot_be_watched_is_ended_at_once(void **state)
{
	(void)state;
	fixture_in_child(have_nothing_to_watch_by, NULL);
}

/* --- what the children found --- */

static char *said_on_stderr(struct starting *t, bool quiet)
{
	int ends[2];
	child_must(pipe2(ends, O_CLOEXEC) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	close(ends[1]);
	begin(t);
	t->how.quiet = quiet;
	for (uint32_t r = 0; r < RANKS; r++) {
		t->launcher.slots[r].mask_differs = r > 0;
		t->launcher.slots[r].memory_refused = r > 0 ? EPERM : 0;
	}
	for (uint32_t r = 0; r < RANKS; r++)
		group_starter_tell_binding(&t->starter, r);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	return fixture_read_all(ends[0], NULL);
}

#define MASK_WARNING                                                                                                   \
	"rank 1 is not bound as planned: the kernel gave it fewer CPUs than it was asked for; was the cpuset changed " \
	"meanwhile?"
#define MEMORY_WARNING                                                                                                 \
	"memory is not bound to NUMA nodes: set_mempolicy: Operation not permitted; CPUs are bound all the same "      \
	"(--mem-bind none silences this)"

static void be_cut_down(void *context)
{
	const bool *quiet = context;
	struct starting t;
	char *said = said_on_stderr(&t, *quiet);
	const char *expected = *quiet ? "" : "muster: warning: " MASK_WARNING "\nmuster: warning: " MEMORY_WARNING "\n";
	child_must(strcmp(said, expected) == 0);
	child_must(strcmp(t.result.warnings[0], MASK_WARNING) == 0);
	child_must(strcmp(t.result.warnings[1], MEMORY_WARNING) == 0);
	child_must(t.result.warnings[2] == NULL); /* once a job, though two ranks have it */
	free(said);
	must_end(&t);
}

static void what_the_kernel_cut_down_is_told_once_a_job(void **state)
{
	(void)state;
	bool quiet = false;
	fixture_in_child(be_cut_down, &quiet);
}

static void quiet_keeps_warnings_for_the_report(void **state)
{
	(void)state;
	bool quiet = true;
	fixture_in_child(be_cut_down, &quiet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_are_started_one_after_another_and_watched),
		cmocka_unit_test(a_limit_of_processes_in_the_middle_leaves_the_ranks_before_it_watched),
		cmocka_unit_test(a_limit_of_descriptors_is_named_wherever_it_is_reached),
		cmocka_unit_test(a_memory_cgroup_that_is_gone_is_named),
		cmocka_unit_test(a_rank_that_cannot_be_watched_is_ended_at_once),
		cmocka_unit_test(what_the_kernel_cut_down_is_told_once_a_job),
		cmocka_unit_test(quiet_keeps_warnings_for_the_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
