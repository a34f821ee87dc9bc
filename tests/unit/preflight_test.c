/* SPDX-License-Identifier: MIT
 *
 * preflight: a start that would fail in the middle is refused before the first rank, by tables.
 */
#include "run_fixture.h"

#include "run/preflight.h"

#include <sys/resource.h>

struct directory_row {
	const char *of_rank_0; /* "@": the test's directory */
	const char *of_rank_1;
	int code;
	const char *says;
	const char *key;
};

static const struct directory_row directories[] = {
	{NULL, NULL, 0, NULL, NULL},
	{"@", "@", 0, NULL, NULL},
	{"@", "/", 0, NULL, NULL},
	{"@/gone", "@/gone", -ENOENT, "cannot enter @/gone: No such file or directory", "working_directory"},
	{"@", "@/gone", -ENOENT, "cannot enter @/gone: No such file or directory", "ranks[1].working_directory"},
	{NULL, "@/file", -ENOTDIR, "cannot enter @/file: it is not a directory", "ranks[1].working_directory"},
	{"@/file/below", NULL, -ENOTDIR, "cannot enter @/file/below: Not a directory", "working_directory"},
};

static char *expand(struct run_fixture *f, const char *text, char *to, size_t size)
{
	const char *at = text == NULL ? NULL : strchr(text, '@');
	if (text == NULL)
		return NULL;
	if (at == NULL)
		snprintf(to, size, "%s", text);
	else
		snprintf(to, size, "%.*s%s%s", (int)(at - text), text, f->directory, at + 1);
	return to;
}

static void working_directories_must_be_there(void **state)
{
	(void)state;
	struct run_fixture f;
	fixture_begin(&f, 2);
	fixture_write_file(fixture_path(&f, "file"), "", 0644);
	f.ranks[0].rank = 10; /* it is the global rank that exceptions are for */
	f.ranks[1].rank = 11;
	struct rank_exception exceptions[2] = {{.working_directory = NULL}, {.working_directory = f.directory}};
	index_set_add(&exceptions[0].ranks, 10);
	index_set_add(&exceptions[1].ranks, 11);
	f.spec.ranks = exceptions;
	f.spec.ranks_count = COUNT_OF(exceptions);
	for (size_t i = 0; i < COUNT_OF(directories); i++) {
		char first[128], second[128], says[256];
		struct error err = {0};
		f.ranks[0].working_directory = expand(&f, directories[i].of_rank_0, first, sizeof first);
		f.ranks[1].working_directory = expand(&f, directories[i].of_rank_1, second, sizeof second);
		assert_int_equal(preflight_check(&f.plan, &err), directories[i].code);
		if (directories[i].code < 0)
			assert_string_equal(err.text, expand(&f, directories[i].says, says, sizeof says));
		if (directories[i].code < 0)
			assert_string_equal(err.key, directories[i].key);
	}
	fixture_end(&f);
}

static void a_working_directory_that_may_not_be_entered_is_refused(void **state)
{
	(void)state;
	struct run_fixture f;
	struct error err = {0};
	fixture_begin(&f, 1);
	char *closed = fixture_path(&f, "closed");
	assert_int_equal(mkdir(closed, 0644), 0);
	assert_int_equal(chmod(f.directory, 0755), 0);
	f.ranks[0].working_directory = closed;
	uid_t own = geteuid(), real = getuid();
	if (own == 0) /* access(2) asks for the real user */
		assert_int_equal(setresuid(65534, 65534, 0), 0);
	assert_int_equal(preflight_check(&f.plan, &err), -EACCES);
	assert_int_equal(setresuid(real, own, own), 0);
	assert_non_null(strstr(err.text, "/closed: Permission denied"));
	fixture_end(&f);
}

/* What muster itself needs is 32; a rank has a pidfd and two pipes, and what else it asks for. */
struct descriptor_row {
	const char *what;
	rlim_t limit;
	bool raw;
	enum stdin_to stdin_to;
	const char *out[FIXTURE_RANKS]; /* a path for stdout; NULL: the terminal */
	int code;
	bool detached;
};

