/* SPDX-License-Identifier: MIT
 *
 * core_lease: what one job holds others see, two never get what both saw free, nothing outlives its holders, and
 * whatever somebody put in the file's place or wrote into it does no harm.
 */
#include "test_directory.h"

#include "base/error.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "machine/machine_holders.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { CPUS = 64, MANY_LOCKS = 10000, LIFE_S = 120 };

static char *directory;

static int begin(void **state)
{
	(void)state;
	alarm(LIFE_S);
	directory = test_directory_make();
	return setenv("MUSTER_LEASE_DIR", directory, 1);
}

static int end(void **state)
{
	(void)state;
	test_directory_remove(directory);
	return 0;
}

static char *file_path(void)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/muster-cores", directory);
	return path;
}

static int64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static struct core_lease open_lease(void)
{
	struct core_lease lease;
	struct error err = {0};
	if (core_lease_open(&lease, LEASE_TO_TAKE, &err) < 0)
		fail_msg("%s", err.text);
	return lease;
}

/* Looks and takes, as a job does that wants these CPUs whoever has them. */
static int take(struct core_lease *lease, const char *list, const char *job)
{
	struct index_set cpus = {0};
	struct core_holds holds = {0};
	struct lease_note note = {.uid = 7};
	strcpy(note.job, job);
	assert_int_equal(index_set_parse(&cpus, list, CPUS - 1, NULL), 0);
	assert_int_equal(core_lease_look(lease, CPUS, &holds), 0);
	int rc = core_lease_take(lease, &cpus, &holds, &note);
	core_holds_finish(&holds);
	index_set_finish(&cpus);
	return rc;
}

/* What somebody else sees: "0-1 train; 1 other", in the order of the jobs' first CPUs. */
static const char *seen(void)
{
	static char text[1024];
	struct core_holds holds = {0};
	struct machine machine = {0};
	struct error err = {0};
	size_t used = 0;
	if (core_lease_list(CPUS, &holds, &err) < 0)
		fail_msg("%s", err.text);
	machine_holders_set(&machine, &holds, NULL);
	text[0] = '\0';
	for (uint32_t i = 0; i < machine.holder_count; i++) {
		char list[256];
		index_set_format(&machine.holders[i].cpus, list, sizeof list);
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", i > 0 ? "; " : "", list,
		                         machine.holders[i].note.job);
	}
	machine_holders_clear(&machine);
	core_holds_finish(&holds);
	return text;
}

static void who_only_looks_makes_no_file(void **state)
{
	(void)state;
	assert_string_equal(seen(), "");
	assert_int_equal(access(file_path(), F_OK), -1);
}

static void what_one_holds_others_see_until_it_ends(void **state)
{
	(void)state;
	struct core_lease one = open_lease(), other = open_lease();
	assert_int_equal(take(&one, "0-3,8", "train-1"), 0);
	assert_string_equal(seen(), "0-3,8 train-1");
	assert_int_equal(take(&other, "4-5", "sim-2"), 0);
	assert_string_equal(seen(), "0-3,8 train-1; 4-5 sim-2");
	core_lease_close(&one);
	assert_string_equal(seen(), "4-5 sim-2");
	core_lease_close(&other);
	assert_string_equal(seen(), "");
}

static void of_two_that_saw_the_same_free_one_gets_it_and_the_other_nothing(void **state)
{
	(void)state;
	struct core_lease one = open_lease(), other = open_lease();
	struct core_holds nobody = {0};
	struct index_set cpus = {0};
	const struct lease_note note = {.job = "late-2"};
	assert_int_equal(take(&one, "5", "train-1"), 0);
	assert_int_equal(index_set_parse(&cpus, "0-1,4-6", CPUS, NULL), 0);
	assert_int_equal(core_lease_take(&other, &cpus, &nobody, &note), -EAGAIN);
	assert_true(index_set_is_empty(&other.cpus));
	assert_string_equal(seen(), "5 train-1");
	index_set_finish(&cpus);
	core_lease_close(&one);
	core_lease_close(&other);
}

static void all_who_share_a_thread_are_seen_whoever_ends_first(void **state)
{
	(void)state;
	struct core_lease one = open_lease(), other = open_lease(), third = open_lease();
	assert_int_equal(take(&one, "0-1", "first-1"), 0);
	assert_int_equal(take(&other, "1-2", "second-2"), 0);
	assert_string_equal(seen(), "0-1 first-1; 1-2 second-2");
	core_lease_close(&one);
	assert_string_equal(seen(), "1-2 second-2");
	assert_int_equal(take(&third, "0-2", "third-3"), 0);
	assert_string_equal(seen(), "0-2 third-3; 1-2 second-2");
	core_lease_close(&other);
	core_lease_close(&third);
}

