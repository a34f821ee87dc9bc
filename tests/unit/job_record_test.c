/* SPDX-License-Identifier: MIT
 *
 * job_record, job_places, private_directory, job_id: records are made where they belong and for nobody else to see, the
 * directories that an attacker prepared are refused with words, and the lock is held by whoever was forked.
 */
#include "test_directory.h"

#include "base/error.h"
#include "base/file_text.h"
#include "job/job_id.h"
#include "job/job_places.h"
#include "job/job_record.h"
#include "job/private_directory.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

static char *begin(void)
{
	char *place = test_directory_make();
	setenv("XDG_STATE_HOME", place, 1);
	setenv("XDG_RUNTIME_DIR", place, 1);
	return place;
}

static mode_t mode_of(const char *directory, const char *name)
{
	char path[PATH_MAX];
	struct stat status;
	snprintf(path, sizeof path, "%s/%s", directory, name);
	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode;
}

/* --- ids --- */

static void ids_of_one_name_sort_by_time(void **state)
{
	(void)state;
	char before[JOB_ID_SIZE] = "", id[JOB_ID_SIZE];
	static const int64_t times_ms[] = {0, 1, 31, 32, 1000, 123456789, 28000000000, 34 * 31536000000};
	for (size_t i = 0; i < COUNT_OF(times_ms); i++) {
		job_id_make(id, "train", times_ms[i], 31 - (uint32_t)i);
		assert_true(strcmp(before, id) < 0);
		assert_true(job_id_is_valid(id));
		strcpy(before, id);
	}
	assert_int_equal(strlen(id), strlen("train-") + 11);
}

static void names_that_are_no_file_names_are_made_some(void **state)
{
	(void)state;
	char id[JOB_ID_SIZE], name[300];
	static const char *const names[] = {"../../etc/passwd", "-rf", ".hidden", "a b\nc", "\xff\x01", "a/b"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		job_id_make(id, names[i], 1, 1);
		assert_true(job_id_is_valid(id));
	}
	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	job_id_make(id, name, 1, 1);
	assert_true(job_id_is_valid(id));
}

static void what_is_no_id_is_known(void **state)
{
	(void)state;
	char longest[JOB_ID_SIZE + 1];
	static const char *const others[] = {"", ".", "..", "-x", "a/b", "../x", "a b", "a\n", ".x"};
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_false(job_id_is_valid(others[i]));
	memset(longest, 'x', sizeof longest);
	longest[JOB_ID_SIZE] = '\0';
	assert_false(job_id_is_valid(longest));
	longest[JOB_ID_SIZE - 1] = '\0';
	assert_true(job_id_is_valid(longest));
}

/* --- directories --- */

static void directories_are_made_for_nobody_else(void **state)
{
	(void)state;
	char *place = begin();
	char path[PATH_MAX];
	int records = job_places_open_records(true, NULL), sockets = job_places_open_sockets(true, NULL);
	assert_true(records >= 0 && sockets >= 0);
	assert_int_equal(mode_of(place, "muster") & 07777, 0700);
	assert_int_equal(mode_of(place, "muster/jobs") & 07777, 0700);
	assert_int_equal(job_places_socket_directory(path), 0);
	assert_string_equal(strrchr(path, '/'), "/muster");
	close(records);
	close(sockets);
	test_directory_remove(place);
}

