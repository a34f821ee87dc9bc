/* SPDX-License-Identifier: MIT
 *
 * job_view, job_find, control_client: how a job is told from what is on the disk: at every instant of its record's
 * birth and removal it is a job that lives, one that ended, or none, and never a lost one.
 */
#include "records_place.h"

#include "job/control_client.h"
#include "job/job_find.h"
#include "job/job_record.h"
#include "job/job_view.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BIRTHS = 2000 };

static void put(const struct place *place, const char *id, const char *file, const char *content)
{
	test_directory_put(place->path, content, "/muster/jobs/%s/%s", id, file);
}

static void count(void *context, struct job_view *view)
{
	(void)view;
	++*(int *)context;
}

static void expect_no_job(const char *word)
{
	struct job_view view;
	struct error err = {0};
	int seen = 0;
	assert_int_equal(job_find(&view, word, JOB_ANY, &err), -ENOENT);
	assert_non_null(strstr(err.text, "there is no job"));
	job_view_close(&view);
	assert_int_equal(job_view_each(true, count, &seen, &err), 0);
	assert_int_equal(seen, 0);
}

static void expect_life(const char *word, enum job_life life)
{
	struct job_view view;
	struct error err = {0};
	if (job_find(&view, word, JOB_ANY, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(view.life, life);
	job_view_close(&view);
}

static void a_job_that_is_being_born_is_none_as_yet(void **state)
{
	(void)state;
	struct place place;
	begin(&place);
	assert_int_equal(mkdirat(place.records, "train-00000000001", 0700), 0);
	expect_no_job("train-00000000001");
	expect_no_job("train");
	put(&place, "train-00000000001", ".job.json", "");
	expect_no_job("train-00000000001");
	expect_no_job("train");
	assert_int_equal(mkdirat(place.records, "train-00000000002", 0700), 0);
	expect_no_job("train");
	end(&place);
}

static void one_that_is_being_born_is_not_taken_for_another_of_its_name(void **state)
{
	(void)state;
	struct place place;
	begin(&place);
	put(&place, "train-00000000001", "job.json", "{}");
	put(&place, "train-00000000001", "report.json", "{}");
	assert_int_equal(mkdirat(place.records, "train-00000000002", 0700), 0);
	expect_life("train", JOB_ENDED);
	put(&place, "train-00000000003", "job.json", "{}");
	expect_life("00003", JOB_LOST);
	end(&place);
}

/* Holds the record as muster does, until it is closed. */
static int hold(const struct place *place, const char *id)
{
	char path[PATH_MAX];
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	put(place, id, "job.json", "{}");
	snprintf(path, sizeof path, "%s/muster/jobs/%s/job.json", place->path, id);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
	return fd;
}

/* So many descriptors can be opened, and no more. */
static void leave_descriptors(struct rlimit *before, int count)
{
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(next >= 0);
	assert_int_equal(close(next), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	const struct rlimit few = {(rlim_t)(next + count), before->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

/* Words, and no job that is lost, gone or left out. */
static void expect_running_or_no_word(const char *word, int descriptors, int *refused)
{
	struct rlimit before;
	struct job_view view;
	struct error err = {0};
	int seen = 0;
	leave_descriptors(&before, descriptors);
	int found = job_find(&view, word, JOB_ANY, &err);
	assert_true(found == 0 ? view.life == JOB_RUNNING : found == -EMFILE);
	assert_true(found == 0 || strstr(err.text, strerror(EMFILE)) != NULL);
	job_view_close(&view);
	int listed = job_view_each(true, count, &seen, &err);
	assert_true(listed == 0 ? seen == 2 : listed == -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	*refused += found < 0 && listed < 0;
}

static void with_too_few_descriptors_nobody_says_that_a_job_is_lost(void **state)
{
	(void)state;
	struct place place;
	int refused = 0;
	begin(&place);
	int fd = hold(&place, "train-00000000001");
	put(&place, "train-00000000002", "job.json", "{}");
	put(&place, "train-00000000002", "report.json", "{}");
	for (int descriptors = 0; descriptors < 6; descriptors++) {
		expect_running_or_no_word("train-00000000001", descriptors, &refused);
		expect_running_or_no_word("train", descriptors, &refused);
	}
	assert_in_range(refused, 4, 10);
	close(fd);
	expect_life("train-00000000001", JOB_LOST);
	end(&place);
}

static void with_too_few_descriptors_nobody_waits_or_takes_a_job_for_one_that_still_runs(void **state)
{
	(void)state;
	struct place place;
	struct rlimit before;
	struct job_view view;
	struct error err = {0};
	begin(&place);
	int fd = hold(&place, "train-00000000001");
	assert_int_equal(job_find(&view, "train", JOB_ANY, &err), 0);
	assert_int_equal(job_view_wait(&view, 0, &err), 0);
	leave_descriptors(&before, 0);
	int rc = job_view_wait(&view, -1, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(rc, -EMFILE);
	assert_string_equal(err.text,
	                    "nobody can tell whether job train-00000000001 lives: its record: Too many open files");
	assert_int_equal(view.life, JOB_RUNNING);
	close(fd);
	assert_int_equal(job_view_wait(&view, -1, &err), 1);
	assert_int_equal(view.life, JOB_LOST);
	job_view_close(&view);
	end(&place);
}

static void expect_refusal(struct job_view *view, const char *said)
{
	struct error err = {0};
	assert_null(control_ask(view, json_pack("{s:s}", "do", "status"), &err));
	if (strstr(err.text, said) == NULL)
		fail_msg("%s", err.text);
}

/* Machines may share a home directory. */
static void one_of_another_host_is_said_to_be_there(void **state)
{
	(void)state;
	struct place place;
	struct job_view view;
	struct error err = {0};
	char host[256] = "", job[512];
	begin(&place);
	int fd = hold(&place, "train-00000000001");
	gethostname(host, sizeof host - 1);
	for (int here = 0; here < 2; here++) {
		snprintf(job, sizeof job, "{\"socket\":\"%s/none\",\"host\":\"%s\"}", place.path,
		         here ? host : "node07");
		put(&place, "train-00000000001", "job.json", job);
		assert_int_equal(job_find(&view, "train", JOB_ANY, &err), 0);
		expect_refusal(&view, here ? "has no control socket"
		                           : "runs on another host, node07, and can be reached from there only");
		job_view_close(&view);
	}
	close(fd);
	end(&place);
}

/* Its socket goes after its report, and may be left there by one that was killed. */
static void one_that_ended_since_it_was_found_is_not_said_to_lack_a_socket(void **state)
{
	(void)state;
	struct place place;
	struct job_view view;
	struct error err = {0};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char job[256];
	begin(&place);
	int fd = hold(&place, "train-00000000001"), left = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/left", place.path);
	assert_int_equal(bind(left, (struct sockaddr *)&address, sizeof address), 0);
	for (const char *const *name = (const char *const[]){"none", "left", NULL}; *name != NULL; name++) {
		snprintf(job, sizeof job, "{\"socket\":\"%s/%s\"}", place.path, *name);
		put(&place, "train-00000000001", "job.json", job);
		assert_int_equal(job_find(&view, "train", JOB_ANY, &err), 0);
		expect_refusal(&view, strcmp(*name, "none") == 0 ? "has no control socket" : "cannot be asked");
		assert_int_equal(view.life, JOB_RUNNING);
		put(&place, "train-00000000001", "report.json", "{}");
		expect_refusal(&view, "job train-00000000001 has ended");
		job_view_close(&view);
		assert_int_equal(unlinkat(place.records, "train-00000000001/report.json", 0), 0);
	}
	close(left);
	close(fd);
	end(&place);
}

/* A child makes and discards the record as fast as it can. */
static pid_t start_births(const char *id)
{
	pid_t child = fork();
	if (child != 0)
		return child;
	for (int i = 0; i < BIRTHS; i++) {
		struct job_record record = JOB_RECORD_NONE;
		strcpy(record.id, id);
		if (job_record_make(&record, NULL) < 0)
			_exit(1);
		job_record_discard(&record);
	}
	_exit(0);
}

static void at_no_instant_of_its_birth_or_its_refusal_is_a_job_lost(void **state)
{
	(void)state;
	struct place place;
	int status, seen = 0, lost = 0;
	begin(&place);
	pid_t child = start_births("train-00000000001");
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct job_view view;
		if (job_view_open(&view, place.records, "train-00000000001", NULL) < 0)
			continue;
		seen++;
		lost += view.life == JOB_LOST;
		job_view_close(&view);
	}
	assert_int_equal(status, 0);
	assert_int_equal(lost, 0);
	print_message("seen %d times in %d births\n", seen, BIRTHS);
	end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_that_is_being_born_is_none_as_yet),
		cmocka_unit_test(one_that_is_being_born_is_not_taken_for_another_of_its_name),
		cmocka_unit_test(with_too_few_descriptors_nobody_says_that_a_job_is_lost),
		cmocka_unit_test(with_too_few_descriptors_nobody_waits_or_takes_a_job_for_one_that_still_runs),
		cmocka_unit_test(one_of_another_host_is_said_to_be_there),
		cmocka_unit_test(one_that_ended_since_it_was_found_is_not_said_to_lack_a_socket),
		cmocka_unit_test(at_no_instant_of_its_birth_or_its_refusal_is_a_job_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
