/* SPDX-License-Identifier: MIT
 *
 * environment: what every rank finds in its environment; muster-environment(7) is the same for users. A pure function.
 *
 * Layers, each over the one before:
 *   1. what is inherited, by inherit_env, without another launcher's answers to "who am I";
 *   2. muster's own answers, and torchrun's names for them;
 *   3. thread counts and OpenMP places from the cores that a rank got, where the user set none (inherited counts);
 *   4. the spec's env: what it sets or removes is so, whatever muster would have set;
 *   5. env of the exception that names the rank.
 *
 * What is the same for all ranks stands once; a name that differs between ranks stands only in their own parts.
 */
#ifndef MUSTER_PLAN_ENVIRONMENT_H
#define MUSTER_PLAN_ENVIRONMENT_H

#include "plan/exceptions.h"
#include "plan/launch_plan.h"

struct account;

struct environment_input {
	const struct job_spec *spec;
	const struct placement *placement;
	const struct launch_context *context;
	const struct exception_index *exceptions;
	const char *job_name;
	const struct account *account; /* whom ranks become; NULL: nobody else */
};

struct environment {
	char **job;    /* "NAME=value", NULL-terminated */
	char ***ranks; /* the same by local rank; no name of it is in `job` */
	char *warnings[2];
	uint32_t warning_count;
};

/* The texts live in the arena, or are the context's and the spec's own. */
void environment_make(struct environment *environment, struct arena *arena, const struct environment_input *input);

#endif
