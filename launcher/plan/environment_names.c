/* SPDX-License-Identifier: MIT
 *
 * environment_names: see environment_names.h. muster-environment(7) has every one of them.
 */
#include "plan/environment_names.h"

#include "plan/launch_plan.h"

#include <string.h>

/* Only these answer "who am I" for muster's ranks, so that an inherited one is never right. */
static const char *const own_names[] = {
	"MUSTER_RANK",
	"MUSTER_WORLD_SIZE",
	"MUSTER_LOCAL_RANK",
	"MUSTER_LOCAL_WORLD_SIZE",
	"MUSTER_NODE_RANK",
	"MUSTER_NUM_NODES",
	"MUSTER_JOB_ID",
	"MUSTER_JOB_NAME",
	"MUSTER_OUTER_JOBS",
	"MUSTER_RESTART_COUNT",
	"MUSTER_CPUS",
	"MUSTER_FD",
	"RANK",
	"WORLD_SIZE",
	"LOCAL_RANK",
	"LOCAL_WORLD_SIZE",
	"GROUP_RANK",
	"GROUP_WORLD_SIZE",
	"ROLE_RANK",
	"ROLE_WORLD_SIZE",
	"ROLE_NAME",
	"MASTER_ADDR",
	"MASTER_PORT",
	"TORCHELASTIC_RUN_ID",
	"TORCHELASTIC_RESTART_COUNT",
	"TORCHELASTIC_MAX_RESTARTS",
	NULL,
};

/* The supervisor adds these at each start of the group: the plan never has them, not even when env asks. */
static const char *const supervisor_names[] = {RESTART_COUNT_VARIABLES, "MUSTER_FD", NULL};

const char *const thread_variables[] = {
	THREADS_VARIABLE, "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS", NULL,
};

const char *const affinity_variables[] = {PLACES_VARIABLE, PROC_BIND_VARIABLE, "GOMP_CPU_AFFINITY", "KMP_AFFINITY",
                                          NULL};

static bool is_in(const char *const *names, const char *name, size_t length)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == length && memcmp(*names, name, length) == 0)
			return true;
	return false;
}

bool is_own_variable(const char *name, size_t length)
{
	return is_in(own_names, name, length);
}

bool is_supervisor_variable(const char *name)
{
	return is_in(supervisor_names, name, strlen(name));
}
