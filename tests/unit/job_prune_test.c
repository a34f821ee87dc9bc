/* SPDX-License-Identifier: MIT
 *
 * job_prune: old records and those beyond a number go, newest kept, running jobs kept; and nothing outside of the
 * directory of records is ever touched, whatever somebody put into it.
 */
#include "records_place.h"

#include "job/job_prune.h"

#include <sys/inotify.h>
#include <sys/resource.h>

enum { DAY_S = 86400 };

static const int64_t now_s = 1800000000;

/* With a directory of sockets. */
static void begin_with_sockets(struct place *place)
{
	char path[PATH_MAX];
	begin(place);
	snprintf(path, sizeof path, "%s/sockets", place->path);
	assert_int_equal(mkdir(path, 0700), 0);
	setenv("XDG_RUNTIME_DIR", path, 1);
}

static void age(const struct place *place, const char *name, int64_t days)
{
	const struct timespec times[] = {{.tv_sec = now_s - days * DAY_S}, {.tv_sec = now_s - days * DAY_S}};
	assert_int_equal(utimensat(place->records, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void put(const struct place *place, const char *id, const char *file)
{
	test_directory_put(place->path, "{}", "/muster/jobs/%s/%s", id, file);
}

/* A whole record that was last written into so many days ago. */
static void make(const struct place *place, const char *id, int64_t days)
{
	static const char *const files[] = {"job.json", "events.jsonl", "report.json", "logs/0.out", "logs/0.out.3000"};
	for (size_t i = 0; i < COUNT_OF(files); i++)
		put(place, id, files[i]);
	age(place, id, days);
}

static bool is_there(const struct place *place, const char *name)
{
	return faccessat(place->records, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void of_many_the_newest_are_kept(void **state)
{
	(void)state;
	struct place place;
	char id[32];
	begin_with_sockets(&place);
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof id, "job-%d", i);
		make(&place, id, (i * 7 + 3) % 10); /* ten of each day */
	}
	assert_int_equal(job_prune(now_s, 30), 70);
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof id, "job-%d", i);
		assert_int_equal(is_there(&place, id), (i * 7 + 3) % 10 < 3);
	}
	assert_int_equal(job_prune(now_s, 30), 0);
	end(&place);
}

static void what_is_old_goes(void **state)
{
	(void)state;
	struct place place;
	begin_with_sockets(&place);
	make(&place, "young-1", RECORDS_KEPT_DAYS - 1);
	make(&place, "old-1", RECORDS_KEPT_DAYS + 1);
	make(&place, "of_the_future-1", -400);
	assert_int_equal(job_prune(now_s, RECORDS_KEPT), 1);
	assert_false(is_there(&place, "old-1"));
	assert_true(is_there(&place, "young-1") && is_there(&place, "of_the_future-1"));
	end(&place);
}

/* Killed in the middle, or looked at, it leaves no job that seems lost. */
static void of_a_record_the_file_that_makes_it_one_goes_first(void **state)
{
	(void)state;
	struct place place;
	char path[PATH_MAX];
	_Alignas(struct inotify_event) char events[4096];
	begin_with_sockets(&place);
	make(&place, "old-1", 400);
	for (int i = 0; i < 20; i++) { /* in whatever order the directory lists them */
		snprintf(path, sizeof path, "file-%d", i);
		put(&place, "old-1", path);
	}
	age(&place, "old-1", 400);
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(path, sizeof path, "%s/muster/jobs/old-1", place.path);
	assert_true(watch >= 0 && inotify_add_watch(watch, path, IN_DELETE) >= 0);
	assert_int_equal(job_prune(now_s, RECORDS_KEPT), 1);
	assert_true(read(watch, events, sizeof events) > (ssize_t)sizeof(struct inotify_event));
	assert_string_equal(((const struct inotify_event *)events)->name, "job.json");
	close(watch);
	end(&place);
}

static void what_is_left_of_a_record_goes_with_the_next_ones(void **state)
{
	(void)state;
	struct place place;
	begin_with_sockets(&place);
	make(&place, "whole-1", 1);
	make(&place, "rest-1", 1);
	assert_int_equal(unlinkat(place.records, "rest-1/job.json", 0), 0);
	age(&place, "rest-1", 1);
	assert_int_equal(mkdirat(place.records, "being_made-1", 0700), 0);
	age(&place, "being_made-1", 0);
	assert_int_equal(job_prune(now_s, RECORDS_KEPT), 1);
	assert_false(is_there(&place, "rest-1"));
	assert_true(is_there(&place, "whole-1/job.json") && is_there(&place, "being_made-1"));
	end(&place);
}

static void a_record_that_somebody_holds_is_kept(void **state)
{
	(void)state;
	struct place place;
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	begin_with_sockets(&place);
	make(&place, "long-1", 400);
	int fd = openat(place.records, "long-1/job.json", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
	assert_int_equal(job_prune(now_s, 0), 0);
	assert_true(is_there(&place, "long-1/logs/0.out"));
	close(fd);
	assert_int_equal(job_prune(now_s, 0), 1);
	assert_false(is_there(&place, "long-1"));
	end(&place);
}

static void a_record_that_somebody_may_hold_is_kept(void **state)
{
	(void)state;
	struct place place;
	struct rlimit before;
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	begin_with_sockets(&place);
	make(&place, "long-1", 400);
	test_directory_put(place.path, "", "/sockets/muster/long-1.sock");
	assert_int_equal(fchmodat(place.records, "../../sockets/muster", 0700, 0), 0);
	int fd = openat(place.records, "long-1/job.json", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (int more = 1; more < 8; more++) { /* with too few of them nobody can look */
		const struct rlimit few = {(rlim_t)(fd + more), before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		int removed = job_prune(now_s, 0);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(removed, 0);
		assert_true(is_there(&place, "long-1/job.json") && is_there(&place, "long-1/logs/0.out"));
		assert_true(is_there(&place, "../../sockets/muster/long-1.sock"));
	}
	close(fd);
	end(&place);
}

static void sockets_of_lost_jobs_go_and_no_others(void **state)
{
	(void)state;
	static const char *const sockets[] = {"alive-1.sock",     "lost-1.sock", "old-1.sock",
	                                      "elsewhere-1.sock", ".sock",       "lost-1"};
	struct place place;
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	begin_with_sockets(&place);
	make(&place, "alive-1", 0);
	make(&place, "lost-1", 0);
	make(&place, "old-1", 400);
	int fd = openat(place.records, "alive-1/job.json", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
	for (size_t i = 0; i < COUNT_OF(sockets); i++)
		test_directory_put(place.path, "", "/sockets/muster/%s", sockets[i]);
	assert_int_equal(fchmodat(place.records, "../../sockets/muster", 0700, 0), 0);
	assert_int_equal(job_prune(now_s, RECORDS_KEPT), 1);
	assert_true(is_there(&place, "../../sockets/muster/alive-1.sock"));
	assert_true(is_there(&place, "../../sockets/muster/elsewhere-1.sock"));
	assert_true(is_there(&place, "../../sockets/muster/.sock") && is_there(&place, "../../sockets/muster/lost-1"));
	assert_false(is_there(&place, "../../sockets/muster/lost-1.sock"));
	assert_false(is_there(&place, "../../sockets/muster/old-1.sock"));
	close(fd);
	end(&place);
}

static void links_are_removed_at_most_and_never_followed(void **state)
{
	(void)state;
	struct place place;
	begin_with_sockets(&place);
	test_directory_put(place.path, "mine", "/outside/precious");
	assert_int_equal(symlinkat("../../outside", place.records, "link-1"), 0);
	age(&place, "link-1", 400);
	make(&place, "with_links-1", 0);
	assert_int_equal(unlinkat(place.records, "with_links-1/logs/0.out", 0), 0);
	assert_int_equal(symlinkat("../../../../outside/precious", place.records, "with_links-1/logs/0.out"), 0);
	assert_int_equal(symlinkat("../../../outside", place.records, "with_links-1/more"), 0);
	age(&place, "with_links-1", 400);
	make(&place, "logs_elsewhere-1", 0);
	assert_int_equal(renameat(place.records, "logs_elsewhere-1/logs", place.records, "../../moved"), 0);
	assert_int_equal(symlinkat("../../../moved", place.records, "logs_elsewhere-1/logs"), 0);
	age(&place, "logs_elsewhere-1", 400);
	assert_int_equal(job_prune(now_s, 0), 2);
	assert_true(is_there(&place, "link-1"));
	assert_false(is_there(&place, "with_links-1") || is_there(&place, "logs_elsewhere-1"));
	assert_true(is_there(&place, "../../outside/precious") && is_there(&place, "../../moved/0.out"));
	end(&place);
}

static void what_is_no_record_is_left_alone(void **state)
{
	(void)state;
	struct place place;
	begin_with_sockets(&place);
	make(&place, "job-1", 0);
	put(&place, "job-1", "logs/deeper/file");
	age(&place, "job-1", 400);
	test_directory_put(place.path, "a file", "/muster/jobs/file-1");
	age(&place, "file-1", 400);
	make(&place, "name with blanks", 400);
	make(&place, ".hidden", 400);
	assert_int_equal(job_prune(now_s, 0), 0);
	assert_true(is_there(&place, "job-1/logs/deeper/file")); /* no record has as much */
	assert_true(is_there(&place, "file-1") && is_there(&place, "name with blanks/job.json"));
	assert_true(is_there(&place, ".hidden/job.json"));
	end(&place);
}

static void a_record_that_others_may_write_into_or_own_is_left_alone(void **state)
{
	(void)state;
	struct place place;
	begin_with_sockets(&place);
	make(&place, "open-1", 0);
	assert_int_equal(fchmodat(place.records, "open-1", 0777, 0), 0);
	age(&place, "open-1", 400);
	make(&place, "of_another-1", 0);
	if (geteuid() == 0)
		assert_int_equal(fchownat(place.records, "of_another-1", 65534, 65534, 0), 0);
	age(&place, "of_another-1", 400);
	assert_int_equal(job_prune(now_s, 0), geteuid() == 0 ? 0 : 1);
	assert_true(is_there(&place, "open-1/job.json"));
	assert_int_equal(is_there(&place, "of_another-1/job.json"), geteuid() == 0);
	end(&place);
}

static void without_records_there_is_nothing_to_do(void **state)
{
	(void)state;
	struct place place;
	begin_with_sockets(&place);
	setenv("XDG_STATE_HOME", "/nowhere", 1);
	assert_int_equal(job_prune(now_s, 0), 0);
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	assert_int_equal(job_prune(now_s, 0), 0);
	end(&place);
}

static void one_job_of_so_many_prunes(void **state)
{
	(void)state;
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	struct place place;
	int pruned = 0;
	begin_with_sockets(&place);
	for (int i = 0; i < 32 * 32; i++) {
		char id[] = "job-0000000000?";
		id[13] = digits[i / 32];
		id[14] = digits[i % 32];
		assert_true(mkdirat(place.records, "old-1", 0700) == 0 || errno == EEXIST);
		const struct timespec long_ago[] = {{.tv_sec = 1}, {.tv_sec = 1}};
		assert_int_equal(utimensat(place.records, "old-1", long_ago, 0), 0);
		job_prune_now_and_then(id);
		pruned += !is_there(&place, "old-1");
	}
	assert_int_equal(pruned, 32 * 32 / PRUNED_EVERY);
	job_prune_now_and_then("");
	job_prune_now_and_then("x");
	job_prune_now_and_then("job-UU");
	end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_many_the_newest_are_kept),
		cmocka_unit_test(what_is_old_goes),
		cmocka_unit_test(of_a_record_the_file_that_makes_it_one_goes_first),
		cmocka_unit_test(what_is_left_of_a_record_goes_with_the_next_ones),
		cmocka_unit_test(a_record_that_somebody_holds_is_kept),
		cmocka_unit_test(a_record_that_somebody_may_hold_is_kept),
		cmocka_unit_test(sockets_of_lost_jobs_go_and_no_others),
		cmocka_unit_test(links_are_removed_at_most_and_never_followed),
		cmocka_unit_test(what_is_no_record_is_left_alone),
		cmocka_unit_test(a_record_that_others_may_write_into_or_own_is_left_alone),
		cmocka_unit_test(without_records_there_is_nothing_to_do),
		cmocka_unit_test(one_job_of_so_many_prunes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
