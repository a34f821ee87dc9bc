/* SPDX-License-Identifier: MIT
 *
 * job_places: where records and sockets of this user's jobs are. muster(1), FILES.
 */
#ifndef MUSTER_JOB_JOB_PLACES_H
#define MUSTER_JOB_JOB_PLACES_H

#include <limits.h>
#include <stdbool.h>

struct error;

/* $XDG_STATE_HOME/muster/jobs, or $HOME/.local/state/muster/jobs. A descriptor; -ENOENT when neither variable is set,
 * or there is no such directory and it is not to be made. */
int job_places_open_records(bool make, struct error *err);

/* Where that is; *may_make is false where the home directory is not there, which is not made. */
int job_places_record_directory(char path[static PATH_MAX], bool *may_make, struct error *err);

/* The path of one job's record there. */
int job_places_record_path(char path[static PATH_MAX], const char *id);

/* $XDG_RUNTIME_DIR/muster, or /tmp/muster-UID; ID.sock there. */
#define SOCKET_SUFFIX ".sock"

int job_places_open_sockets(bool make, struct error *err);
int job_places_socket_directory(char path[static PATH_MAX]);

/* False: no variable says where records could be, as in many containers. */
bool job_places_known(void);

#endif