static void more_than_there_are_places_are_seen_until_the_last_ends(void **state)
{
	(void)state;
	enum { MORE = 4, JOBS = LEASE_PLACES + MORE };
	struct core_lease leases[JOBS];
	for (uint32_t i = 0; i < JOBS; i++) {
		char job[16];
		leases[i] = open_lease();
		snprintf(job, sizeof job, "job-%u", i);
		assert_int_equal(take(&leases[i], "3", job), 0);
	}
	for (uint32_t i = 0; i < JOBS; i++) {
		assert_non_null(strstr(seen(), i < LEASE_PLACE_OF_MANY ? "job-14" : "job-19"));
		core_lease_close(&leases[i]);
	}
	assert_string_equal(seen(), "");
}

static void a_lease_lives_as_long_as_the_last_process_that_inherited_it(void **state)
{
	(void)state;
	struct core_lease lease = open_lease();
	assert_int_equal(take(&lease, "2", "train-1"), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		pause();
		_exit(0);
	}
	core_lease_close(&lease);
	assert_string_equal(seen(), "2 train-1");
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_string_equal(seen(), "");
}

static void the_turn_is_not_waited_for_for_ever(void **state)
{
	(void)state;
	struct core_lease one = open_lease(), other = open_lease();
	core_lease_take_turn(&one);
	int64_t began = clock_ms();
	core_lease_take_turn(&other);
	assert_in_range(clock_ms() - began, 200, 10000);
	core_lease_end_turn(&one);
	began = clock_ms();
	core_lease_take_turn(&other);
	assert_in_range(clock_ms() - began, 0, 199);
	core_lease_close(&one);
	core_lease_close(&other);
}

