/* SPDX-License-Identifier: MIT
 *
 * executable: finds the file behind a rank's command before anything is started, as execvp(3) would find it in the
 * rank's own PATH and working directory, and words what is wrong with it.
 */
#ifndef MUSTER_RUN_EXECUTABLE_H
#define MUSTER_RUN_EXECUTABLE_H

#include "base/arena.h"

#include <stdint.h>

struct error;
struct launch_plan;

/* Remembers its answers, which it owns: ranks mostly share one. Zero-initialised is valid. */
struct executable_search {
	struct arena arena;
	const char *command;
	const char *path_variable;
	const char *directory;
	const char *found;
	const char *refused; /* when it failed: the file that is none or cannot be executed; NULL: PATH has none */
};

/* `path` gets the file to execute, valid until the search is finished. -ENOENT: there is none (exit code 127); -EACCES,
 * -ENOEXEC: there is, but it cannot be executed (126). */
int executable_find(struct executable_search *search, const struct launch_plan *plan, uint32_t local_rank,
                    const char **path, struct error *err);
void executable_search_finish(struct executable_search *search);

#endif
