/* SPDX-License-Identifier: MIT
 *
 * oom_evidence: the kernel's count is found among its neighbours, and where it is not to be had that is said. Each case
 * is a /proc/vmstat of its own, in a mount namespace.
 */
#include "mount_space.h"

#include "run/oom_evidence.h"

enum { LINES_BEYOND = 1000 }; /* more than is read */

struct evidence_row {
	const char *what;
	const char *vmstat;
	int64_t kills;
};

static const struct evidence_row rows[] = {
	{"none so far", "nr_free_pages 12\noom_kill 0\nnuma_hit 5\n", 0},
	{"some", "nr_free_pages 12\noom_kill 137\nnuma_hit 5\n", 137},
	{"more than 32 bits hold", "pgfault 1\noom_kill 5000000000\n", INT64_C(5000000000)},
	{"the last line, without its end", "pgfault 1\noom_kill 7", 7},
	{"names that begin or end alike", "x_oom_kill 3\noom_kill_allocating 4\npgfault 1\n", -1},
	{"a kernel that does not count them", "nr_free_pages 12\n", -1},
	{"nothing", "", -1},
};

static void read_a_made_up_count(void *context)
{
	const struct evidence_row *row = context;
	struct run_fixture f;
	fixture_begin(&f, 1);
	test_directory_put(f.directory, row->vmstat, "/vmstat");
	child_must(mount_space_enter());
	mount_space_lay(fixture_path(&f, "vmstat"), "/proc/vmstat");
	int64_t kills = oom_kills_so_far();
	if (kills != row->kills)
		fprintf(stderr, "%s: %lld\n", row->what, (long long)kills);
	_exit(kills == row->kills ? 0 : 1);
}

static void the_count_is_found_by_its_whole_name(void **state)
{
	(void)state;
	mount_space_or_skip();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct evidence_row row = rows[i];
		fixture_in_child(read_a_made_up_count, &row);
	}
}

static void read_without_proc(void *unused)
{
	(void)unused;
	child_must(mount_space_enter());
	child_must(mount("none", "/proc", "tmpfs", 0, NULL) == 0);
	child_must(oom_kills_so_far() == -1);
}

static void without_proc_the_count_is_not_to_be_had(void **state)
{
	(void)state;
	mount_space_or_skip();
	fixture_in_child(read_without_proc, NULL);
}

static void read_more_than_there_is_room_for(void *unused)
{
	(void)unused;
	static char vmstat[LINES_BEYOND * 32];
	struct evidence_row row = {"beyond what is read", vmstat, -1};
	size_t used = 0;
	for (int i = 0; i < LINES_BEYOND; i++)
		used += (size_t)snprintf(vmstat + used, sizeof vmstat - used, "a_counter_of_the_kernel_%d 1\n", i);
	snprintf(vmstat + used, sizeof vmstat - used, "oom_kill 1\n");
	read_a_made_up_count(&row);
}

static void a_file_that_goes_on_and_on_is_not_read_to_its_end(void **state)
{
	(void)state;
	mount_space_or_skip();
	fixture_in_child(read_more_than_there_is_room_for, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_count_is_found_by_its_whole_name),
		cmocka_unit_test(without_proc_the_count_is_not_to_be_had),
		cmocka_unit_test(a_file_that_goes_on_and_on_is_not_read_to_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
