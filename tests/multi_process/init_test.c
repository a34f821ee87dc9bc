/* SPDX-License-Identifier: MIT
 *
 * What muster_init answers where it cannot do its work: to environments and segments that are damaged, where there is
 * too little of something, and to who calls it twice. An error that says what is wrong, and never a crash.
 *
 * Whatever it sees is set up in a process of its own.
 */
#include "ranks.h"
#include "unit_test.h"

#include "segment_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a process of its own --- */

struct answer {
	int code;
	char text[512];
};

static struct answer *answer;

typedef void setting(void *context);

static void in_a_child(setting *set, void *context)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		set(context);
		_exit(0);
	}
	int status;
	assert_true(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		fail_msg("killed by signal %d", WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void tell(int code)
{
	answer->code = code;
	snprintf(answer->text, sizeof answer->text, "%s", muster_error_text());
}

static void set_number(const char *name, int number)
{
	char text[16];
	snprintf(text, sizeof text, "%d", number);
	setenv(name, text, 1);
}

static void set_environment(int fd, int rank, int size)
{
	set_number("MUSTER_RANK", rank);
	set_number("MUSTER_WORLD_SIZE", size);
	set_number("MUSTER_LOCAL_RANK", rank);
	set_number("MUSTER_LOCAL_WORLD_SIZE", size);
	set_number("MUSTER_NODE_RANK", 0);
	set_number("MUSTER_NUM_NODES", 1);
	set_number("MUSTER_RESTART_COUNT", 0);
	set_number("MUSTER_FD", fd);
}

/* --- the environment --- */

struct damage {
	const char *name, *value; /* NULL: it is not there */
	const char *says;
};

static void init_in_damaged_environment(void *context)
{
	const struct damage *damage = context;
	muster_world *world = NULL;
	set_environment(ranks_make_segment(&(struct ranks_options){.ranks = 2}), 0, 2);
	if (damage->value != NULL)
		setenv(damage->name, damage->value, 1);
	else
		unsetenv(damage->name);
	tell(muster_init(&world));
}

static const char *const variables[] = {
	"MUSTER_RANK",      "MUSTER_WORLD_SIZE",    "MUSTER_LOCAL_RANK", "MUSTER_NODE_RANK", "MUSTER_LOCAL_WORLD_SIZE",
	"MUSTER_NUM_NODES", "MUSTER_RESTART_COUNT", "MUSTER_FD"};

static void init_with_one_variable(void *only)
{
	muster_world *world;
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		unsetenv(variables[i]);
	setenv(only, "1", 1);
	tell(muster_init(&world));
}

static void a_part_of_the_environment_is_told_from_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		in_a_child(init_with_one_variable, (void *)(uintptr_t)variables[i]);
		assert_int_equal(answer->code, MUSTER_EENVIRONMENT);
		assert_non_null(strstr(answer->text, "is not set, but other variables of muster are"));
	}
}

