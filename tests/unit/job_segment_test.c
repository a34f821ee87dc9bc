/* SPDX-License-Identifier: MIT
 *
 * job_segment: what ranks find in a new segment, that its size never changes, how little of it is touched, what happens
 * where the system refuses it, and how the ends of ranks stand in it.
 */
#include "run_fixture.h"

#include "run/job_result.h"
#include "run/job_segment.h"
#include "segment_layout.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { MANY = 512 };

struct made {
	struct run_fixture f;
	struct rank_plan many[MANY];
	struct job_segment segment;
};

static void begin(struct made *m, uint32_t nprocs)
{
	memset(m, 0, sizeof *m);
	fixture_begin_job(&m->f, 2);
	m->f.plan.ranks = m->many;
	m->f.plan.nprocs = nprocs;
	m->segment = JOB_SEGMENT_NONE;
}

static void end(struct made *m)
{
	job_segment_finish(&m->segment);
	m->f.plan.nprocs = 2;
	fixture_end(&m->f);
}

static void make(struct made *m)
{
	struct error err;
	if (job_segment_make(&m->segment, &m->f.plan, &err) < 0)
		fail_msg("%s", err.text);
}

static void it_begins_with_a_header_that_ranks_can_check(void **state)
{
	(void)state;
	struct made m;
	struct segment_header expected = {0};
	begin(&m, 3);
	make(&m);
	const struct segment_header *header = m.segment.header;
	segment_header_fill(&expected, 3, 1, 256 << 20);
	strcpy(expected.launcher_version, MUSTER_VERSION);
	expected.supervisor = getpid();
	assert_memory_equal(header, &expected, sizeof expected);
	assert_ptr_equal(m.segment.ranks, (const char *)header + header->ranks_offset);
	struct stat status;
	assert_int_equal(fstat(m.segment.fd, &status), 0);
	assert_int_equal(status.st_size, 256 << 20);
	assert_true(m.segment.fd > SEGMENT_DESCRIPTOR);
	end(&m);
}

static void its_name_says_whose_it_is(void **state)
{
	(void)state;
	struct made m;
	char path[64], target[128] = "";
	begin(&m, 1);
	make(&m);
	snprintf(path, sizeof path, "/proc/self/fd/%d", m.segment.fd);
	assert_true(readlink(path, target, sizeof target - 1) > 0);
	assert_string_equal(target, "/memfd:muster:work-a1 (deleted)");
	end(&m);
}

