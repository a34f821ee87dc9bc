/* SPDX-License-Identifier: MIT
 *
 * rank_words: see rank_words.h.
 */
#include "report/rank_words.h"

#include "base/byte_words.h"
#include "base/exit_code.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "plan/place_words.h"
#include "report/signal_words.h"
#include "run/job_result.h"
#include "spec/units.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { CPU_LIST_WIDTH = 79, COMMAND_NAME_BYTES = 15 /* what the kernel keeps of it */ };

const char *failure_kind(const struct job_result *result, uint32_t local_rank)
{
	const struct rank_result *rank = &result->ranks[local_rank];
	if (rank->missed)
		return "lost";
	switch (rank->end) {
	case RANK_EXITED:
		return "exit";
	case RANK_SIGNALED:
		return rank->out_of_memory ? "oom" : "signal";
	case RANK_NOT_EXECUTED:
		return "exec";
	default:
		return "lost";
	}
}

static void add_cpus(struct text *text, const struct rank_placement *place)
{
	if (!place->bound) {
		text_add(text, "not bound");
		return;
	}
	text_add(text, index_set_count(&place->cpus) == 1 ? "CPU " : "CPUs ");
	place_words_short_list(text, &place->cpus, CPU_LIST_WIDTH);
}

void add_rank_name(struct text *text, const struct report_facts *facts, uint32_t local_rank)
{
	const struct rank_plan *plan = &facts->plan->ranks[local_rank];
	const struct rank_result *rank = &facts->result->ranks[local_rank];
	text_add_format(text, "rank %" PRIu32 " (", plan->rank);
	if (rank->pid > 0)
		text_add_format(text, "pid %d, ", (int)rank->pid);
	add_cpus(text, plan->place);
	text_add(text, ")");
}

/* --- what could not be started --- */

/* What to look at, for the errors of execve that say little. */
static const char *exec_hint(int failure, bool has_slash)
{
	switch (failure) {
	case ENOENT:
		return has_slash ? " (the file, or the interpreter that its first line names)"
		                 : " (looked for in PATH)";
	case EACCES:
		return " (it lacks the permission to be executed, or a directory on the way may not be entered)";
	case ENOEXEC:
		return " (not a program of this machine; a script needs a first line like #!/bin/sh)";
	default:
		return "";
	}
}

/* execve takes no string of more bytes than this, its end included (MAX_ARG_STRLEN): no limit can be raised for it. */
static size_t string_most(void)
{
	return 32 * (size_t)sysconf(_SC_PAGESIZE);
}

/* Or the index of the NULL at the end. */
static uint32_t find_too_long(char *const *texts)
{
	uint32_t index = 0;
	while (texts[index] != NULL && strlen(texts[index]) < string_most())
		index++;
	return index;
}

static void add_too_long(struct text *text, const struct report_facts *facts, const struct rank_plan *plan)
{
	uint32_t at = find_too_long(plan->argv);
	char *const *common = facts->plan->job_environment;
	const char *argument = plan->argv[at], *variable = common[find_too_long(common)];
	if (variable == NULL)
		variable = plan->environment[find_too_long(plan->environment)];
	if (argument != NULL)
		text_add_format(text, " (argument %" PRIu32 " has %zu bytes", at, strlen(argument));
	else if (variable != NULL)
		text_add_format(text, " (variable %.*s has %zu bytes with its name", (int)strcspn(variable, "="),
		                variable, strlen(variable));
	else
		text_add(text, " (arguments and environment together are too long: ulimit -s)");
	if (argument != NULL || variable != NULL)
		text_add_format(text, "; Linux takes %zu in one, whatever the limits: hand it over in a file)",
		                string_most() - 1);
}

static void add_failed_step(struct text *text, const struct report_facts *facts, const struct rank_plan *plan,
                            const struct rank_result *rank)
{
	const char *hint = "";
	text_add_format(text, "cannot start: %s", rank_step_name(rank->failed_step));
	if (rank->failed_step == STEP_EXECUTE) {
		text_add_format(text, " %s", plan->argv[0]);
		hint = exec_hint(rank->failed_errno, strchr(plan->argv[0], '/') != NULL);
	} else if (rank->failed_step == STEP_DIRECTORY && plan->working_directory != NULL) {
		text_add_format(text, " %s", plan->working_directory);
	}
	text_add_format(text, ": %s%s", strerror(rank->failed_errno), hint);
	if (rank->failed_step == STEP_EXECUTE && rank->failed_errno == E2BIG)
		add_too_long(text, facts, plan);
}

/* --- where a core went --- */

static const char *command_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

/* False when the pattern asks for something that is not known here, such as the time. */
static bool expand_core_pattern(struct text *path, const struct report_facts *facts, uint32_t local_rank)
{
	bool has_pid = false;
	int pid = (int)facts->result->ranks[local_rank].pid;
	for (const char *at = facts->core_pattern; *at != '\0'; at++) {
		if (*at != '%') {
			text_add_bytes(path, at, 1);
			continue;
		}
		switch (*++at) {
		case '%':
			text_add(path, "%");
			break;
		case 'p':
		case 'P':
			text_add_format(path, "%d", pid);
			has_pid = true;
			break;
		case 'e':
			text_add_format(path, "%.*s", COMMAND_NAME_BYTES,
			                command_name(facts->plan->ranks[local_rank].argv[0]));
			break;
		default:
			return false;
		}
	}
	if (facts->core_uses_pid && !has_pid)
		text_add_format(path, ".%d", pid);
	return true;
}

