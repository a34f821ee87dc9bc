/* SPDX-License-Identifier: MIT
 *
 * hwloc_quiet: see hwloc_quiet.h.
 */
#include "machine/hwloc_quiet.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct variable {
	const char *name;
	const char *meanwhile; /* NULL: removed */
	bool replaces_machine;
};

/* A file or string that the user put in the place of this machine would give CPUs that cannot be bound to, unless
 * HWLOC_THISSYSTEM=1 says that it describes this machine. */
static const struct variable variables[HWLOC_QUIET_VARIABLES] = {
	{"HWLOC_PLUGINS_PATH", "", false}, {"HWLOC_HIDE_ERRORS", "2", false}, {"HWLOC_XMLFILE", NULL, true},
	{"HWLOC_SYNTHETIC", NULL, true},   {"HWLOC_FSROOT", NULL, true},      {"HWLOC_CPUID_PATH", NULL, true},
};

static void put(const char *name, const char *value)
{
	int rc = value != NULL ? setenv(name, value, 1) : unsetenv(name);
	if (rc < 0)
		memory_exhausted();
}

static bool is_vouched_for(void)
{
	const char *value = getenv("HWLOC_THISSYSTEM");
	return value != NULL && strcmp(value, "1") == 0;
}

void hwloc_quiet_begin(struct hwloc_quiet *quiet)
{
	bool vouched = is_vouched_for();
	for (int i = 0; i < HWLOC_QUIET_VARIABLES; i++) {
		const char *before = getenv(variables[i].name);
		quiet->saved[i] = before != NULL ? memory_copy_text(before) : NULL;
		if (!variables[i].replaces_machine || !vouched)
			put(variables[i].name, variables[i].meanwhile);
	}
}

void hwloc_quiet_end(struct hwloc_quiet *quiet)
{
	for (int i = 0; i < HWLOC_QUIET_VARIABLES; i++) {
		put(variables[i].name, quiet->saved[i]);
		free(quiet->saved[i]);
		quiet->saved[i] = NULL;
	}
}
