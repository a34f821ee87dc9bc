/* SPDX-License-Identifier: MIT
 *
 * mpi_program: a program that is linked with an MPI library is known, others are not, and no file is believed.
 */
#include "test_directory.h"

#include "run/mpi_program.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>

static void what_is_linked_with_mpi_is_known(void **state)
{
	char library[MPI_NAME_BYTES] = "";
	(void)state;
	assert_true(mpi_program_is(MPI_PROGRAM, library));
	assert_string_equal(library, "libmpi.so.40");
}

static void other_programs_and_what_is_none_are_not(void **state)
{
	static const char *const paths[] = {"/bin/sh", "/proc/self/exe", "/etc/passwd",   "/dev/null",
	                                    "/",       "/no/such",       "/proc/self/mem"};
	char library[MPI_NAME_BYTES];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		assert_false(mpi_program_is(paths[i], library));
}

static size_t load(char *bytes, size_t size)
{
	int fd = open(MPI_PROGRAM, O_RDONLY | O_CLOEXEC);
	ssize_t got = read(fd, bytes, size);
	close(fd);
	assert_in_range(got, 4096, (ssize_t)size - 1);
	return (size_t)got;
}

/* Cut anywhere in its tables, and with any byte of them another: answered, whatever the answer. */
static void a_damaged_program_is_answered(void **state)
{
	enum { TABLES_BYTES = 1024, SIZE = 1 << 20 };
	char path[PATH_MAX], library[MPI_NAME_BYTES], *place = test_directory_make(), *bytes = malloc(SIZE);
	ssize_t length = (ssize_t)load(bytes, SIZE);
	(void)state;
	snprintf(path, sizeof path, "%s/program", place);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	assert_int_equal(write(fd, bytes, (size_t)length), length);
	assert_true(mpi_program_is(path, library));
	for (off_t at = 0; at < TABLES_BYTES; at++) {
		assert_int_equal(pwrite(fd, "\xff", 1, at), 1);
		mpi_program_is(path, library);
		assert_int_equal(pwrite(fd, bytes + at, 1, at), 1);
	}
	assert_true(mpi_program_is(path, library));
	for (off_t cut = TABLES_BYTES; cut-- > 0;) {
		assert_int_equal(ftruncate(fd, cut), 0);
		assert_false(mpi_program_is(path, library));
	}
	close(fd);
	unlink(path);
	free(bytes);
	test_directory_remove(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_linked_with_mpi_is_known),
		cmocka_unit_test(other_programs_and_what_is_none_are_not),
		cmocka_unit_test(a_damaged_program_is_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