static void a_damaged_environment_is_told_by_its_variable(void **state)
{
	static const char *const values[] = {NULL, "", "x", "-1", "1x", "99999999999999999999", "0x1", "4294967296"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		for (size_t k = 0; k < COUNT_OF(values); k++) {
			struct damage damage = {variables[i], values[k], NULL};
			in_a_child(init_in_damaged_environment, &damage);
			assert_int_equal(answer->code, MUSTER_EENVIRONMENT);
			assert_non_null(strstr(answer->text, variables[i]));
		}
}

static void numbers_that_do_not_fit_one_another_are_told(void **state)
{
	static const struct damage damages[] = {
		{"MUSTER_RANK", "2", "MUSTER_RANK is 2, but the world size of the job is 2"},
		{"MUSTER_RANK", "2147483647", "but the world size of the job is 2"},
		{"MUSTER_WORLD_SIZE", "3", "MUSTER_WORLD_SIZE is 3, but that of the job is 2"},
		{"MUSTER_FD", "1000", "is not open"},
		{"MUSTER_FD", "0", "is not a segment"},
		{"MUSTER_WAIT", "sleep", "MUSTER_WAIT is 'sleep': it can be spin, yield or block"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(damages); i++) {
		struct damage damage = damages[i];
		in_a_child(init_in_damaged_environment, &damage);
		assert_int_equal(answer->code, MUSTER_EENVIRONMENT);
		if (strstr(answer->text, damage.says) == NULL)
			fail_msg("says: %s", answer->text);
	}
}

/* --- the descriptor, and what is behind it --- */

static void init_with_fd(void *context)
{
	muster_world *world = NULL;
	set_environment(*(int *)context, 0, 2);
	tell(muster_init(&world));
}

static void expect_refusal(int fd, int code, const char *says)
{
	in_a_child(init_with_fd, &fd);
	if (answer->code != code || strstr(answer->text, says) == NULL)
		fail_msg("%d: %s", answer->code, answer->text);
	close(fd);
}

static void descriptors_of_something_else_are_refused(void **state)
{
	char path[] = "/tmp/init-test-XXXXXX";
	int pipes[2], file = mkstemp(path), small = memfd_create("small", 0), read_only;
	(void)state;
	assert_true(file >= 0 && unlink(path) == 0 && ftruncate(file, 1 << 20) == 0 && pipe(pipes) == 0);
	assert_true(ftruncate(small, SEGMENT_PAGE - 1) == 0);
	int segment = ranks_make_segment(&(struct ranks_options){.ranks = 2});
	char link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", segment);
	read_only = open(link, O_RDONLY);
	expect_refusal(file, MUSTER_EENVIRONMENT, "not a segment that muster made");
	expect_refusal(pipes[0], MUSTER_EENVIRONMENT, "not a segment that muster made");
	expect_refusal(small, MUSTER_EENVIRONMENT, "not a segment that muster made");
	expect_refusal(open("/", O_RDONLY), MUSTER_EENVIRONMENT, "not a segment that muster made");
	expect_refusal(open("/dev/zero", O_RDWR), MUSTER_EENVIRONMENT, "not a segment that muster made");
	expect_refusal(read_only, MUSTER_EENVIRONMENT, "not a segment that muster made");
	close(pipes[1]);
	close(segment);
}

/* A segment whose header was changed. */
static int doctored(size_t offset, const void *bytes, size_t count)
{
	int fd = ranks_make_segment(&(struct ranks_options){.ranks = 2});
	assert_true(pwrite(fd, bytes, count, (off_t)offset) == (ssize_t)count);
	return fd;
}

static void another_layout_is_refused_by_both_versions(void **state)
{
	uint32_t other = SEGMENT_LAYOUT_VERSION + 1;
	char refusal[128];
	(void)state;
	snprintf(refusal, sizeof refusal,
	         "muster 9.8.7 made a segment of layout %u, libmuster " MUSTER_VERSION " knows layout %d", other,
	         SEGMENT_LAYOUT_VERSION);
	int fd = doctored(offsetof(struct segment_header, layout_version), &other, sizeof other);
	assert_true(pwrite(fd, "9.8.7", 6, offsetof(struct segment_header, launcher_version)) == 6);
	expect_refusal(fd, MUSTER_ELAYOUT, refusal);
}

static void a_damaged_header_is_refused(void **state)
{
	static const size_t wide[] = {
		offsetof(struct segment_header, bytes), offsetof(struct segment_header, ranks_offset),
		offsetof(struct segment_header, traces_offset), offsetof(struct segment_header, world_offset),
		offsetof(struct segment_header, heap_offset)};
	static const size_t narrow[] = {offsetof(struct segment_header, header_bytes),
	                                offsetof(struct segment_header, rank_count),
	                                offsetof(struct segment_header, domain_count)};
	static const uint64_t values[] = {0, 1, 4095, 1 << 20, UINT32_MAX, UINT64_MAX};
	(void)state;
	for (size_t v = 0; v < COUNT_OF(values); v++) {
		for (size_t i = 0; i < COUNT_OF(wide); i++)
			expect_refusal(doctored(wide[i], &values[v], 8), MUSTER_EENVIRONMENT, "damaged");
		for (size_t i = 0; i < COUNT_OF(narrow); i++) {
			if (narrow[i] == offsetof(struct segment_header, domain_count) && values[v] == 1)
				continue; /* that is what it is */
			expect_refusal(doctored(narrow[i], &values[v], 4), MUSTER_EENVIRONMENT, "damaged");
		}
	}
	uint64_t magic = 0;
	expect_refusal(doctored(0, &magic, 8), MUSTER_EENVIRONMENT, "not a segment that muster made");
}

static void a_segment_that_was_cut_off_is_refused(void **state)
{
	static const off_t sizes[] = {0, 1, SEGMENT_PAGE, SEGMENT_PAGE + 1, 1 << 20};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		int fd = ranks_make_segment(&(struct ranks_options){.ranks = 2});
		assert_true(ftruncate(fd, sizes[i]) == 0);
		expect_refusal(fd, MUSTER_EENVIRONMENT, sizes[i] < SEGMENT_PAGE ? "not a segment" : "damaged");
	}
}

/* --- too little of something --- */

enum { SMALL_SEGMENT = 16 << 20 };

static void init_with_little_memory(void *context)
{
	muster_world *world = NULL;
	struct rlimit limit = {.rlim_cur = 100 << 20, .rlim_max = 100 << 20};
	if (context != NULL)
		set_environment(*(int *)context, 0, 2);
	setrlimit(RLIMIT_AS, &limit);
	tell(muster_init(&world));
}

static void an_address_space_that_is_too_small_is_told(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* a sanitizer needs terabytes of it */
#endif
	int fd = ranks_make_segment(&(struct ranks_options){.ranks = 2, .segment_bytes = 256 << 20});
	(void)state;
	in_a_child(init_with_little_memory, &fd);
	assert_int_equal(answer->code, -ENOMEM);
	assert_non_null(strstr(answer->text, "cannot map the job's shared segment of 268435456 bytes"));
	in_a_child(init_with_little_memory, NULL);
	assert_int_equal(answer->code, -ENOMEM);
	close(fd);
}

static size_t address_space(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file == NULL || fscanf(file, "%lu", &pages) != 1)
		_exit(1);
	fclose(file);
	return pages * SEGMENT_PAGE;
}

