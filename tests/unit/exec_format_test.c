/* SPDX-License-Identifier: MIT
 *
 * exec_format: programs of other machines and of other C libraries are refused in words, where no emulator may be there
 * to take them. The programs are doctored copies of this test's own head.
 */
#include "run_fixture.h"

#include "run/exec_format.h"

#include <elf.h>
#include <link.h>

enum { HEAD = 4096 };

struct program {
	struct run_fixture f;
	const char *path;
	char head[HEAD]; /* of this test's own program, until it is changed */
};

static void begin(struct program *program)
{
	fixture_begin(&program->f, 1);
	program->path = fixture_path(&program->f, "program");
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, program->head, HEAD), HEAD);
	close(fd);
}

static void end(struct program *program)
{
	fixture_end(&program->f);
}

static void write_program(const struct program *program)
{
	int fd = open(program->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, program->head, HEAD), HEAD);
	close(fd);
}

static void set_machine(char head[HEAD], uint16_t machine)
{
	memcpy(head + offsetof(ElfW(Ehdr), e_machine), &machine, sizeof machine);
}

static uint16_t machine_of(const char head[HEAD])
{
	uint16_t machine;
	memcpy(&machine, head + offsetof(ElfW(Ehdr), e_machine), sizeof machine);
	return machine;
}

static void a_program_of_another_machine_is_refused_where_no_emulator_can_be(void **state)
{
	(void)state;
	struct program program;
	char expected[256];
	struct error err = {0};
	begin(&program);
	write_program(&program);
	assert_int_equal(exec_format_check(program.path, BINFMT_NONE, &err), 0);
	bool is_s390 = machine_of(program.head) == EM_S390;
	set_machine(program.head, is_s390 ? EM_X86_64 : EM_S390);
	write_program(&program);
	assert_int_equal(exec_format_check(program.path, BINFMT_NONE, &err), -ENOEXEC);
	snprintf(expected, sizeof expected, "cannot execute %s: it is a program for another machine (%s; this one is ",
	         program.path, is_s390 ? "x86_64" : "s390x");
	assert_memory_equal(err.text, expected, strlen(expected));
	assert_int_equal(exec_format_check(program.path, BINFMT_UNKNOWN, NULL), 0);
	assert_int_equal(exec_format_check(program.path, BINFMT_SOME, NULL), 0);
	end(&program);
}

static void an_older_machine_of_the_family_is_the_kernels_to_judge(void **state)
{
	(void)state;
	struct program program;
	begin(&program);
	if (machine_of(program.head) != EM_X86_64 && machine_of(program.head) != EM_AARCH64) {
		end(&program);
		skip();
	}
	set_machine(program.head, machine_of(program.head) == EM_X86_64 ? EM_386 : EM_ARM);
	write_program(&program);
	assert_int_equal(exec_format_check(program.path, BINFMT_NONE, NULL), 0);
	end(&program);
}

/* Where the head has a loader's name; NULL: the test is linked whole. */
static char *loader_in(char head[HEAD])
{
	ElfW(Ehdr) header;
	memcpy(&header, head, sizeof header);
	for (size_t i = 0; i < header.e_phnum; i++) {
		ElfW(Phdr) part;
		memcpy(&part, head + header.e_phoff + i * sizeof part, sizeof part);
		if (part.p_type == PT_INTERP && part.p_offset + part.p_filesz < HEAD)
			return head + part.p_offset;
	}
	return NULL;
}

static void a_program_whose_loader_is_not_here_is_refused(void **state)
{
	(void)state;
	struct program program;
	char expected[256];
	struct error err = {0};
	begin(&program);
	char *loader = loader_in(program.head);
	if (loader == NULL) {
		end(&program);
		skip();
		return;
	}
	loader[strlen(loader) - 1] = '~';
	write_program(&program);
	assert_int_equal(exec_format_check(program.path, BINFMT_SOME, &err), -ENOEXEC);
	snprintf(expected, sizeof expected,
	         "cannot execute %s: its loader %s: No such file or directory (was it built for another system?)",
	         program.path, loader);
	assert_string_equal(err.text, expected);
	end(&program);
}

static void a_damaged_program_is_left_to_the_kernel(void **state)
{
	(void)state;
	struct program program;
	begin(&program);
	ElfW(Ehdr) header;
	memcpy(&header, program.head, sizeof header);
	header.e_phoff = UINT64_MAX - 7;
	memcpy(program.head, &header, sizeof header);
	write_program(&program);
	assert_int_equal(exec_format_check(program.path, BINFMT_NONE, NULL), 0);
	assert_int_equal(truncate(program.path, 20), 0);
	assert_int_equal(exec_format_check(program.path, BINFMT_NONE, NULL), 0);
	end(&program);
}

static void handlers_of_other_formats_are_seen_where_they_are_enabled(void **state)
{
	(void)state;
	struct run_fixture f;
	fixture_begin(&f, 1);
	const char *directory = fixture_path(&f, "binfmt");
	assert_int_equal(binfmt_handlers(directory), BINFMT_NONE);
	assert_int_equal(mkdir(directory, 0755), 0);
	assert_int_equal(binfmt_handlers(directory), BINFMT_UNKNOWN);
	fixture_write_file(fixture_path(&f, "binfmt/status"), "enabled\n", 0644);
	fixture_write_file(fixture_path(&f, "binfmt/register"), "", 0200);
	assert_int_equal(binfmt_handlers(directory), BINFMT_NONE);
	fixture_write_file(fixture_path(&f, "binfmt/jar"), "disabled\ninterpreter /usr/bin/java\n", 0644);
	assert_int_equal(binfmt_handlers(directory), BINFMT_NONE);
	fixture_write_file(fixture_path(&f, "binfmt/arm"), "enabled\ninterpreter /usr/bin/qemu-arm\n", 0644);
	assert_int_equal(binfmt_handlers(directory), BINFMT_SOME);
	fixture_write_file(fixture_path(&f, "binfmt/status"), "disabled\n", 0644);
	assert_int_equal(binfmt_handlers(directory), BINFMT_NONE);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_of_another_machine_is_refused_where_no_emulator_can_be),
		cmocka_unit_test(an_older_machine_of_the_family_is_the_kernels_to_judge),
		cmocka_unit_test(a_program_whose_loader_is_not_here_is_refused),
		cmocka_unit_test(a_damaged_program_is_left_to_the_kernel),
		cmocka_unit_test(handlers_of_other_formats_are_seen_where_they_are_enabled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