static void add_core_path(struct text *text, const struct report_facts *facts, uint32_t local_rank)
{
	const char *directory = facts->plan->ranks[local_rank].working_directory;
	struct text path = {0};
	if (!expand_core_pattern(&path, facts, local_rank))
		text_add_format(text, ", core dumped (core_pattern \"%s\")", facts->core_pattern);
	else if (path.bytes[0] == '/')
		text_add_format(text, ", core dumped to %s", path.bytes);
	else if (directory != NULL)
		text_add_format(text, ", core dumped to %s/%s", directory, path.bytes);
	else
		text_add_format(text, ", core dumped to %s in its working directory", path.bytes);
	text_finish(&path);
}

static void add_core(struct text *text, const struct report_facts *facts, uint32_t local_rank)
{
	const char *pattern = facts->core_pattern;
	if (pattern == NULL || pattern[0] == '\0')
		text_add(text, ", core dumped");
	else if (pattern[0] != '|')
		add_core_path(text, facts, local_rank);
	else if (strstr(pattern, "systemd-coredump") != NULL)
		text_add_format(text, ", core dumped: coredumpctl info %d", (int)facts->result->ranks[local_rank].pid);
	else
		text_add_format(text, ", core handed to %.*s", (int)strcspn(pattern + 1, " "), pattern + 1);
}

/* --- ends --- */

static void add_out_of_memory(struct text *text, const struct report_facts *facts, const struct rank_result *rank)
{
	int64_t limit = facts->plan->spec->limits.memory_bytes;
	char words[BYTE_WORDS_SIZE];
	text_add(text, "was killed by SIGKILL: out of memory (the kernel counted an OOM kill");
	if (rank->max_rss_bytes > 0)
		text_add_format(text, "; it held at most %s", byte_words(words, (uint64_t)rank->max_rss_bytes));
	if (limit > 0)
		text_add_format(text, "; limits.memory: %s", byte_words(words, (uint64_t)limit));
	text_add(text, ")");
}

/* At its limit the kernel sends SIGXCPU; to a rank that goes on, or where the inherited hard limit is not higher,
 * SIGKILL. */
static bool add_cpu_time(struct text *text, const struct report_facts *facts, const struct rank_result *rank)
{
	int64_t limit_s = facts->plan->spec->limits.cpu_time_s;
	bool used_up = rank->user_us + rank->system_us >= limit_s * 1000000;
	char limit[UNIT_TEXT_BYTES];
	if (limit_s <= 0 || rank->stopped || rank->killed ||
	    !(rank->signal == SIGXCPU || (rank->signal == SIGKILL && used_up)))
		return false;
	text_add_format(text, " (it used up its CPU time, limits.cpu_time: %s)",
	                duration_format(limit_s * 1000, limit));
	return true;
}

static void add_signal(struct text *text, const struct report_facts *facts, uint32_t local_rank)
{
	const struct rank_result *rank = &facts->result->ranks[local_rank];
	char name[UNIT_TEXT_BYTES];
	const char *meaning = rank->stopped || rank->killed ? NULL : signal_meaning(rank->signal);
	text_add_format(text, "was killed by %s", signal_format(rank->signal, name));
	if (!add_cpu_time(text, facts, rank) && meaning != NULL)
		text_add_format(text, " (%s)", meaning);
	if (rank->core_dumped)
		add_core(text, facts, local_rank);
}

/* Codes that people take for something else. */
static void add_exit(struct text *text, int code)
{
	char name[UNIT_TEXT_BYTES];
	text_add_format(text, "exited with code %d", code);
	if (code == EXIT_NOT_FOUND)
		text_add(text,
		         " (a shell says so when it does not find a command, the loader when a library is missing)");
	else if (code == EXIT_NOT_EXECUTABLE)
		text_add(text, " (a shell says so when it cannot execute a command)");
	else if (code > EXIT_SIGNAL_BASE && code <= EXIT_SIGNAL_BASE + 64)
		text_add_format(text, " (its own exit code: it was not killed by %s)",
		                signal_format(code - EXIT_SIGNAL_BASE, name));
}

void add_rank_end(struct text *text, const struct report_facts *facts, uint32_t local_rank)
{
	const struct rank_result *rank = &facts->result->ranks[local_rank];
	if (rank->missed) {
		text_add_format(text, "left (%s) while others waited for it in %s",
		                rank->end == RANK_EXITED && rank->exit_code == 0 ? "exit code 0" : "muster_finalize",
		                rank->missed_in);
		return;
	}
	switch (rank->end) {
	case RANK_NOT_STARTED:
		text_add(text, "was never started");
		return;
	case RANK_NOT_EXECUTED:
		add_failed_step(text, facts, &facts->plan->ranks[local_rank], rank);
		return;
	case RANK_EXITED:
		add_exit(text, rank->exit_code);
		return;
	case RANK_SIGNALED:
		if (rank->out_of_memory)
			add_out_of_memory(text, facts, rank);
		else
			add_signal(text, facts, local_rank);
		return;
	case RANK_LOST:
		text_add_format(text, "was lost: %s",
		                rank->lost_detail == NULL ? "nobody saw it end" : rank->lost_detail);
		return;
	}
}

void add_rank_end_short(struct text *text, const struct report_facts *facts, uint32_t local_rank)
{
	const struct rank_result *rank = &facts->result->ranks[local_rank];
	char name[UNIT_TEXT_BYTES];
	if (rank->missed)
		text_add(text, "left");
	else if (rank->end == RANK_EXITED)
		text_add_format(text, "exit %d", rank->exit_code);
	else if (rank->end == RANK_SIGNALED)
		text_add(text, rank->out_of_memory ? "out of memory" : signal_format(rank->signal, name));
	else
		text_add(text, failure_kind(facts->result, local_rank));
}
