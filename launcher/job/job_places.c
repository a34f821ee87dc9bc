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
#include <string.h>
#include <unistd.h>

#define RECORDS "muster/jobs"

static const char *absolute(const char *variable)
{
	const char *path = getenv(variable);
	return path != NULL && path[0] == '/' ? path : NULL;
}

bool job_places_known(void)
{
	return absolute("XDG_STATE_HOME") != NULL || absolute("HOME") != NULL;
}

/* A home directory that is not there is not made: it may be mounted later, or be meant not to be. */
static int find_state(char state[static PATH_MAX], bool *may_make, struct error *err)
{
	const char *named = absolute("XDG_STATE_HOME"), *home = absolute("HOME");
	*may_make = true;
	if (named == NULL && home == NULL)
		return error_set(err, -ENOENT, "neither XDG_STATE_HOME nor HOME says where records of jobs belong");
	if (named == NULL)
		*may_make = access(home, F_OK) == 0;
	/* "/" is the home of a user whom the container does not know. */
	const char *root = named != NULL ? named : strcmp(home, "/") == 0 ? "" : home;
	if (snprintf(state, PATH_MAX, "%s%s", root, named != NULL ? "" : "/.local/state") >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "directory %s: %s", root, strerror(ENAMETOOLONG));
	return 0;
}

int job_places_open_records(bool make, struct error *err)
{
	char state[PATH_MAX];
	bool may_make;
	int rc = find_state(state, &may_make, err);
	return rc < 0 ? rc : private_directory_open(state, RECORDS, make && may_make, err);
}

int job_places_record_directory(char path[static PATH_MAX], bool *may_make, struct error *err)
{
	char state[PATH_MAX];
	int rc = find_state(state, may_make, err);
	if (rc == 0 && snprintf(path, PATH_MAX, "%s/" RECORDS, state) >= PATH_MAX)
		rc = error_set(err, -ENAMETOOLONG, "directory %s: %s", state, strerror(ENAMETOOLONG));
	return rc;
}

int job_places_record_path(char path[static PATH_MAX], const char *id)
{
	char state[PATH_MAX];
	bool may_make;
	if (find_state(state, &may_make, NULL) < 0)
		return -ENOENT;
	return snprintf(path, PATH_MAX, "%s/" RECORDS "/%s", state, id) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static const char *find_sockets(char name[static 32])
{
	const char *root = absolute("XDG_RUNTIME_DIR");
	if (root == NULL)
		snprintf(name, 32, "muster-%u", geteuid());
	else
		snprintf(name, 32, "muster");
	return root == NULL ? "/tmp" : root;
}

int job_places_socket_directory(char path[static PATH_MAX])
{
	char name[32];
	const char *root = find_sockets(name);
	return snprintf(path, PATH_MAX, "%s/%s", root, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int job_places_open_sockets(bool make, struct error *err)
{
	char name[32];
	const char *root = find_sockets(name);
	return private_directory_open(root, name, make, err);
}
