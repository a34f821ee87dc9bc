/* SPDX-License-Identifier: MIT
 *
 * topologies_test: plans for machines that nobody here owns, compared with what tests/topologies/NAME.txt says that
 * they look like.
 *
 *     topologies_test FILE...            compares; tells the first line that differs
 *     topologies_test --update FILE...   writes the files anew; read what changed before you keep it
 *
 * A file is a list of lines: "# words" for the reader, "topology SOURCE" (a file of xml/, or a synthetic string),
 * "quota MILLICPUS", "affinity LIST", "held JOB LIST [exclusive]", and "plan OPTIONS", each followed by its plan in
 * lines that begin with "|".
 */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "commands/options.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "machine/machine_holders.h"
#include "plan/placement.h"
#include "report/plan_view.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/spec_error.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 64, WIDTH = 100 };

struct topology_case {
	char *directory;
	struct machine machine;
	struct core_holds holds; /* of other jobs */
	struct text made;        /* the file as it should be */
};

static void add_lines(struct text *to, const char *lines)
{
	char *copy = memory_copy_text(lines);
	for (char *rest = copy, *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (rest == NULL && *line == '\0')
			break;
		text_add_format(to, *line == '\0' ? "|\n" : "| %s\n", line);
	}
	free(copy);
}

static void load_topology(struct topology_case *test, const char *source)
{
	struct error err;
	struct text path = {0};
	bool is_file = strstr(source, ".xml") != NULL;
	text_add_format(&path, is_file ? "%s/xml/%s" : "%.0s%s", test->directory, source);
	machine_finish(&test->machine);
	if (machine_load(&test->machine, path.bytes, &err) < 0)
		text_add_format(&test->made, "| error: %s\n", err.text);
	text_finish(&path);
}

/* As an inherited affinity mask would have it. */
static void restrict_to(struct machine *machine, const char *list)
{
	struct index_set mask = {0};
	struct error err;
	if (index_set_parse(&mask, list, INDEX_SET_MAX, &err) < 0) {
		fprintf(stderr, "affinity: %s\n", err.text);
		exit(2);
	}
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		struct hardware_thread *thread = &machine->threads[i];
		if (thread->access == THREAD_ALLOWED && !index_set_has(&mask, thread->cpu)) {
			thread->access = THREAD_OUTSIDE_AFFINITY;
			index_set_remove(&machine->allowed, thread->cpu);
		}
	}
	index_set_finish(&mask);
}

static void set_quota(struct machine *machine, const char *millicpus)
{
	machine->quota_millicpus = (uint32_t)strtoul(millicpus, NULL, 10);
	free(machine->quota_source);
	machine->quota_source = memory_copy_text("/sys/fs/cgroup/box/cpu.max");
}

/* As if another job held these CPUs; each line adds one. "nobody": all is free again. */
static void hold(struct topology_case *test, const char *words)
{
	struct index_set cpus = {0};
	char job[LEASE_JOB_SIZE], list[256], exclusive[16] = "";
	struct error err = {0};
	if (strcmp(words, "nobody") == 0)
		test->holds.count = 0;
	else if (sscanf(words, "%79s %255s %15s", job, list, exclusive) < 2 ||
	         index_set_parse(&cpus, list, INDEX_SET_MAX, &err) < 0) {
		fprintf(stderr, "held %s: %s\n", words, err.text);
		exit(2);
	}
	for (index_set_each(&cpus, cpu)) {
		struct core_holds *holds = &test->holds;
		holds->items = memory_resized(holds->items, holds->count + 1, sizeof *holds->items);
		struct core_hold *hold = &holds->items[holds->count++];
		*hold = (struct core_hold){.cpu = cpu, .note = {.uid = 1000, .exclusive = exclusive[0] != '\0'}};
		strcpy(hold->note.job, job);
	}
	machine_holders_set(&test->machine, &test->holds, "outer-job other");
	index_set_finish(&cpus);
}