static void its_size_cannot_be_changed(void **state)
{
	(void)state;
	struct made m;
	begin(&m, 1);
	make(&m);
	int seals = fcntl(m.segment.fd, F_GET_SEALS);
	assert_int_equal(seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
	                 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	assert_int_equal(seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE), 0);
	assert_int_equal(ftruncate(m.segment.fd, 4096), -1);
	assert_int_equal(ftruncate(m.segment.fd, INT64_C(1) << 30), -1);
	assert_int_equal(fcntl(m.segment.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	end(&m);
}

static void each_rank_finds_its_place(void **state)
{
	(void)state;
	struct made m;
	begin(&m, 4);
	m.many[1].crowded = true;
	m.many[2].domain = 1;
	m.f.plan.domain_count = 2;
	make(&m);
	assert_int_equal(m.segment.header->domain_count, 2);
	for (uint32_t r = 0; r < 4; r++) {
		assert_int_equal(m.segment.ranks[r].place.crowded, r == 1);
		assert_int_equal(m.segment.ranks[r].place.domain, r == 2);
	}
	end(&m);
}

static void who_ends_after_the_job_is_stopped_can_be_told_from_who_ended_before(void **state)
{
	const struct rank_result killed = {.end = RANK_SIGNALED, .signal = 15};
	struct made m;
	(void)state;
	begin(&m, 3);
	make(&m);
	job_segment_note_end(&m.segment, 1, &killed);
	job_segment_note_stopping(&m.segment);
	job_segment_note_end(&m.segment, 0, &killed);
	job_segment_note_stopping(&m.segment); /* the first counts */
	assert_true(m.segment.ranks[1].end_order < m.segment.header->stopping);
	assert_true(m.segment.ranks[0].end_order > m.segment.header->stopping);
	end(&m);
	job_segment_note_stopping(&JOB_SEGMENT_NONE);
}

static void a_new_one_takes_one_page_however_many_ranks_there_are(void **state)
{
	(void)state;
	struct made m;
	struct stat status;
	begin(&m, MANY);
	make(&m);
	assert_int_equal(fstat(m.segment.fd, &status), 0);
	assert_int_equal(status.st_blocks, 4096 / 512);
	end(&m);
}

static void what_ranks_need_is_there_although_the_default_is_smaller(void **state)
{
	(void)state;
	struct made m;
	struct stat status;
	begin(&m, MANY);
	m.f.spec.shared_memory_bytes = 1 << 20;
	make(&m);
	assert_int_equal(fstat(m.segment.fd, &status), 0);
	assert_true((uint64_t)status.st_size >= segment_bytes_needed(MANY, 1));
	assert_true(m.segment.header->heap_offset < m.segment.header->bytes);
	end(&m);
}

static void a_size_that_was_given_must_do(void **state)
{
	(void)state;
	struct made m;
	struct error err;
	begin(&m, 64);
	m.f.spec.shared_memory_bytes = 1 << 20;
	assert_int_equal(job_segment_check(&m.f.plan, &err), 0);
	m.f.spec.shared_memory_given = true;
	assert_int_equal(job_segment_check(&m.f.plan, &err), -EINVAL);
	char expected[200];
	snprintf(expected, sizeof expected,
	         "1048576 bytes are too few for 64 ranks, which need %lluMiB: give that, or leave "
	         "shared_memory out",
	         (unsigned long long)(segment_bytes_needed(64, 1) + (1 << 20) - 1) >> 20);
	assert_string_equal(err.text, expected);
	assert_string_equal(err.key, "shared_memory");
	m.f.spec.shared_memory_bytes = (int64_t)(segment_bytes_needed(64, 1) + (1 << 20) - 1) >> 20 << 20;
	assert_int_equal(job_segment_check(&m.f.plan, &err), 0);
	end(&m);
}

/* --- refusals --- */

static void be_refused(struct made *m, int code, const char *words)
{
	struct error err;
	child_must(job_segment_make(&m->segment, &m->f.plan, &err) == code);
	if (strstr(err.text, words) == NULL) {
		fprintf(stderr, "\"%s\" does not say \"%s\"\n", err.text, words);
		_exit(1);
	}
	child_must(m->segment.fd == -1 && m->segment.header == NULL);
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit limits = {value, value};
	child_must(setrlimit(resource, &limits) == 0);
}

static void without_descriptors(void *context)
{
	limit(RLIMIT_NOFILE, 3);
	be_refused(context, -EMFILE, "no shared segment: memfd_create: Too many open files: raise RLIMIT_NOFILE");
}

static void without_address_space(void *context)
{
	struct made *m = context;
	m->f.plan.nprocs = MANY;
	limit(RLIMIT_AS, 1 << 20);
	be_refused(m, -ENOMEM, "no shared segment: giving it its size: Cannot allocate memory: raise the memory limit");
}

static void with_files_that_must_be_small(void *context)
{
	struct made *m = context;
	struct error err;
	limit(RLIMIT_FSIZE, 64 << 20);
	child_must(job_segment_make(&m->segment, &m->f.plan, &err) == 0); /* smaller than the default, and enough */
	child_must(m->segment.bytes == 64 << 20);
	job_segment_finish(&m->segment);
	m->f.spec.shared_memory_given = true;
	be_refused(m, -EFBIG, "RLIMIT_FSIZE (ulimit -f) is 67108864");
}

static void where_the_system_refuses_it_the_reason_is_told(void **state)
{
	(void)state;
	void (*const refusals[])(void *) = {without_descriptors, without_address_space, with_files_that_must_be_small};
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct made m;
		begin(&m, 2);
		fixture_in_child(refusals[i], &m);
		end(&m);
	}
}

/* With 0 to 3 free, as in a program that was started with them closed, it must not get one of them. */
static void with_low_numbers_free(void *context)
{
	struct made *m = context;
	struct error err;
	for (int fd = 0; fd <= SEGMENT_DESCRIPTOR; fd++)
		close(fd);
	if (job_segment_make(&m->segment, &m->f.plan, &err) != 0 || m->segment.fd <= SEGMENT_DESCRIPTOR)
		_exit(1);
}

static void it_stays_clear_of_the_descriptors_that_ranks_get(void **state)
{
	(void)state;
	struct made m;
	begin(&m, 1);
	fixture_in_child(with_low_numbers_free, &m);
	end(&m);
}

/* --- ends --- */

struct end_case {
	enum rank_presence before;
	struct rank_result rank;
	enum rank_presence after;
	int exit_code, signal;
};

static const struct end_case ends[] = {
	{RANK_STARTED, {.end = RANK_EXITED}, RANK_LEFT, 0, 0},
	{RANK_STARTED, {.end = RANK_EXITED, .exit_code = 4}, RANK_ENDED, 4, 0},
	{RANK_STARTED, {.end = RANK_NOT_EXECUTED}, RANK_ENDED, 127, 0},
	{RANK_ATTACHED, {.end = RANK_EXITED}, RANK_LEFT, 0, 0},
	{RANK_ATTACHED, {.end = RANK_SIGNALED, .signal = SIGSEGV, .core_dumped = true}, RANK_ENDED, -1, SIGSEGV},
	{RANK_DYING, {.end = RANK_SIGNALED, .signal = SIGKILL}, RANK_ENDED, -1, SIGKILL},
	{RANK_DYING, {.end = RANK_EXITED}, RANK_LEFT, 0, 0},
	{RANK_LEFT, {.end = RANK_EXITED, .exit_code = 4}, RANK_LEFT, 4, 0},
};

static void how_a_rank_ended_stands_in_the_table(void **state)
{
	(void)state;
	struct made m;
	begin(&m, COUNT_OF(ends));
	make(&m);
	for (uint32_t r = 0; r < COUNT_OF(ends); r++) {
		struct segment_rank *rank = &m.segment.ranks[r];
		uint32_t events = m.segment.header->events;
		rank->presence = ends[r].before;
		job_segment_note_end(&m.segment, r, &ends[r].rank);
		assert_int_equal(rank->presence, ends[r].after);
		assert_int_equal(rank->exit_code, ends[r].exit_code);
		assert_int_equal(rank->signal, ends[r].signal);
		assert_int_equal(rank->core_dumped, ends[r].rank.core_dumped);
		assert_true(m.segment.header->events > events);
		assert_true(rank->end_order > 0);
		for (uint32_t before = 0; before < r; before++)
			assert_true(m.segment.ranks[before].end_order < rank->end_order);
	}
	end(&m);
}

static void whoever_sleeps_on_events_is_woken(void **state)
{
	(void)state;
	struct made m;
	begin(&m, 2);
	make(&m);
	m.segment.header->attached = 1;
	fflush(NULL);
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(FIXTURE_LIFE_S);
		uint32_t seen = m.segment.header->events;
		child_must(write(ready[1], "", 1) == 1);
		while (m.segment.header->events == seen)
			syscall(SYS_futex, &m.segment.header->events, FUTEX_WAIT, seen, NULL, NULL, 0);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	job_segment_note_end(&m.segment, 1, &(struct rank_result){.end = RANK_EXITED});
	assert_int_equal(fixture_wait(pid), 0);
	close(ready[0]);
	close(ready[1]);
	end(&m);
}

static void without_a_segment_nothing_happens(void **state)
{
	(void)state;
	struct job_segment none = JOB_SEGMENT_NONE;
	job_segment_note_end(&none, 0, &(struct rank_result){.end = RANK_EXITED});
	assert_false(job_segment_is_used(&none));
	job_segment_finish(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_a_header_that_ranks_can_check),
		cmocka_unit_test(its_name_says_whose_it_is),
		cmocka_unit_test(its_size_cannot_be_changed),
		cmocka_unit_test(each_rank_finds_its_place),
		cmocka_unit_test(who_ends_after_the_job_is_stopped_can_be_told_from_who_ended_before),
		cmocka_unit_test(a_new_one_takes_one_page_however_many_ranks_there_are),
		cmocka_unit_test(what_ranks_need_is_there_although_the_default_is_smaller),
		cmocka_unit_test(a_size_that_was_given_must_do),
		cmocka_unit_test(where_the_system_refuses_it_the_reason_is_told),
		cmocka_unit_test(it_stays_clear_of_the_descriptors_that_ranks_get),
		cmocka_unit_test(how_a_rank_ended_stands_in_the_table),
		cmocka_unit_test(whoever_sleeps_on_events_is_woken),
		cmocka_unit_test(without_a_segment_nothing_happens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