/* First there is room for the segment, and for nothing beyond. */
static void init_again_with_more_memory(void *context)
{
	enum { TRIES = 64 };
	muster_world *world = NULL;
	struct rlimit limit = {.rlim_cur = address_space() + SMALL_SEGMENT, .rlim_max = RLIM_INFINITY};
	int rc = -ENOMEM;
	set_environment(*(int *)context, 0, 2);
	for (int i = 0; i < TRIES && rc == -ENOMEM; i++, limit.rlim_cur += SEGMENT_PAGE) {
		setrlimit(RLIMIT_AS, &limit);
		rc = muster_init(&world);
		if (i == 0)
			tell(rc);
	}
	_exit(rc == 0 ? 0 : 1);
}

static void a_rank_that_had_no_memory_may_try_again(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* a sanitizer needs terabytes of it */
#endif
	int fd = ranks_make_segment(&(struct ranks_options){.ranks = 2, .segment_bytes = SMALL_SEGMENT});
	(void)state;
	in_a_child(init_again_with_more_memory, &fd);
	assert_int_equal(answer->code, -ENOMEM);
	assert_non_null(strstr(answer->text, "no memory for a world of 2 ranks"));
	close(fd);
}

static void init_with_little(void *context)
{
	muster_world *world = NULL;
	struct rlimit none = {0};
	setrlimit(*(int *)context, &none);
	int rc = muster_init(&world);
	tell(rc);
	if (rc == 0 && muster_barrier(world, 0, NULL) < 0)
		_exit(1);
}

