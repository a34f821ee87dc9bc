/* SPDX-License-Identifier: MIT
 *
 * job_places: see job_places.h. Relative paths in XDG variables are ignored, as their specification asks.
 */
#include "job/job_places.h"

#include "base/error.h"
#include "job/private_directory.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *absolute(const char *variable)
{
	const char *path = getenv(variable);
	return path != NULL && path[0] == '/' ? path : NULL;
}

bool job_places_known(void)
{
	return absolute("XDG_STATE_HOME") != NULL || absolute("HOME") != NULL;
}

int job_places_open_records(bool make, struct error *err)
{
	const char *state = absolute("XDG_STATE_HOME");
	if (state != NULL)
		return private_directory_open(state, "muster/jobs", make, err);
	const char *home = absolute("HOME");
	char root[PATH_MAX];
	if (home != NULL && snprintf(root, sizeof root, "%s/.local/state", home) < (int)sizeof root)
		return private_directory_open(root, "muster/jobs", make, err);
	return error_set(err, -ENOENT, "neither XDG_STATE_HOME nor HOME says where records of jobs belong");
}

int job_places_open_sockets(bool make, struct error *err)
{
	char name[32];
	const char *runtime = absolute("XDG_RUNTIME_DIR");
	if (runtime != NULL)
		return private_directory_open(runtime, "muster", make, err);
	snprintf(name, sizeof name, "muster-%u", geteuid());
	return private_directory_open("/tmp", name, make, err);
}
