/* SPDX-License-Identifier: MIT
 *
 * environment_names: the names of muster's own variables, by what is done with them.
 */
#ifndef MUSTER_PLAN_ENVIRONMENT_NAMES_H
#define MUSTER_PLAN_ENVIRONMENT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define THREADS_VARIABLE   "OMP_NUM_THREADS"
#define PLACES_VARIABLE    "OMP_PLACES"
#define PROC_BIND_VARIABLE "OMP_PROC_BIND"

bool is_own_variable(const char *name, size_t length);
bool is_supervisor_variable(const char *name);

/* All that libraries take a number of threads from. Those after the first follow it when they are not set. NULL ends
 * both lists. */
extern const char *const thread_variables[];

/* One decision in four words: whoever sets one of them has decided where OpenMP's threads go. */
extern const char *const affinity_variables[];

#endif
