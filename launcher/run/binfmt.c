/* SPDX-License-Identifier: MIT
 *
 * binfmt: see binfmt.h. Each handler is a file that begins with "enabled" or "disabled"; `status` says it of all.
 */
#include "run/binfmt.h"

#include "base/file_text.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_enabled(const char *directory, const char *name)
{
	static const char enabled[] = "enabled";
	char path[PATH_MAX], text[sizeof enabled];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	return file_text_read(path, text, sizeof text) > 0 && strcmp(text, enabled) == 0;
}

enum binfmt binfmt_handlers(const char *directory)
{
	char status[PATH_MAX], text[2];
	snprintf(status, sizeof status, "%s/status", directory);
	DIR *handlers = opendir(directory);
	if (handlers == NULL)
		return errno == ENOENT ? BINFMT_NONE : BINFMT_UNKNOWN;
	enum binfmt found = file_text_read(status, text, sizeof text) < 0 ? BINFMT_UNKNOWN : BINFMT_NONE;
	if (found == BINFMT_NONE && is_enabled(directory, "status")) {
		for (struct dirent *entry; found == BINFMT_NONE && (entry = readdir(handlers)) != NULL;)
			if (entry->d_name[0] != '.' && strcmp(entry->d_name, "status") != 0 &&
			    strcmp(entry->d_name, "register") != 0 && is_enabled(directory, entry->d_name))
				found = BINFMT_SOME;
	}
	closedir(handlers);
	return found;
}
