/* SPDX-License-Identifier: MIT
 *
 * executable: see executable.h.
 */
#include "run/executable.h"

#include "base/error.h"
#include "base/unexpanded.h"
#include "plan/launch_plan.h"
#include "run/command_guess.h"
#include "run/exec_format.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SHOWN_BYTES = 80, PATH_WORDS_BYTES = PATH_SHOWN_BYTES + 16 };

static const char *variable_of(char *const *lines, const char *name)
{
	size_t length = strlen(name);
	for (; *lines != NULL; lines++)
		if (strncmp(*lines, name, length) == 0 && (*lines)[length] == '=')
			return *lines + length + 1;
	return NULL;
}

static const char *path_variable_of(const struct launch_plan *plan, const struct rank_plan *rank)
{
	const char *path = variable_of(rank->environment, "PATH");
	if (path == NULL)
		path = variable_of(plan->job_environment, "PATH");
	return path != NULL ? path : "/usr/local/bin:/usr/bin:/bin";
}

static void join_path(char *to, size_t size, const char *base, const char *directory, size_t length, const char *name)
{
	if (length == 0)
		snprintf(to, size, "%s%s%s", base != NULL ? base : "", base != NULL ? "/" : "", name);
	else if (directory[0] == '/' || base == NULL)
		snprintf(to, size, "%.*s/%s", (int)length, directory, name);
	else
		snprintf(to, size, "%s/%.*s/%s", base, (int)length, directory, name);
}

/* Where the command was looked for, in a few words: a long PATH would bury the hint before it. */
static const char *where_looked(const char *path_variable, char words[PATH_WORDS_BYTES])
{
	unsigned directories = 1;
	for (const char *at = strchr(path_variable, ':'); at != NULL; at = strchr(at + 1, ':'))
		directories++;
	if (path_variable[0] == '\0')
		snprintf(words, PATH_WORDS_BYTES, "PATH is empty");
	else if (strlen(path_variable) <= PATH_SHOWN_BYTES)
		snprintf(words, PATH_WORDS_BYTES, "PATH is %s", path_variable);
	else
		snprintf(words, PATH_WORDS_BYTES, "PATH has %u %s", directories,
		         directories == 1 ? "directory" : "directories");
	return words;
}

static int not_found(const char *command, const char *path_variable, const char *directory, struct error *err)
{
	char here[PATH_MAX], hint[PATH_MAX + 64], looked[PATH_WORDS_BYTES];
	join_path(here, sizeof here, directory, "", 0, command);
	command_guess(command, exec_permission(here), hint, sizeof hint);
	return error_set(err, -ENOENT, "command not found: %.300s%.300s (%s)", command, hint,
	                 where_looked(path_variable, looked));
}

/* The first directory on the way that may not be entered. */
static bool find_closed_directory(const char *path, char directory[PATH_MAX])
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(directory, PATH_MAX, "%.*s", (int)(slash - path), path);
		if (access(directory, X_OK) < 0 && errno == EACCES)
			return true;
	}
	return false;
}

static int refuse_access(const char *command, const char *path, struct error *err)
{
	char directory[PATH_MAX];
	if (find_closed_directory(path, directory))
		return error_set(err, -EACCES, "cannot execute %s: directory %s may not be entered: %s", command,
		                 directory, strerror(EACCES));
	const char *interpreter = command_interpreter(command);
	if (interpreter != NULL)
		return error_set(err, -EACCES, "cannot execute %s: %s (write %s %s, or is it executable? chmod +x)",
		                 command, strerror(EACCES), interpreter, command);
	return error_set(err, -EACCES, "cannot execute %s: %s (is it executable? chmod +x)", command, strerror(EACCES));
}

static int search_path(const char *command, const char *path_variable, const char *directory, char *found, size_t size,
                       struct error *err)
{
	char denied[PATH_MAX] = "";
	int denied_code = 0;
	for (const char *at = path_variable;; at++) {
		size_t length = strcspn(at, ":");
		join_path(found, size, directory, at, length, command);
		int code = exec_permission(found);
		if (code == 0)
			return 0;
		if (code != ENOENT && denied[0] == '\0') {
			snprintf(denied, sizeof denied, "%s", found);
			denied_code = code;
		}
		at += length;
		if (*at == '\0')
			break;
	}
	found[0] = '\0';
	if (denied_code == EACCES)
		return refuse_access(denied, denied, err);
	if (denied[0] != '\0' && denied_code != EISDIR)
		return error_set(err, -EACCES, "cannot execute %s: %s", denied, strerror(denied_code));
	return not_found(command, path_variable, directory, err);
}

static int check_file(const char *command, const char *path, struct error *err)
{
	int code = exec_permission(path);
	if (code == ENOENT)
		return error_set(err, -ENOENT, "command not found: %s: No such file or directory%s", command,
		                 unexpanded_hint(command));
	if (code == EISDIR)
		return error_set(err, -EACCES, "cannot execute %s: it is a directory", command);
	if (code == EACCES)
		return refuse_access(command, path, err);
	return code == 0 ? 0 : error_set(err, -EACCES, "cannot execute %s: %s", command, strerror(code));
}

/* The kernel's other formats are only looked at for a file that is not of its own. */
static int check_format(const char *path, struct error *err)
{
	int rc = exec_format_check(path, BINFMT_NONE, err);
	return rc < 0 ? exec_format_check(path, binfmt_handlers(BINFMT_DIRECTORY), err) : 0;
}

/* On failure `found` is the file that is refused, or empty. */
static int find(const char *command, const char *path_variable, const char *directory, char *found, size_t size,
                struct error *err)
{
	if (command[0] == '\0')
		return error_set(err, -ENOENT, "command not found: its name is empty");
	if (strchr(command, '/') == NULL) {
		int rc = search_path(command, path_variable, directory, found, size, err);
		return rc < 0 ? rc : check_format(found, err);
	}
	join_path(found, size, command[0] == '/' ? NULL : directory, "", 0, command);
	int rc = check_file(command, found, err);
	return rc < 0 ? rc : check_format(found, err);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int executable_find(struct executable_search *search, const struct launch_plan *plan, uint32_t local_rank,
                    const char **path, struct error *err)
{
	const struct rank_plan *rank = &plan->ranks[local_rank];
	const char *path_variable = path_variable_of(plan, rank);
	bool known = search->found != NULL && same_text(search->command, rank->argv[0]) &&
	             same_text(search->path_variable, path_variable) &&
	             same_text(search->directory, rank->working_directory);
	if (!known) {
		char found[PATH_MAX] = "";
		int rc = find(rank->argv[0], path_variable, rank->working_directory, found, sizeof found, err);
		if (rc < 0) {
			search->refused = found[0] != '\0' ? arena_copy(&search->arena, found) : NULL;
			return rc;
		}
		search->found = arena_copy(&search->arena, found);
		search->command = rank->argv[0];
		search->path_variable = path_variable;
		search->directory = rank->working_directory;
	}
	*path = search->found;
	return 0;
}

void executable_search_finish(struct executable_search *search)
{
	arena_finish(&search->arena);
	*search = (struct executable_search){0};
}