static const struct descriptor_row descriptors[] = {
	{"enough", 44, false, STDIN_NONE, {NULL}, 0, false},
	{"one short", 43, false, STDIN_NONE, {NULL}, -EMFILE, false},
	{"raw needs pidfds only", 36, true, STDIN_NONE, {NULL}, 0, false},
	{"raw, one short", 35, true, STDIN_NONE, {NULL}, -EMFILE, false},
	{"stdin to all needs a pipe each", 48, false, STDIN_ALL, {NULL}, 0, false},
	{"stdin to all, one short", 47, false, STDIN_ALL, {NULL}, -EMFILE, false},
	{"a file a rank", 48, false, STDIN_NONE, {"/tmp/0", "/tmp/1", "/tmp/2", "/tmp/3"}, 0, false},
	{"a file a rank, one short", 47, false, STDIN_NONE, {"/tmp/0", "/tmp/1", "/tmp/2", "/tmp/3"}, -EMFILE, false},
	{"a file for all", 45, false, STDIN_NONE, {"/tmp/0", "/tmp/0", "/tmp/0", "/tmp/0"}, 0, false},
	{"a file for all, one short", 44, false, STDIN_NONE, {"/tmp/0", "/tmp/0", "/tmp/0", "/tmp/0"}, -EMFILE, false},
	{"a log for each stream", 52, false, STDIN_NONE, {NULL}, 0, true},
	{"a log for each stream, one short", 51, false, STDIN_NONE, {NULL}, -EMFILE, true},
	{"no log for a file", 52, false, STDIN_NONE, {"/tmp/0", "/tmp/1", "/tmp/2", "/tmp/3"}, 0, true},
	{"no limit", RLIM_INFINITY, false, STDIN_ALL, {NULL}, 0, false},
};

