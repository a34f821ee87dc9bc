/* SPDX-License-Identifier: MIT
 *
 * executable: which file a rank's command is, and what is wrong with the one that cannot be executed, by tables over a
 * directory of files that are each wrong in one way.
 */
#include "run_fixture.h"

#include "run/binfmt.h"
#include "run/executable.h"

struct file {
	const char *path;
	const char *text;
	mode_t mode;
};

static const struct file files[] = {
	{"bin/tool", "#!/bin/sh\n", 0755},
	{"bin/plain", "#!/bin/sh\n", 0644},
	{"bin/both", "#!/bin/sh\n", 0644},
	{"more/both", "#!/bin/sh\n", 0755},
	{"more/tool", "#!/bin/sh\n", 0755},
	{"place/local", "#!/bin/sh\n", 0755},
	{"place/sub/deep", "#!/bin/sh\n", 0755},
	{"bin/with_blanks", "#! \t/bin/sh -e\n", 0755},
	{"bin/gone_interpreter", "#!/no/such/interpreter -x\n", 0755},
	{"bin/directory_interpreter", "#!/tmp\n", 0755},
	{"bin/no_interpreter", "#!\n", 0755},
	{"bin/windows", "#!/bin/sh\r\necho\r\n", 0755},
	{"bin/no_newline", "#!/bin/sh", 0755},
	{"bin/text", "echo hello\n", 0755},
	{"bin/empty", "", 0755},
	{"bin/train.py", "import torch\n", 0755},
	{"place/train.py", "import torch\n", 0644},
	{"place/my tool", "#!/bin/sh\n", 0755},
};

static void make_files(struct run_fixture *f)
{
	static const char *const directories[] = {"bin", "bin/folder", "more", "place", "place/sub"};
	for (size_t i = 0; i < COUNT_OF(directories); i++)
		assert_int_equal(mkdir(fixture_path(f, directories[i]), 0755), 0);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		fixture_write_file(fixture_path(f, files[i].path), files[i].text, files[i].mode);
}

/* "@" in the tables stands for the test's directory. */
static const char *in_directory(const struct run_fixture *f, const char *text, char *to, size_t size)
{
	size_t used = 0;
	for (; text != NULL && *text != '\0' && used + strlen(f->directory) + 1 < size; text++)
		used += (size_t)snprintf(to + used, size - used, *text == '@' ? "%s" : "%.1s",
		                         *text == '@' ? f->directory : text);
	to[used] = '\0';
	return text == NULL ? NULL : to;
}

struct search_row {
	const char *command;
	const char *path; /* the variable; NULL: not set */
	const char *working_directory;
	int code;
	const char *found; /* or what the error says */
};

