/* SPDX-License-Identifier: MIT
 *
 * rank_process and rank_child: what a rank finds when it begins, told by a program that looks around, and what ends it.
 */
#include "rank_process_fixture.h"
#include "run_fixture.h"

#include "run/rank_process.h"
#include "run/signals.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

/* --- what a rank finds --- */

static uint32_t first_allowed_cpu(void)
{
	cpu_set_t set;
	child_must(sched_getaffinity(0, sizeof set, &set) == 0);
	for (uint32_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			return cpu;
	_exit(1);
}

static void ask_for_everything(struct start *s)
{
	static char restarts[] = "MUSTER_RESTART_COUNT=77", rank[] = "MUSTER_RANK=0", shadowed[] = "COLOUR=job";
	static char colour[] = "COLOUR=rank", kept[] = "KEPT=yes";
	static char *job[] = {kept, shadowed, restarts, NULL}, *own[] = {rank, colour, NULL};
	s->f.argv[0][0] = fixture_text(&s->f, SHOW_INHERITANCE);
	s->f.plan.job_environment = job;
	s->f.ranks[0].environment = own;
	s->f.ranks[0].working_directory = s->f.directory;
	s->f.spec.has_umask = true;
	s->f.spec.umask = 027;
	s->f.spec.limits.has_nice = true;
	s->f.spec.limits.nice = 5;
	s->f.spec.limits.core_size_bytes = 0;
	index_set_add(&s->f.places[0].cpus, first_allowed_cpu());
	s->f.places[0].bound = true;
}

/* Starts it with `before`, its stdout in a file; returns what it says. */
static char *look_around(struct start *s, prepare *before)
{
	struct error err;
	start_begin(s);
	before(s);
	close(s->descriptors[1]);
	char *path = fixture_path(&s->f, "shown");
	s->descriptors[1] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	child_must(rank_launcher_init(&s->launcher, &s->f.plan, &err) == 0);
	child_must(rank_launcher_begin(&s->launcher, &err) == 0);
	start_run(s);
	child_must(WIFEXITED(s->status) && WEXITSTATUS(s->status) == 0);
	return fixture_read_file(path, NULL);
}

#define must_say(shown, ...)                                                                                           \
	do {                                                                                                           \
		char wanted[256];                                                                                      \
		snprintf(wanted, sizeof wanted, __VA_ARGS__);                                                          \
		if (strstr(shown, wanted) == NULL) {                                                                   \
			fprintf(stderr, "line %d: no %s in:\n%s\n", __LINE__, wanted, shown);                          \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

static void spoil_what_is_inherited(void)
{
	static const int ignored[] = {SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE, SIGALRM, 40};
	sigset_t all;
	for (size_t i = 0; i < COUNT_OF(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signals_take_over();
	signals_block();
	child_must(dup2(0, 200) == 200); /* open, and not to be closed at exec */
}

static void see_everything(void *unused)
{
	(void)unused;
	struct start s;
	spoil_what_is_inherited();
	char *shown = look_around(&s, ask_for_everything);
	must_say(shown, "\"fds\": {\"0\": \"/dev/null\", \"1\": \"%s/shown\", \"2\": \"/dev/null\"}", s.f.directory);
	must_say(shown, "\"SigBlk\": \"0000000000000000\"");
	must_say(shown, "\"SigIgn\": \"0000000000000000\"");
	must_say(shown, "\"SigPnd\": \"0000000000000000\"");
	must_say(shown, "\"death_signal\": 9,");
	must_say(shown, "\"ppid\": %d,", (int)getpid());
	must_say(shown, "\"sid\": %d,", (int)getsid(0));
	must_say(shown, "\"affinity\": [%u],", first_allowed_cpu());
	must_say(shown, "\"thread_affinity\": [%u],", first_allowed_cpu());
	must_say(shown, "\"umask\": %u, \"nice\": 5,", 027U);
	must_say(shown, "\"directory\": \"%s\"", s.f.directory);
	must_say(shown, "\"environment\": [\"KEPT=yes\",\n  \"MUSTER_RANK=0\",\n  \"COLOUR=rank\",\n"
	                "  \"MUSTER_RESTART_COUNT=3\",\n  \"TORCHELASTIC_RESTART_COUNT=3\"]");
	const char *ids = strstr(shown, "\"pid\": ");
	int pid = 0, parent = 0, group = 0;
	child_must(sscanf(ids, "\"pid\": %d, \"ppid\": %d, \"pgid\": %d", &pid, &parent, &group) == 3 && pid == group);
	child_must(s.launcher.slots[0].mask_differs == 0 && s.launcher.slots[0].memory_refused == 0);
	free(shown);
	start_end(&s);
}

static void a_rank_finds_what_was_promised_whatever_muster_inherited(void **state)
{
	(void)state;
	fixture_in_child(see_everything, NULL);
}

static void ask_for_nothing(struct start *s)
{
	s->f.argv[0][0] = fixture_text(&s->f, SHOW_INHERITANCE);
}

/* muster raised its own number of open files; the rank gets the one that muster was given, and keeps the rest. */
static void see_what_was_left_alone(void *unused)
{
	(void)unused;
	struct start s;
	struct rlimit limit, lowered, core;
	char directory[PATH_MAX];
	child_must(getrlimit(RLIMIT_NOFILE, &limit) == 0 && getrlimit(RLIMIT_CORE, &core) == 0);
	lowered = (struct rlimit){.rlim_cur = 123, .rlim_max = limit.rlim_max};
	child_must(setrlimit(RLIMIT_NOFILE, &lowered) == 0);
	umask(031);
	signals_take_over();
	signals_block();
	char *shown = look_around(&s, ask_for_nothing);
	must_say(shown, "[123, %lld]", (long long)limit.rlim_max);
	must_say(shown, "\"umask\": %u, \"nice\": %d,", 031U, getpriority(PRIO_PROCESS, 0));
	must_say(shown, "\"directory\": \"%s\"", getcwd(directory, sizeof directory));
	free(shown);
	start_end(&s);
}

static void what_was_not_asked_for_is_left_alone(void **state)
{
	(void)state;
	fixture_in_child(see_what_was_left_alone, NULL);
}

static void ask_for_too_many_cpus(struct start *s)
{
	ask_for_nothing(s);
	index_set_add(&s->f.places[0].cpus, first_allowed_cpu());
	index_set_add(&s->f.places[0].cpus, A_CPU_BEYOND);
	index_set_add(&s->f.places[0].nodes, 900); /* no such node: refused */
	s->f.places[0].bound = true;
	s->f.spec.placement.memory = MEMORY_LOCAL;
}

static void see_less_than_asked_for(void *unused)
{
	(void)unused;
	struct start s;
	signals_take_over();
	signals_block();
	char *shown = look_around(&s, ask_for_too_many_cpus);
	must_say(shown, "\"affinity\": [%u],", first_allowed_cpu());
	child_must(s.launcher.slots[0].failed_step == STEP_NONE);
	child_must(s.launcher.slots[0].mask_differs == 1);
	child_must(s.launcher.slots[0].memory_refused != 0);
	free(shown);
	start_end(&s);
}

static void a_binding_that_the_kernel_cut_down_and_a_refused_memory_policy_are_noted_and_cost_nothing(void **state)
{
	(void)state;
	fixture_in_child(see_less_than_asked_for, NULL);
}

/* --- the supervisor's end --- */

static _Noreturn void supervise_until_killed(int to)
{
	struct start s;
	struct started_rank started;
	struct error err;
	signals_take_over();
	signals_block();
	start_begin(&s);
	s.f.argv[0][0] = fixture_text(&s.f, "/bin/sleep");
	s.f.argv[0][1] = fixture_text(&s.f, "100");
	s.descriptors[1] = to;
	child_must(rank_launcher_init(&s.launcher, &s.f.plan, &err) == 0);
	child_must(rank_launcher_begin(&s.launcher, &err) == 0);
	child_must(rank_start(&s.launcher, 0, s.descriptors, 0, -1, &started, &err) == 0);
	while (s.launcher.slots[0].tid != 0)
		poll(NULL, 0, 1);
	child_must(write(to, "", 1) == 1);
	for (;;)
		pause();
}

static void a_rank_dies_with_its_supervisor(void **state)
{
	(void)state;
	int ends[2];
	char byte;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	test_directories_share();
	pid_t supervisor = fork();
	if (supervisor == 0)
		supervise_until_killed(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(kill(supervisor, SIGKILL), 0);
	fixture_wait(supervisor);
	alarm(FIXTURE_LIFE_S);
	assert_int_equal(read(ends[0], &byte, 1), 0); /* the rank held the other end as its stdout */
	close(ends[0]);
	test_directories_clear(supervisor);
}

/* --- several, and again --- */

static void start_all_twice(void *unused)
{
	(void)unused;
	struct run_fixture f;
	struct rank_launcher launcher;
	struct error err;
	struct started_rank started[FIXTURE_RANKS];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int descriptors[3] = {null, null, null};
	signals_take_over();
	signals_block();
	fixture_begin(&f, FIXTURE_RANKS);
	child_must(rank_launcher_init(&launcher, &f.plan, &err) == 0);
	for (uint32_t incarnation = 0; incarnation < 2; incarnation++) {
		child_must(rank_launcher_begin(&launcher, &err) == 0);
		for (uint32_t r = 0; r < FIXTURE_RANKS; r++)
			child_must(rank_start(&launcher, r, descriptors, incarnation, -1, &started[r], &err) == 0);
		for (uint32_t r = 0; r < FIXTURE_RANKS; r++) {
			int status;
			child_must(waitpid(started[r].pid, &status, 0) == started[r].pid && status == 0);
			child_must(launcher.slots[r].failed_step == STEP_NONE);
			close(started[r].pidfd);
		}
		child_must(launcher.stack_count <= FIXTURE_RANKS);
		child_must(rank_launcher_all_left(&launcher) == true);
	}
	rank_launcher_finish(&launcher);
	fixture_end(&f);
}

static void an_incarnation_follows_another(void **state)
{
	(void)state;
	fixture_in_child(start_all_twice, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rank_finds_what_was_promised_whatever_muster_inherited),
		cmocka_unit_test(what_was_not_asked_for_is_left_alone),
		cmocka_unit_test(
			a_binding_that_the_kernel_cut_down_and_a_refused_memory_policy_are_noted_and_cost_nothing),
		cmocka_unit_test(a_rank_dies_with_its_supervisor),
		cmocka_unit_test(an_incarnation_follows_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