static void the_file_is_for_everybody_whatever_the_mask(void **state)
{
	(void)state;
	struct stat status;
	mode_t mask = umask(077);
	struct core_lease lease = open_lease();
	assert_int_equal(umask(mask), 077);
	assert_int_equal(stat(file_path(), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0666);
	core_lease_close(&lease);
}

static void expect_refusal(enum lease_use use, const char *words)
{
	struct core_lease lease;
	struct error err = {0};
	int64_t began = clock_ms();
	assert_true(core_lease_open(&lease, use, &err) < 0);
	assert_int_equal(lease.fd, -1);
	assert_in_range(clock_ms() - began, 0, 1000);
	if (strstr(err.text, words) == NULL || strstr(err.text, directory) == NULL)
		fail_msg("%s: does not say \"%s\"", err.text, words);
}

static void a_try_makes_no_file_and_takes_nothing(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(core_lease_try(&err), 0);
	assert_int_equal(access(file_path(), F_OK), -1);
	struct core_lease lease = open_lease();
	assert_int_equal(core_lease_try(&err), 0);
	core_lease_close(&lease);
	setenv("MUSTER_LEASE_DIR", "/nonexistent/place", 1);
	assert_int_equal(core_lease_try(&err), -ENOENT);
	setenv("MUSTER_LEASE_DIR", directory, 1);
}

static void what_stands_in_the_files_place_is_not_followed_waited_for_or_written_to(void **state)
{
	(void)state;
	char target[128];
	test_directory_put(directory, "secret", "/target");
	snprintf(target, sizeof target, "%s/target", directory);
	assert_int_equal(symlink(target, file_path()), 0);
	expect_refusal(LEASE_TO_TAKE, "symbolic link");
	expect_refusal(LEASE_TO_TRY, "symbolic link");
	expect_refusal(LEASE_TO_LOOK, "symbolic link");
	assert_int_equal(unlink(file_path()), 0);
	assert_int_equal(link(target, file_path()), 0);
	expect_refusal(LEASE_TO_TAKE, "plain file with one name");
	expect_refusal(LEASE_TO_TRY, "plain file with one name");
	assert_int_equal(unlink(file_path()), 0);
	assert_int_equal(mkfifo(file_path(), 0666), 0);
	expect_refusal(LEASE_TO_TAKE, "plain file");
	expect_refusal(LEASE_TO_TRY, "plain file");
	expect_refusal(LEASE_TO_LOOK, "plain file");
	assert_int_equal(unlink(file_path()), 0);
	assert_int_equal(mkdir(file_path(), 0777), 0);
	expect_refusal(LEASE_TO_TAKE, "directory");
	expect_refusal(LEASE_TO_TRY, "directory");
}

static void a_directory_that_is_not_there_is_an_error_only_for_who_wants_to_hold(void **state)
{
	(void)state;
	struct core_holds holds = {0};
	setenv("MUSTER_LEASE_DIR", "/nowhere/at/all", 1);
	struct core_lease lease;
	struct error err = {0};
	assert_int_equal(core_lease_open(&lease, LEASE_TO_TAKE, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
	assert_int_equal(core_lease_list(CPUS, &holds, &err), 0);
	assert_int_equal(holds.count, 0);
}

static void scribbled_notes_are_told_as_text_or_as_nobody(void **state)
{
	(void)state;
	char junk[2 * LEASE_NOTE_BYTES * LEASE_PLACES];
	struct core_lease lease = open_lease();
	assert_int_equal(take(&lease, "0-1", "train-1"), 0);
	memset(junk, 'x', sizeof junk);
	snprintf(junk, sizeof junk, "\033[31mred\007 0 shared\n");
	assert_int_equal(pwrite(lease.fd, junk, sizeof junk, 0), sizeof junk);
	assert_string_equal(seen(), "0 ?[31mred?; 1 ");
	assert_int_equal(ftruncate(lease.fd, 0), 0);
	assert_string_equal(seen(), "0-1 ");
	core_lease_close(&lease);
}

static void locks_of_strangers_are_holders_without_a_name(void **state)
{
	(void)state;
	struct core_lease lease = open_lease();
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	assert_int_equal(fcntl(lease.fd, F_OFD_SETLK, &all), 0);
	assert_string_equal(seen(), "0-63 ");
	core_lease_close(&lease);
}

static void many_locks_cost_a_moment_and_no_more(void **state)
{
	(void)state;
	struct core_lease lease = open_lease();
	for (off_t i = 0; i < MANY_LOCKS; i++) {
		struct flock one = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2 * i + 1, .l_len = 1};
		assert_int_equal(fcntl(lease.fd, F_OFD_SETLK, &one), 0);
	}
	int64_t began = clock_ms();
	const char *all = seen();
	assert_in_range(clock_ms() - began, 0, 1000);
	assert_memory_equal(all, "1,3,5,7", 7);
	core_lease_close(&lease);
}

static void a_note_comes_back_as_it_was_written(void **state)
{
	(void)state;
	char bytes[LEASE_NOTE_BYTES];
	struct lease_note read;
	struct lease_note longest = {.uid = UINT32_MAX, .exclusive = true};
	memset(longest.job, 'j', sizeof longest.job - 1);
	lease_note_write(bytes, &longest);
	lease_note_read(&read, bytes);
	assert_string_equal(read.job, longest.job);
	assert_int_equal(read.uid, longest.uid);
	assert_true(read.exclusive);
}

static void what_is_no_note_names_nobody(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"",
		"train-1",
		"train-1 ",
		"train-1 x shared\n",
		"train-1 1 \n",
		" 1 shared\n",
		"train-1 1 shared",
		"train-1 1",
		"train-1 99999999999 shared\n",
		"\n\n\n",
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		char bytes[LEASE_NOTE_BYTES] = {0};
		struct lease_note read;
		strcpy(bytes, lines[i]);
		lease_note_read(&read, bytes);
		assert_string_equal(read.job, "");
		assert_int_equal(read.uid, 0);
		assert_false(read.exclusive);
	}
}

static void the_jobs_that_this_one_is_in_are_not_others(void **state)
{
	(void)state;
	static const struct {
		const char *outer;
		uint32_t holders;
	} table[] = {
		{NULL, 2},    {"", 2},         {"train-1", 1}, {"a train-1 b", 1},  {"train-1 sim-2", 0},
		{"train", 2}, {"train-11", 2}, {"  sim-2", 1}, {"train-1sim-2", 2},
	};
	struct core_hold items[] = {{.cpu = 0, .note = {.job = "train-1"}}, {.cpu = 1, .note = {.job = "sim-2"}}};
	const struct core_holds holds = {items, 2, 2};
	struct machine machine = {0};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		machine_holders_set(&machine, &holds, table[i].outer);
		assert_int_equal(machine.holder_count, table[i].holders);
	}
	machine_holders_clear(&machine);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(who_only_looks_makes_no_file),
		IN_DIRECTORY(what_one_holds_others_see_until_it_ends),
		IN_DIRECTORY(of_two_that_saw_the_same_free_one_gets_it_and_the_other_nothing),
		IN_DIRECTORY(all_who_share_a_thread_are_seen_whoever_ends_first),
		IN_DIRECTORY(more_than_there_are_places_are_seen_until_the_last_ends),
		IN_DIRECTORY(a_lease_lives_as_long_as_the_last_process_that_inherited_it),
		IN_DIRECTORY(the_turn_is_not_waited_for_for_ever),
		IN_DIRECTORY(the_file_is_for_everybody_whatever_the_mask),
		IN_DIRECTORY(a_try_makes_no_file_and_takes_nothing),
		IN_DIRECTORY(what_stands_in_the_files_place_is_not_followed_waited_for_or_written_to),
		IN_DIRECTORY(a_directory_that_is_not_there_is_an_error_only_for_who_wants_to_hold),
		IN_DIRECTORY(scribbled_notes_are_told_as_text_or_as_nobody),
		IN_DIRECTORY(locks_of_strangers_are_holders_without_a_name),
		IN_DIRECTORY(many_locks_cost_a_moment_and_no_more),
		cmocka_unit_test(a_note_comes_back_as_it_was_written),
		cmocka_unit_test(what_is_no_note_names_nobody),
		cmocka_unit_test(the_jobs_that_this_one_is_in_are_not_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