static const struct search_row searches[] = {
	{"tool", "@/bin:@/more", NULL, 0, "@/bin/tool"},
	{"tool", "@/more:@/bin", NULL, 0, "@/more/tool"},
	{"tool", "/no/such:@/bin", NULL, 0, "@/bin/tool"},
	{"tool", "@/bin/tool:@/more", NULL, 0, "@/more/tool"}, /* an entry that is a file */
	{"sh", NULL, NULL, 0, "/usr/bin/sh"},                  /* a rank without PATH has the system's */
	{"both", "@/bin:@/more", NULL, 0, "@/more/both"},      /* the first that can be executed */
	{"plain", "@/bin:@/more", NULL, -EACCES, "cannot execute @/bin/plain: Permission denied"},
	{"folder", "@/bin", NULL, -ENOENT, "command not found: folder"},
	{"nothing", "/nowhere:/no", NULL, -ENOENT, "command not found: nothing (PATH is /nowhere:/no)"},
	{"nothing",
         "/no/such/directory:/no/such/directory/either:/no/such/directory/after/it:/no/such/directory/at/all", NULL,
         -ENOENT, "command not found: nothing (PATH has 4 directories)"},
	{"", "@/bin", NULL, -ENOENT, "its name is empty"},
	{"nothing", "", "@/bin", -ENOENT, "command not found: nothing (PATH is empty)"},
	{"job.json", "@/bin", NULL, -ENOENT, "command not found: job.json: a spec's name ends in .yaml or .yml"},
	{"local", "@/bin", "@/place", -ENOENT, "command not found: local: write ./local (PATH is @/bin)"},
	{"plain", "@/more", "@/bin", -ENOENT, "command not found: plain: write ./plain (PATH"},
	{"train.py", "@/more", "@/place", -ENOENT, "command not found: train.py: write python3 train.py (PATH"},
	{"train.py", "@/more", "@/bin", -ENOENT, "command not found: train.py: write ./train.py (PATH"},
	{"gone.py", "@/more", "@/place", -ENOENT, "command not found: gone.py (PATH"},
	{"./train.py", "@/more", "@/place", -EACCES,
         "cannot execute ./train.py: Permission denied (write python3 ./train.py, or is it executable? chmod +x)"},
	{"LR=0.1", "@/bin", NULL, -ENOENT,
         "command not found: LR=0.1: a variable is set by env in a spec, or by -x LR=0.1 before the command (PATH"},
	{"=1", "@/bin", NULL, -ENOENT, "command not found: =1 (PATH"},
	{"source", "@/bin", NULL, -ENOENT,
         "command not found: source: it is a part of shells; write sh -c 'source ...' (PATH"},
	{"my tool", "@/bin", "@/place", -ENOENT, "command not found: my tool: write './my tool' (PATH"},
	{"tool | cat", "@/bin", NULL, -ENOENT,
         "command not found: tool | cat: no shell splits it; write sh -c '...' (PATH"},

	{"local", "", "@/place", 0, "@/place/local"}, /* empty entries are the rank's own directory */
	{"local", ":@/bin", "@/place", 0, "@/place/local"},
	{"local", "@/bin:", "@/place", 0, "@/place/local"},
	{"local", "@/bin::/usr/bin", "@/place", 0, "@/place/local"},
	{"deep", "sub", "@/place", 0, "@/place/sub/deep"}, /* relative entries too */
	{"deep", "@/bin:sub", "@/place", 0, "@/place/sub/deep"},
	{"tool", "../bin", "@/place", 0, "@/place/../bin/tool"},
	{"deep", "sub", "@/bin", -ENOENT, "command not found: deep"},

	{"@/bin/tool", "/usr/bin", NULL, 0, "@/bin/tool"},
	{"@/bin/tool", "/usr/bin", "@/place", 0, "@/bin/tool"},
	{"./local", "/usr/bin", "@/place", 0, "@/place/./local"},
	{"sub/deep", "/usr/bin", "@/place", 0, "@/place/sub/deep"},
	{"../bin/tool", "/usr/bin", "@/place", 0, "@/place/../bin/tool"},
	{"./tool", "@/bin", "@/place", -ENOENT, "command not found: ./tool: No such file or directory"},
	{"@/bin/nothing", "/usr/bin", NULL, -ENOENT, "command not found: @/bin/nothing"},
	{"@/bin/tool/x", "/usr/bin", NULL, -ENOENT, "command not found: @/bin/tool/x"},
	{"@/bin/plain", "/usr/bin", NULL, -EACCES, "(is it executable? chmod +x)"},
	{"@/bin/folder", "/usr/bin", NULL, -EACCES, "cannot execute @/bin/folder: it is a directory"},
	{"/dev/null", "/usr/bin", NULL, -EACCES, "cannot execute /dev/null: Permission denied"},

	{"with_blanks", "@/bin", NULL, 0, "@/bin/with_blanks"},
	{"no_newline", "@/bin", NULL, 0, "@/bin/no_newline"},
	{"gone_interpreter", "@/bin", NULL, -ENOEXEC,
         "its interpreter (first line) \"/no/such/interpreter\": No such file or directory"},
	{"directory_interpreter", "@/bin", NULL, -ENOEXEC, "its interpreter (first line) \"/tmp\": Permission denied"},
	{"no_interpreter", "@/bin", NULL, -ENOEXEC, "its interpreter (first line) \"\": No such file or directory"},
	{"windows", "@/bin", NULL, -ENOEXEC, "its first line ends in a carriage return"},
};

static void check_row(struct run_fixture *f, const struct search_row *row)
{
	char command[128], path[256], directory[128], expected[256];
	char line[300];
	char *lines[] = {line, NULL};
	struct executable_search search = {0};
	struct error err = {0};
	const char *found = NULL;
	in_directory(f, row->command, command, sizeof command);
	snprintf(line, sizeof line, "PATH=%s", in_directory(f, row->path, path, sizeof path));
	f->argv[0][0] = command;
	f->plan.job_environment = row->path == NULL ? f->no_lines : lines;
	f->ranks[0].working_directory =
		in_directory(f, row->working_directory, directory, sizeof directory) == NULL ? NULL : directory;
	in_directory(f, row->found, expected, sizeof expected);
	int rc = executable_find(&search, &f->plan, 0, &found, &err);
	if (rc != row->code)
		fail_msg("%s in %s: %d (%s), expected %d", row->command, row->path, rc, err.text, row->code);
	if (rc == 0)
		assert_string_equal(found, expected);
	else if (strstr(err.text, expected) == NULL || found != NULL)
		fail_msg("%s: says \"%s\", expected \"%s\"", row->command, err.text, expected);
	executable_search_finish(&search);
}

static int without_privileges(void)
{
	return geteuid() == 0 ? seteuid(65534) : 0; /* root may execute what nobody may */
}

