/* SPDX-License-Identifier: MIT
 *
 * unexpanded: see unexpanded.h.
 */
#include "base/unexpanded.h"

#include <stdbool.h>
#include <string.h>

/* At its beginning, or where a directory was put before it. */
static bool has_home(const char *path)
{
	return strncmp(path, "~/", 2) == 0 || strstr(path, "/~/") != NULL;
}

const char *unexpanded_hint(const char *path)
{
	if (has_home(path))
		return " (no shell expands ~ here: write the whole path)";
	return strchr(path, '$') != NULL ? " (no shell expands $ here: write the whole path)" : "";
}
