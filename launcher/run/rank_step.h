/* SPDX-License-Identifier: MIT
 *
 * rank_step: the steps of a rank between clone and exec, of which each may fail.
 */
#ifndef MUSTER_RUN_RANK_STEP_H
#define MUSTER_RUN_RANK_STEP_H

enum rank_step {
	STEP_NONE,
	STEP_CGROUP,
	STEP_GROUP,
	STEP_SIGNALS,
	STEP_AFFINITY,
	STEP_NICE,
	STEP_ADDRESS_SPACE,
	STEP_CORE_SIZE,
	STEP_CPU_TIME,
	STEP_OPEN_FILES,
	STEP_DIRECTORY,
	STEP_USER,
	STEP_PARENT_DEATH,
	STEP_DESCRIPTORS,
	STEP_EXECUTE,
	STEP_COUNT,
};

/* "set the CPU binding" ... */
const char *rank_step_name(enum rank_step step);

#endif
