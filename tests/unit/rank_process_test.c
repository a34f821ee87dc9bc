/* SPDX-License-Identifier: MIT
 *
 * rank_process and rank_child: what a rank finds when it begins, told by a program that looks around, and every step
 * between clone and exec that can be made to fail, with the name and the errno that its slot gets.
 */
#include "run_fixture.h"

#include "run/rank_process.h"
#include "run/signals.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { NOBODY = 65534, A_CPU_BEYOND = 8000 };

struct start {
	struct run_fixture f;
	struct rank_launcher launcher;
	int descriptors[3];
	int cgroup_procs;
	int status; /* as of wait(2), once it ended */
};

static void begin(struct start *s)
{
	memset(s, 0, sizeof *s);
	fixture_begin(&s->f, 1);
	s->cgroup_procs = -1;
	for (int i = 0; i < 3; i++)
		s->descriptors[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	s->f.spec.placement.memory = MEMORY_NONE;
}

/* Starts the rank and waits for its end, and until its stack is given back. */
static void run_rank(struct start *s)
{
	struct started_rank started;
	struct error err;
	child_must(rank_start(&s->launcher, 0, s->descriptors, 3, s->cgroup_procs, &started, &err) == 0);
	struct pollfd ended = {.fd = started.pidfd, .events = POLLIN};
	child_must(poll(&ended, 1, -1) == 1);
	child_must(waitpid(started.pid, &s->status, 0) == started.pid);
	child_must(rank_launcher_all_left(&s->launcher));
	child_must(s->launcher.stacks == NULL);
	close(started.pidfd);
}

static void end(struct start *s)
{
	rank_launcher_finish(&s->launcher);
	for (int i = 0; i < 3; i++)
		close(s->descriptors[i]);
	fixture_end(&s->f);
}

/* --- every failing step --- */

typedef void prepare(struct start *s);

static void with_a_cgroup_that_cannot_be_written(struct start *s)
{
	s->cgroup_procs = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void with_a_signal_that_cannot_be_reset(struct start *s)
{
	s->launcher.conditions.ignored = UINT64_C(1) << (SIGKILL - 1);
}

static void on_a_cpu_that_is_not_there(struct start *s)
{
	index_set_add(&s->f.places[0].cpus, A_CPU_BEYOND);
	s->f.places[0].bound = true;
}

static void nicer_than_is_allowed(struct start *s)
{
	const struct rlimit none = {0, 0};
	child_must(setrlimit(RLIMIT_NICE, &none) == 0);
	s->f.spec.limits.has_nice = true;
	s->f.spec.limits.nice = -5;
}

static void above_the_hard_limit(struct start *s)
{
	const struct rlimit low = {0, 4096};
	child_must(setrlimit(RLIMIT_CORE, &low) == 0);
	s->f.spec.limits.core_size_bytes = 8192;
}

static void in_a_directory_that_is_gone(struct start *s)
{
	s->f.ranks[0].working_directory = fixture_path(&s->f, "gone");
}

static void in_a_directory_that_is_closed(struct start *s)
{
	s->f.ranks[0].working_directory = fixture_path(&s->f, "closed");
	child_must(mkdir(s->f.ranks[0].working_directory, 0) == 0);
}

static void as_somebody_else(struct start *s)
{
	s->f.plan.become_user = true;
}

static void below_a_supervisor_that_is_gone(struct start *s)
{
	s->launcher.conditions.supervisor = getpid() + 1;
}

static void with_a_closed_descriptor(struct start *s)
{
	close(s->descriptors[1]);
	s->descriptors[1] = 999;
}

static void with_a_command(struct start *s, const char *text)
{
	s->f.argv[0][0] = fixture_path(&s->f, "command");
	fixture_write_file(s->f.argv[0][0], text, 0755);
}

static void with_a_script(struct start *s)
{
	with_a_command(s, "#!/bin/sh\n");
}

static void whose_command_was_removed(struct start *s)
{
	child_must(remove(s->f.argv[0][0]) == 0);
}

static void whose_command_lost_its_permission(struct start *s)
{
	child_must(chmod(s->f.argv[0][0], 0644) == 0);
}

static void whose_command_became_nonsense(struct start *s)
{
	fixture_write_file(s->f.argv[0][0], "\177ELF but no program", 0755);
}

static void whose_interpreter_is_gone(struct start *s)
{
	fixture_write_file(s->f.argv[0][0], "#!/no/such/interpreter\n", 0755);
}

static void whose_command_is_being_written(struct start *s)
{
	child_must(open(s->f.argv[0][0], O_WRONLY | O_CLOEXEC) >= 0);
}

static void with_an_argument_too_long(struct start *s)
{
	static char longest[256 * 1024]; /* a single one may have 128 KiB, MAX_ARG_STRLEN */
	memset(longest, 'x', sizeof longest - 1);
	s->f.argv[0][1] = longest;
}

struct failure_row {
	const char *what;
	prepare *before; /* the launcher is made */
	prepare *after;
	bool unprivileged;
	enum rank_step step;
	int code;
};

static const struct failure_row failures[] = {
	{"cgroup", NULL, with_a_cgroup_that_cannot_be_written, false, STEP_CGROUP, EBADF},
	{"signals", NULL, with_a_signal_that_cannot_be_reset, false, STEP_SIGNALS, EINVAL},
	{"binding", on_a_cpu_that_is_not_there, NULL, false, STEP_AFFINITY, EINVAL},
	{"nice", nicer_than_is_allowed, NULL, true, STEP_NICE, EACCES},
	{"limit", above_the_hard_limit, NULL, true, STEP_LIMIT, EPERM},
	{"directory gone", in_a_directory_that_is_gone, NULL, false, STEP_DIRECTORY, ENOENT},
	{"directory closed", in_a_directory_that_is_closed, NULL, true, STEP_DIRECTORY, EACCES},
	{"user", as_somebody_else, NULL, true, STEP_USER, EPERM},
	{"supervisor gone", NULL, below_a_supervisor_that_is_gone, false, STEP_PARENT_DEATH, ESRCH},
	{"descriptors", NULL, with_a_closed_descriptor, false, STEP_DESCRIPTORS, EBADF},
	{"command removed", with_a_script, whose_command_was_removed, false, STEP_EXECUTE, ENOENT},
	{"command not executable", with_a_script, whose_command_lost_its_permission, false, STEP_EXECUTE, EACCES},
	{"command of no format", with_a_script, whose_command_became_nonsense, false, STEP_EXECUTE, ENOEXEC},
	{"interpreter gone", with_a_script, whose_interpreter_is_gone, false, STEP_EXECUTE, ENOENT},
	{"command being written", with_a_script, whose_command_is_being_written, false, STEP_EXECUTE, ETXTBSY},
	{"argument too long", with_an_argument_too_long, NULL, false, STEP_EXECUTE, E2BIG},
};

static void fail_at_its_step(void *context)
{
	const struct failure_row *row = context;
	struct start s;
	struct error err;
	signals_take_over();
	signals_block();
	if (row->unprivileged && geteuid() == 0) {
		child_must(setresgid(NOBODY, NOBODY, NOBODY) == 0);
		child_must(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	}
	begin(&s);
	if (row->before != NULL)
		row->before(&s);
	child_must(rank_launcher_init(&s.launcher, &s.f.plan, &err) == 0);
	child_must(rank_launcher_begin(&s.launcher, &err) == 0);
	if (row->after != NULL)
		row->after(&s);
	run_rank(&s);
	const struct rank_slot *slot = &s.launcher.slots[0];
	if (slot->failed_step != (int32_t)row->step || slot->failed_errno != row->code) {
		fprintf(stderr, "%s: failed to %s: %s (status %x)\n", row->what,
		        rank_step_name((enum rank_step)slot->failed_step), strerror(slot->failed_errno),
		        (unsigned int)s.status);
		_exit(1);
	}
	child_must(WIFEXITED(s.status) && WEXITSTATUS(s.status) == 127);
	end(&s);
}

static void a_step_that_fails_is_named_with_its_errno(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(failures); i++) {
		struct failure_row row = failures[i];
		fixture_in_child(fail_at_its_step, &row);
	}
}

static void every_step_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (enum rank_step a = STEP_NONE; a < STEP_COUNT; a++)
		for (enum rank_step b = STEP_NONE; b < a; b++)
			assert_string_not_equal(rank_step_name(a), rank_step_name(b));
}

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
	begin(s);
	before(s);
	close(s->descriptors[1]);
	char *path = fixture_path(&s->f, "shown");
	s->descriptors[1] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	child_must(rank_launcher_init(&s->launcher, &s->f.plan, &err) == 0);
	child_must(rank_launcher_begin(&s->launcher, &err) == 0);
	run_rank(s);
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
	end(&s);
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
	end(&s);
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
	end(&s);
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
	begin(&s);
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

/* --- starts that fail in muster itself --- */

static void start_beyond(int resource, const char *says, int code)
{
	struct start s;
	struct started_rank started = {.pid = -5, .pidfd = -5};
	struct error err;
	const struct rlimit none = {0, 0};
	signals_take_over();
	signals_block();
	begin(&s);
	child_must(rank_launcher_init(&s.launcher, &s.f.plan, &err) == 0);
	child_must(rank_launcher_begin(&s.launcher, &err) == 0);
	child_must(setrlimit((__rlimit_resource_t)resource, &none) == 0);
	child_must(geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0);
	child_must(rank_start(&s.launcher, 0, s.descriptors, 0, -1, &started, &err) == code);
	child_must(strstr(err.text, says) != NULL);
	child_must(started.pid == -5 && started.pidfd == -5); /* outputs change only on success */
	child_must(rank_launcher_all_left(&s.launcher));
	end(&s);
}

static void start_beyond_processes(void *unused)
{
	(void)unused;
	start_beyond(RLIMIT_NPROC, "cannot start rank 0: no more processes are allowed: RLIMIT_NPROC (ulimit -u) is 0",
	             -EAGAIN);
}

static void start_beyond_files(void *unused)
{
	(void)unused;
	start_beyond(RLIMIT_NOFILE, "cannot start rank 0: no more open files: raise RLIMIT_NOFILE", -EMFILE);
}

static void a_start_beyond_a_limit_names_it(void **state)
{
	(void)state;
	fixture_in_child(start_beyond_processes, NULL);
	fixture_in_child(start_beyond_files, NULL);
}

static void a_command_that_is_not_there_is_found_out_before_anything_is_started(void **state)
{
	(void)state;
	struct start s;
	struct error err = {0};
	begin(&s);
	s.f.argv[0][0] = fixture_text(&s.f, "/no/such/command");
	assert_int_equal(rank_launcher_init(&s.launcher, &s.f.plan, &err), -ENOENT);
	assert_non_null(strstr(err.text, "command not found: /no/such/command"));
	end(&s);
	rank_launcher_finish(&s.launcher); /* once more is allowed */
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
		cmocka_unit_test(a_step_that_fails_is_named_with_its_errno),
		cmocka_unit_test(every_step_has_a_name_of_its_own),
		cmocka_unit_test(a_rank_finds_what_was_promised_whatever_muster_inherited),
		cmocka_unit_test(what_was_not_asked_for_is_left_alone),
		cmocka_unit_test(
			a_binding_that_the_kernel_cut_down_and_a_refused_memory_policy_are_noted_and_cost_nothing),
		cmocka_unit_test(a_rank_dies_with_its_supervisor),
		cmocka_unit_test(a_start_beyond_a_limit_names_it),
		cmocka_unit_test(a_command_that_is_not_there_is_found_out_before_anything_is_started),
		cmocka_unit_test(an_incarnation_follows_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
