/* SPDX-License-Identifier: MIT
 *
 * detach: when the job's process is killed before it says how the start went, its record is the command's to remove, if
 * nothing was started, and else the job's.
 */
#include "run_fixture.h"

#include "commands/detach.h"
#include "job/job_record.h"
#include "job/start_word.h"
#include "run/output.h"

#include <sys/prctl.h>

struct setting {
	char *place;
	struct job_spec spec;
	struct job_record record;
	struct start_word starter;
	int gate[2]; /* open until the other process is to end */
};

static void begin(struct setting *setting)
{
	struct error err;
	struct log_place logs;
	alarm(FIXTURE_LIFE_S);
	*setting = (struct setting){.place = test_directory_make(), .starter = START_WORD_NONE};
	setenv("XDG_STATE_HOME", setting->place, 1);
	job_spec_init(&setting->spec);
	job_record_name(&setting->record, "train");
	if (detach_make_record(&setting->record, &logs, &setting->spec, &err) < 0)
		fail_msg("%s", err.text);
	close(logs.directory);
}

static void end(struct setting *setting)
{
	job_spec_finish(&setting->spec);
	job_record_discard(&setting->record);
	test_directory_remove(setting->place);
}

/* Whether there is a job when the process of it ends so. */
static bool is_detached(struct setting *setting, int (*guard)(void *context, int owner, struct error *err))
{
	const struct detachment job = {
		.record = &setting->record, .starter = &setting->starter, .guard = guard, .context = setting};
	bool detached = false;
	assert_int_equal(detach(&job, &detached), 125);
	return detached;
}

static int is_killed(void *context, int owner, struct error *err)
{
	(void)context;
	(void)owner;
	(void)err;
	raise(SIGKILL);
	return 0;
}

static int has_begun_and_is_killed(void *context, int owner, struct error *err)
{
	const struct setting *setting = context;
	job_record_put_job(&setting->record, "{}", 2, err);
	return is_killed(context, owner, err);
}

static int has_reported_and_is_killed(void *context, int owner, struct error *err)
{
	const struct setting *setting = context;
	job_record_put(&setting->record, "report.json", "{}", 2, err);
	return is_killed(context, owner, err);
}

/* As a warden has: the record is open there, the pipe is not. */
static int leaves_another_and_is_killed(void *context, int owner, struct error *err)
{
	const struct setting *setting = context;
	if (fork() == 0) {
		char byte;
		close(setting->starter.speaking);
		close(setting->gate[1]);
		_exit(read(setting->gate[0], &byte, 1) == 0 ? 0 : 1);
	}
	return is_killed(context, owner, err);
}

static void of_a_job_that_is_killed_before_it_begins_nothing_is_left(void **state)
{
	(void)state;
	struct setting setting;
	char path[PATH_MAX];
	begin(&setting);
	snprintf(path, sizeof path, "%s", setting.record.path);
	assert_false(is_detached(&setting, is_killed));
	job_record_discard(&setting.record);
	assert_int_equal(access(path, F_OK), -1);
	end(&setting);
}

static void one_that_has_begun_keeps_its_record(void **state)
{
	(void)state;
	struct setting setting;
	begin(&setting);
	assert_true(is_detached(&setting, has_begun_and_is_killed));
	end(&setting);
	begin(&setting);
	assert_true(is_detached(&setting, has_reported_and_is_killed));
	end(&setting);
}

static void one_of_which_another_process_lives_is_left_to_that(void **state)
{
	(void)state;
	struct setting setting;
	begin(&setting);
	assert_int_equal(pipe2(setting.gate, O_CLOEXEC), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_true(is_detached(&setting, leaves_another_and_is_killed));
	assert_int_equal(job_record_is_held(setting.record.directory), 1);
	close(setting.gate[1]);
	while (wait(NULL) > 0)
		;
	assert_int_equal(job_record_is_held(setting.record.directory), 0);
	close(setting.gate[0]);
	end(&setting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_job_that_is_killed_before_it_begins_nothing_is_left),
		cmocka_unit_test(one_that_has_begun_keeps_its_record),
		cmocka_unit_test(one_of_which_another_process_lives_is_left_to_that),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