static void refuse(const char *said)
{
	struct error err = {0};
	assert_true(job_places_open_records(true, &err) < 0);
	if (strstr(err.text, said) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", said, err.text);
}

static void links_files_and_directories_of_others_are_refused(void **state)
{
	(void)state;
	char *place = begin();
	char at[PATH_MAX], elsewhere[PATH_MAX];
	snprintf(at, sizeof at, "%s/muster", place);
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", place);
	assert_int_equal(mkdir(elsewhere, 0700), 0);
	assert_int_equal(symlink(elsewhere, at), 0);
	refuse("it is a symbolic link, which is not followed here");
	assert_int_equal(unlink(at), 0);
	test_directory_put(place, "", "/muster");
	refuse("Not a directory");
	assert_int_equal(unlink(at), 0);
	assert_int_equal(mkdir(at, 0700), 0);
	assert_int_equal(chmod(at, 0777), 0);
	refuse("may be written by others (mode 0777): chmod go-w it");
	if (geteuid() == 0) {
		assert_int_equal(chmod(at, 0700), 0);
		assert_int_equal(chown(at, 65534, 65534), 0);
		refuse("belongs to user 65534, not to user 0");
	}
	test_directory_remove(place);
}

static void a_home_that_is_not_there_is_not_made(void **state)
{
	(void)state;
	char *place = begin();
	char home[PATH_MAX];
	snprintf(home, sizeof home, "%s/home", place);
	unsetenv("XDG_STATE_HOME");
	setenv("HOME", home, 1);
	assert_true(job_places_open_records(true, NULL) < 0);
	assert_int_equal(access(home, F_OK), -1);
	assert_int_equal(mkdir(home, 0755), 0);
	int records = job_places_open_records(true, NULL);
	assert_true(records >= 0);
	close(records);
	unsetenv("HOME");
	refuse("neither XDG_STATE_HOME nor HOME");
	assert_false(job_places_known());
	setenv("XDG_STATE_HOME", "relative", 1);
	assert_false(job_places_known());
	test_directory_remove(place);
}

/* Nobody, root neither, makes anything in /proc. */
static void a_directory_that_cannot_be_made_is_named(void **state)
{
	(void)state;
	char *place = begin();
	setenv("XDG_STATE_HOME", "/proc/none/state", 1);
	refuse("cannot make directory /proc/none: ");
	setenv("XDG_STATE_HOME", "/proc", 1);
	refuse("/proc: cannot make directory muster: ");
	test_directory_remove(place);
}

static void a_directory_that_cannot_be_used_is_named_once_and_whole(void **state)
{
	(void)state;
	char *place = begin();
	char said[2 * PATH_MAX];
	struct error err = {0};
	setenv("XDG_STATE_HOME", "/dev/null/state", 1);
	assert_true(job_places_open_records(true, &err) < 0);
	assert_string_equal(err.text, "directory /dev/null/state: Not a directory");
	setenv("XDG_STATE_HOME", place, 1);
	test_directory_put(place, "", "/muster/jobs");
	snprintf(said, sizeof said, "%s/muster: directory jobs: Not a directory", place);
	refuse(said);
	test_directory_remove(place);
}

/* --- records --- */

static struct job_record make(void)
{
	struct job_record record = JOB_RECORD_NONE;
	struct error err = {0};
	job_record_name(&record, "train");
	assert_int_equal(job_record_make(&record, &err), 0);
	return record;
}

static void a_record_is_private_and_its_files_are_whole(void **state)
{
	(void)state;
	char *place = begin();
	struct job_record record = make();
	struct error err;
	assert_int_equal(job_record_put(&record, "report.json", "{}", 2, &err), 0);
	assert_int_equal(job_record_put(&record, "report.json", "{1}", 3, &err), 0);
	assert_int_equal(mode_of(record.path, "") & 07777, 0700);
	assert_int_equal(mode_of(record.path, "report.json") & 07777, 0600);
	assert_int_equal(mode_of(record.path, "job.json") & 07777, 0600);
	assert_int_equal(faccessat(record.directory, ".report.json", F_OK, 0), -1);
	unlinkat(record.directory, "report.json", 0);
	job_record_discard(&record);
	test_directory_remove(place);
}

static void a_full_disk_is_told_with_the_file(void **state)
{
	(void)state;
	char *place = begin(), said[PATH_MAX];
	struct job_record record = make();
	struct error err;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(dup3(full, record.job, O_CLOEXEC) >= 0);
	close(full);
	assert_int_equal(job_record_put_job(&record, "{}", 2, &err), -ENOSPC);
	snprintf(said, sizeof said, "cannot write %s/job.json: No space left on device", record.path);
	assert_string_equal(err.text, said);
	job_record_discard(&record);
	test_directory_remove(place);
}

static void the_lock_is_held_until_the_last_process_that_inherited_it_ends(void **state)
{
	(void)state;
	char *place = begin();
	struct job_record record = make();
	int directory = open(record.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), gate[2];
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		char byte;
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(record.job);
	record.job = -1;
	assert_int_equal(job_record_is_held(directory), 1);
	close(gate[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(job_record_is_held(directory), 0);
	close(gate[0]);
	close(directory);
	job_record_discard(&record);
	test_directory_remove(place);
}

static void an_id_that_is_taken_is_refused_and_its_job_left_alone(void **state)
{
	(void)state;
	char *place = begin();
	struct job_record first = make(), second = JOB_RECORD_NONE;
	struct error err;
	strcpy(second.id, first.id);
	assert_int_equal(job_record_make(&second, &err), -EEXIST);
	assert_non_null(strstr(err.text, first.id));
	job_record_discard(&second);
	assert_int_equal(job_record_is_held(first.directory), 1);
	job_record_discard(&first);
	test_directory_remove(place);
}

static void of_a_job_that_was_refused_nothing_is_left(void **state)
{
	(void)state;
	char *place = begin(), path[PATH_MAX];
	struct job_record record = make();
	struct error err;
	snprintf(path, sizeof path, "%s", record.path);
	close(job_record_open_logs(&record, &err));
	close(job_record_open(&record, "muster.log", &err));
	job_record_discard(&record);
	assert_int_equal(access(path, F_OK), -1);
	test_directory_remove(place);
}

/* A line that the supervisor did not finish stays alone; where there is a report, it alone tells the end. */
static void an_end_that_others_note_says_how_the_job_went(void **state)
{
	(void)state;
	char *place = begin(), path[PATH_MAX];
	struct job_record record = make();
	struct error err;
	snprintf(path, sizeof path, "%s/events.jsonl", record.path);
	int events = job_record_open(&record, "events.jsonl", &err);
	assert_true(events >= 0 && write(events, "{\"t\":0.1", 8) == 8);
	close(events);
	job_record_note_end(record.directory, OUTCOME_ERROR, 125);
	job_record_note_late_end(record.id, OUTCOME_TIMEOUT, 124);
	assert_int_equal(job_record_put(&record, "report.json", "{}", 2, &err), 0);
	job_record_note_late_end(record.id, OUTCOME_STOPPED, 143);
	char text[512] = "";
	file_text_read(path, text, sizeof text);
	assert_string_equal(text, "{\"t\":0.1\n"
	                          "{\"event\":\"ended\",\"outcome\":\"error\",\"exit_code\":125}\n"
	                          "{\"event\":\"ended\",\"outcome\":\"timeout\",\"exit_code\":124}\n");
	unlink(path);
	unlinkat(record.directory, "report.json", 0);
	job_record_discard(&record);
	test_directory_remove(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_one_name_sort_by_time),
		cmocka_unit_test(names_that_are_no_file_names_are_made_some),
		cmocka_unit_test(what_is_no_id_is_known),
		cmocka_unit_test(directories_are_made_for_nobody_else),
		cmocka_unit_test(links_files_and_directories_of_others_are_refused),
		cmocka_unit_test(a_home_that_is_not_there_is_not_made),
		cmocka_unit_test(a_directory_that_cannot_be_made_is_named),
		cmocka_unit_test(a_directory_that_cannot_be_used_is_named_once_and_whole),
		cmocka_unit_test(a_record_is_private_and_its_files_are_whole),
		cmocka_unit_test(a_full_disk_is_told_with_the_file),
		cmocka_unit_test(the_lock_is_held_until_the_last_process_that_inherited_it_ends),
		cmocka_unit_test(an_id_that_is_taken_is_refused_and_its_job_left_alone),
		cmocka_unit_test(of_a_job_that_was_refused_nothing_is_left),
		cmocka_unit_test(an_end_that_others_note_says_how_the_job_went),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
