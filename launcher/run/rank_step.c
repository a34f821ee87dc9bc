/* SPDX-License-Identifier: MIT
 *
 * rank_step: see rank_step.h.
 */
#include "run/rank_step.h"

static const char *const step_names[STEP_COUNT] = {
	[STEP_NONE] = "start",
	[STEP_CGROUP] = "enter its memory cgroup",
	[STEP_GROUP] = "make its process group",
	[STEP_SIGNALS] = "reset its signals",
	[STEP_AFFINITY] = "set the CPU binding",
	[STEP_NICE] = "set limits.nice",
	[STEP_ADDRESS_SPACE] = "set limits.address_space",
	[STEP_CORE_SIZE] = "set limits.core_size",
	[STEP_CPU_TIME] = "set limits.cpu_time",
	[STEP_OPEN_FILES] = "set limits.open_files",
	[STEP_DIRECTORY] = "enter its working directory",
	[STEP_USER] = "become its user",
	[STEP_PARENT_DEATH] = "tie its life to muster's",
	[STEP_DESCRIPTORS] = "set up its standard streams",
	[STEP_EXECUTE] = "execute",
};

const char *rank_step_name(enum rank_step step)
{
	return step_names[step];
}
