/* SPDX-License-Identifier: MIT
 *
 * records_place: a state directory of a test's own, with an empty directory of records.
 */
#ifndef MUSTER_TESTS_RECORDS_PLACE_H
#define MUSTER_TESTS_RECORDS_PLACE_H

#include "run_fixture.h"

struct place {
	char *path; /* of the state directory */
	int records;
};

static inline void begin(struct place *place)
{
	char path[PATH_MAX];
	alarm(FIXTURE_LIFE_S);
	place->path = test_directory_make();
	setenv("XDG_STATE_HOME", place->path, 1);
	for (const char *const *below = (const char *const[]){"muster", "muster/jobs", NULL}; *below != NULL; below++) {
		snprintf(path, sizeof path, "%s/%s", place->path, *below);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	place->records = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->records >= 0);
}

static inline void end(struct place *place)
{
	close(place->records);
	test_directory_remove(place->path);
}

#endif