static void commands_are_found_as_execvp_finds_them(void **state)
{
	(void)state;
	struct run_fixture f;
	fixture_begin(&f, 1);
	make_files(&f);
	assert_int_equal(chmod(f.directory, 0755), 0);
	for (size_t i = 0; i < COUNT_OF(searches); i++)
		check_row(&f, &searches[i]);
	fixture_end(&f);
}

static void a_search_that_is_forbidden_says_so(void **state)
{
	(void)state;
	struct run_fixture f;
	static const struct search_row row = {"tool", "@/bin", NULL, -EACCES, "cannot execute @/bin/tool"};
	fixture_begin(&f, 1);
	make_files(&f);
	assert_int_equal(chmod(f.directory, 0700), 0);
	if (geteuid() != 0)
		assert_int_equal(chmod(f.directory, 0), 0);
	uid_t own = geteuid();
	assert_int_equal(without_privileges(), 0);
	check_row(&f, &row);
	assert_int_equal(seteuid(own), 0);
	assert_int_equal(chmod(f.directory, 0700), 0);
	fixture_end(&f);
}

/* By the real user, whom access(2) asks for. */
static void look_into_a_closed_directory(void *context)
{
	struct run_fixture *f = context;
	static const struct search_row rows[] = {
		{"@/bin/tool", NULL, NULL, -EACCES,
	         "cannot execute @/bin/tool: directory @ may not be entered: Permission denied"},
		{"tool", "@/bin", NULL, -EACCES,
	         "cannot execute @/bin/tool: directory @ may not be entered: Permission denied"},
	};
	child_must(geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_row(f, &rows[i]);
}

static void a_directory_that_is_closed_is_named(void **state)
{
	(void)state;
	struct run_fixture f;
	fixture_begin(&f, 1);
	make_files(&f);
	assert_int_equal(chmod(f.directory, geteuid() == 0 ? 0700 : 0), 0);
	fixture_in_child(look_into_a_closed_directory, &f);
	assert_int_equal(chmod(f.directory, 0700), 0);
	fixture_end(&f);
}

/* Where the administrator gave formats an interpreter (binfmt_misc), only the kernel knows. */
static void what_is_neither_a_program_nor_a_script_is_refused(void **state)
{
	(void)state;
	struct run_fixture f;
	static const struct search_row rows[] = {
		{"text", "@/bin", NULL, -ENOEXEC,
	         "@/bin/text: exec format error: it is neither a program of this machine nor a script"},
		{"empty", "@/bin", NULL, -ENOEXEC, "@/bin/empty: exec format error: it is neither a program"},
		{"train.py", "@/bin", NULL, -ENOEXEC, " that begins with #!; write python3 @/bin/train.py"},
	};
	if (binfmt_handlers(BINFMT_DIRECTORY) == BINFMT_SOME)
		skip();
	fixture_begin(&f, 1);
	make_files(&f);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_row(&f, &rows[i]);
	fixture_end(&f);
}

/* The rank's own PATH goes before the job's; an answer is used again only for the same question. */
static void each_rank_is_answered_by_its_own_environment_and_directory(void **state)
{
	(void)state;
	struct run_fixture f;
	struct executable_search search = {0};
	const char *first = NULL, *again = NULL, *other = NULL, *elsewhere = NULL;
	char job_line[128], own_line[128];
	fixture_begin(&f, 4);
	make_files(&f);
	snprintf(job_line, sizeof job_line, "PATH=%s/bin", f.directory);
	snprintf(own_line, sizeof own_line, "PATH=%s/more", f.directory);
	char *job_lines[] = {job_line, NULL}, *own_lines[] = {own_line, NULL};
	f.plan.job_environment = job_lines;
	for (uint32_t r = 0; r < 3; r++)
		f.argv[r][0] = fixture_text(&f, "tool");
	f.ranks[2].environment = own_lines;
	f.argv[3][0] = fixture_text(&f, "sub/deep");
	f.ranks[3].working_directory = fixture_path(&f, "place");
	assert_int_equal(executable_find(&search, &f.plan, 0, &first, NULL), 0);
	assert_int_equal(executable_find(&search, &f.plan, 1, &again, NULL), 0);
	assert_int_equal(executable_find(&search, &f.plan, 2, &other, NULL), 0);
	assert_int_equal(executable_find(&search, &f.plan, 3, &elsewhere, NULL), 0);
	assert_ptr_equal(first, again);
	assert_string_equal(first, fixture_path(&f, "bin/tool"));
	assert_string_equal(other, fixture_path(&f, "more/tool"));
	assert_string_equal(elsewhere, fixture_path(&f, "place/sub/deep"));
	executable_search_finish(&search);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_found_as_execvp_finds_them),
		cmocka_unit_test(a_search_that_is_forbidden_says_so),
		cmocka_unit_test(a_directory_that_is_closed_is_named),
		cmocka_unit_test(what_is_neither_a_program_nor_a_script_is_refused),
		cmocka_unit_test(each_rank_is_answered_by_its_own_environment_and_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