static void check_descriptors_row(struct run_fixture *f, const struct descriptor_row *row)
{
	struct error err = {0};
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	f->spec.output.raw = row->raw;
	f->spec.join = !row->detached;
	f->spec.stdin_to = row->stdin_to;
	for (uint32_t r = 0; r < FIXTURE_RANKS; r++) {
		char *path = row->out[r] == NULL ? NULL : fixture_text(f, row->out[r]);
		f->sinks[r][0][0] = (struct rank_sink){path == NULL ? SINK_TERMINAL : SINK_PATH, path};
	}
	const struct rlimit lowered = {row->limit < limit.rlim_max ? row->limit : limit.rlim_max, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
	int rc = preflight_check(&f->plan, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (rc != row->code)
		fail_msg("%s: %d (%s), expected %d", row->what, rc, err.text, row->code);
	if (rc < 0)
		assert_non_null(strstr(err.text, "RLIMIT_NOFILE (ulimit -Hn)"));
}

static void more_descriptors_than_are_allowed_are_refused_with_the_number(void **state)
{
	(void)state;
	struct run_fixture f;
	for (size_t i = 0; i < COUNT_OF(descriptors); i++) {
		fixture_begin(&f, FIXTURE_RANKS);
		check_descriptors_row(&f, &descriptors[i]);
		fixture_end(&f);
	}
}

/* The kernel would kill muster with a rank that has not executed its command yet. */
static void memory_that_cannot_hold_the_start_is_refused(void **state)
{
	(void)state;
	struct run_fixture f;
	struct error err = {0};
	char *large = malloc(1 << 20);
	assert_non_null(large);
	memset(large, 'x', (1 << 20) - 1);
	large[(1 << 20) - 1] = '\0';
	char *lines[] = {large, NULL};
	fixture_begin(&f, 2);
	f.spec.limits.memory_bytes = 64;
	assert_int_equal(preflight_check(&f.plan, &err), -ENOMEM);
	assert_string_equal(err.key, "limits.memory");
	assert_string_equal(err.text, "64 bytes are too few for rank 0 to start with: write 1025KiB or more");
	f.spec.limits.memory_bytes = 1025 << 10;
	assert_int_equal(preflight_check(&f.plan, NULL), 0);
	f.ranks[1].environment = lines;
	assert_int_equal(preflight_check(&f.plan, &err), -ENOMEM);
	assert_string_equal(err.text, "1049600 bytes are too few for rank 1 to start with: write 2049KiB or more");
	f.spec.limits.memory_bytes = NOT_SET;
	assert_int_equal(preflight_check(&f.plan, NULL), 0);
	f.ranks[1].environment = f.no_lines;
	fixture_end(&f);
	free(large);
}

struct limit_row {
	int resource;
	rlim_t hard;
	const char *key; /* the one that is asked for */
	int value;
	const char *says; /* NULL: it may be set */
};

static const struct limit_row limit_rows[] = {
	{RLIMIT_CORE, 4096, "limits.core_size", 4096, NULL},
	{RLIMIT_CORE, 4096, "limits.core_size", 8192,
         "8192 bytes is above the hard limit, 4096 bytes: ask for less, or raise it (ulimit -Hc)"},
	{RLIMIT_NOFILE, 300, "limits.open_files", 301,
         "301 is above the hard limit, 300: ask for less, or raise it (ulimit -Hn)"},
	{RLIMIT_CPU, 300, "limits.cpu_time", 299, NULL},
	{RLIMIT_CPU, 300, "limits.cpu_time", 301,
         "301 s is above the hard limit, 300 s: ask for less, or raise it (ulimit -Ht)"},
	{RLIMIT_NICE, 15, "limits.nice", 5, NULL},
	{RLIMIT_NICE, 15, "limits.nice", 4,
         "4 is below 5, the lowest that this user may ask for: ask for that, or raise RLIMIT_NICE (ulimit -e)"},
	{RLIMIT_NICE, 0, "limits.nice", -5,
         "-5 is below 10, the lowest that this user may ask for: ask for that, or raise RLIMIT_NICE (ulimit -e)"},
};

static void ask_for_limit(struct limits_spec *limits, const struct limit_row *row)
{
	if (row->resource == RLIMIT_CORE)
		limits->core_size_bytes = row->value;
	else if (row->resource == RLIMIT_NOFILE)
		limits->open_files = row->value;
	else if (row->resource == RLIMIT_CPU)
		limits->cpu_time_s = row->value;
	else
		limits->nice = row->value;
	limits->has_nice = row->resource == RLIMIT_NICE;
}

/* As somebody who has no privileges, with nice value 10. */
static void check_limit_row(void *context)
{
	const struct limit_row *row = context;
	struct run_fixture f;
	struct error err = {0};
	struct rlimit limit = {row->hard, row->hard}, after;
	fixture_begin(&f, 1);
	ask_for_limit(&f.spec.limits, row);
	if (setpriority(PRIO_PROCESS, 0, 10) < 0 || setrlimit(row->resource, &limit) < 0)
		return; /* to be allowed a lower nice value takes privileges as well */
	child_must(geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
	int rc = preflight_check(&f.plan, &err);
	if (row->says == NULL ? rc != 0
	                      : rc != -EPERM || strcmp(err.text, row->says) != 0 || strcmp(err.key, row->key) != 0) {
		fprintf(stderr, "%d, %s: %s\n", rc, err.key, err.text);
		_exit(1);
	}
	child_must(getpriority(PRIO_PROCESS, 0) == 10);
	child_must(getrlimit(row->resource, &after) == 0 && memcmp(&after, &limit, sizeof limit) == 0);
}

static void a_limit_that_may_not_be_set_is_refused_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(limit_rows); i++) {
		struct limit_row row = limit_rows[i];
		fixture_in_child(check_limit_row, &row);
	}
}

/* Whoever has the capability; root of a container may lack it. */
static void raise_a_limit_where_that_may_be(void *unused)
{
	(void)unused;
	struct run_fixture f;
	struct rlimit limit = {4096, 4096}, raised = {4096, 8192}, after;
	fixture_begin(&f, 1);
	f.spec.limits.core_size_bytes = 8192;
	child_must(setrlimit(RLIMIT_CORE, &limit) == 0);
	bool may = setrlimit(RLIMIT_CORE, &raised) == 0;
	child_must(setrlimit(RLIMIT_CORE, &limit) == 0);
	child_must((preflight_check(&f.plan, NULL) == 0) == may);
	child_must(getrlimit(RLIMIT_CORE, &after) == 0 && memcmp(&after, &limit, sizeof limit) == 0);
	fixture_end(&f);
}

static void who_may_raise_a_limit_may_ask_for_it(void **state)
{
	(void)state;
	fixture_in_child(raise_a_limit_where_that_may_be, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(working_directories_must_be_there),
		cmocka_unit_test(a_working_directory_that_may_not_be_entered_is_refused),
		cmocka_unit_test(memory_that_cannot_hold_the_start_is_refused),
		cmocka_unit_test(a_limit_that_may_not_be_set_is_refused_by_its_name),
		cmocka_unit_test(who_may_raise_a_limit_may_ask_for_it),
		cmocka_unit_test(more_descriptors_than_are_allowed_are_refused_with_the_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