static void init_twice_alone(void *context)
{
	muster_world *world = NULL, *second = NULL;
	(void)context;
	if (muster_init(&world) < 0)
		_exit(1);
	tell(muster_init(&second));
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(muster_init(&second) == MUSTER_EFORKED ? 0 : 1);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		_exit(1);
	if (muster_finalize(world) < 0 || muster_init(&second) != -EALREADY || second != NULL)
		_exit(1);
}

/* There is no spec in which anything could be raised. */
static void take_too_much_alone(void *context)
{
	muster_world *world;
	(void)context;
	if (muster_init(&world) != 0 || muster_alloc(world, (size_t)1 << 40) != NULL)
		_exit(1);
	tell(0);
}

static void a_full_segment_of_a_program_alone_names_muster_run(void **state)
{
	(void)state;
	in_a_child(take_too_much_alone, NULL);
	assert_non_null(strstr(answer->text, " bytes: start the program with muster run"));
}

static void a_rank_alone_joins_once_as_others_do(void **state)
{
	(void)state;
	in_a_child(init_twice_alone, NULL);
	assert_int_equal(answer->code, -EALREADY);
}

static void a_rank_alone_says_why_it_has_no_memory(void **state)
{
	int files = RLIMIT_NOFILE, size = RLIMIT_FSIZE;
	(void)state;
	in_a_child(init_with_little, &files);
	assert_int_equal(answer->code, -EMFILE);
	assert_non_null(strstr(answer->text, "memfd_create"));
	in_a_child(init_with_little, &size);
	assert_int_equal(answer->code, -EFBIG);
}
/* --- twice --- */

static void init_twice(void *context)
{
	muster_world *first = NULL, *second = NULL;
	set_environment(*(int *)context, 1, 2);
	if (muster_attach(*(int *)context, 0, NULL) != -EINVAL || strstr(muster_error_text(), "NULL") == NULL)
		_exit(1);
	if (muster_init(NULL) != -EINVAL || muster_init(&first) != 0 || muster_init(&second) != -EALREADY ||
	    second != NULL)
		_exit(1);
	tell(-EALREADY);
	if (muster_finalize(first) != 0 || muster_init(&second) != -EALREADY)
		_exit(1);
}

static void a_rank_joins_once(void **state)
{
	int fd = ranks_make_segment(&(struct ranks_options){.ranks = 2});
	(void)state;
	in_a_child(init_twice, &fd);
	assert_non_null(strstr(answer->text, "rank 1 has called muster_init before"));
	in_a_child(init_with_fd, &fd);
	assert_int_equal(answer->code, 0); /* rank 0: another one */
	close(fd);
}

int main(void)
{
	answer = ranks_share(sizeof *answer);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_damaged_environment_is_told_by_its_variable),
		cmocka_unit_test(a_part_of_the_environment_is_told_from_none),
		cmocka_unit_test(numbers_that_do_not_fit_one_another_are_told),
		cmocka_unit_test(descriptors_of_something_else_are_refused),
		cmocka_unit_test(another_layout_is_refused_by_both_versions),
		cmocka_unit_test(a_damaged_header_is_refused),
		cmocka_unit_test(a_segment_that_was_cut_off_is_refused),
		cmocka_unit_test(an_address_space_that_is_too_small_is_told),
		cmocka_unit_test(a_rank_that_had_no_memory_may_try_again),
		cmocka_unit_test(a_rank_alone_joins_once_as_others_do),
		cmocka_unit_test(a_rank_alone_says_why_it_has_no_memory),
		cmocka_unit_test(a_full_segment_of_a_program_alone_names_muster_run),
		cmocka_unit_test(a_rank_joins_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