static void make_plan(struct text *to, const struct machine *machine, const struct run_options *options)
{
	struct job_spec spec = {0};
	struct diagnostics wrong = {0};
	struct placement placement = {0};
	struct error err;
	if (job_spec_load(&spec, options, &wrong) < 0) {
		diagnostics_format(&wrong, "error: ", to);
	} else if (placement_make(&placement, &spec, machine, &err) < 0) {
		spec_error_format(&spec, &err, to);
	} else {
		const struct plan_view view = {&spec, machine, &placement};
		plan_text(to, &view, &(struct plan_style){.width = WIDTH, .every_rank = options->verbosity > 0});
	}
	placement_finish(&placement);
	job_spec_finish(&spec);
	diagnostics_finish(&wrong);
}

static void plan(struct topology_case *test, const char *words)
{
	char *copy = memory_copy_text(words), *rest = NULL;
	char name[] = "plan", command[] = "true";
	char *argv[MOST_WORDS + 3] = {name};
	int argc = 1;
	for (char *word = strtok_r(copy, " ", &rest); word != NULL && argc < MOST_WORDS;
	     word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc++] = command;
	struct run_options options = {0};
	struct error err;
	struct text shown = {0};
	if (run_options_parse(&options, OPTIONS_OF_PLAN, argc, argv, &err) < 0)
		text_add_format(&shown, "error: %s\n", err.text);
	else
		make_plan(&shown, &test->machine, &options);
	add_lines(&test->made, shown.bytes);
	text_finish(&shown);
	run_options_finish(&options);
	free(copy);
}

static const char *argument_of(const char *line, const char *word)
{
	size_t length = strlen(word);
	return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

static void take_line(struct topology_case *test, const char *line)
{
	const char *argument;
	if (line[0] == '|')
		return;
	text_add_format(&test->made, "%s\n", line);
	if ((argument = argument_of(line, "topology")) != NULL)
		load_topology(test, argument);
	else if ((argument = argument_of(line, "affinity")) != NULL)
		restrict_to(&test->machine, argument);
	else if ((argument = argument_of(line, "quota")) != NULL)
		set_quota(&test->machine, argument);
	else if ((argument = argument_of(line, "held")) != NULL)
		hold(test, argument);
	else if ((argument = argument_of(line, "plan")) != NULL)
		plan(test, argument);
	else if (line[0] != '\0' && line[0] != '#') {
		fprintf(stderr, "this line is not understood: %s\n", line);
		exit(2);
	}
}

static char *read_file(const char *path)
{
	struct text text = {0};
	char piece[4096];
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		perror(path);
		exit(2);
	}
	for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
		text_add_bytes(&text, piece, got);
	fclose(file);
	return text.bytes != NULL ? text.bytes : memory_copy_text("");
}

static void write_file(const char *path, const struct text *text)
{
	FILE *file = fopen(path, "we");
	if (file == NULL || fwrite(text->bytes, 1, text->length, file) != text->length || fclose(file) == EOF) {
		perror(path);
		exit(2);
	}
}

static int tell_difference(const char *path, const char *expected, const char *made)
{
	for (int line = 1;; line++) {
		size_t one = strcspn(expected, "\n"), other = strcspn(made, "\n");
		if (one != other || strncmp(expected, made, one) != 0) {
			fprintf(stderr, "%s:%d:\n  expected: %.*s\n  made:     %.*s\n", path, line, (int)one, expected,
			        (int)other, made);
			return 1;
		}
		if (expected[one] == '\0' || made[other] == '\0') {
			fprintf(stderr, "%s:%d: one of both ends here\n", path, line);
			return 1;
		}
		expected += one + 1;
		made += other + 1;
	}
}

static int check(const char *path, bool update)
{
	char *expected = read_file(path), *copy = memory_copy_text(expected), *name = memory_copy_text(path);
	struct topology_case test = {.directory = dirname(name)};
	for (char *rest = copy, *line; (line = strsep(&rest, "\n")) != NULL;)
		if (rest != NULL || *line != '\0')
			take_line(&test, line);
	int code = 0;
	if (update)
		write_file(path, &test.made);
	else if (strcmp(expected, test.made.bytes) != 0)
		code = tell_difference(path, expected, test.made.bytes);
	machine_finish(&test.machine);
	core_holds_finish(&test.holds);
	text_finish(&test.made);
	free(expected);
	free(copy);
	free(name);
	return code;
}

int main(int argc, char **argv)
{
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	int code = 0;
	for (int i = update ? 2 : 1; i < argc; i++)
		code |= check(argv[i], update);
	return argc < 2 ? 2 : code;
}
