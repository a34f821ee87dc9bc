/* SPDX-License-Identifier: MIT
 *
 * rank_key: under which key of the spec the user wrote what a rank has: the job's own, or that of the exception that
 * counts for the rank. For errors, which name it.
 */
#ifndef MUSTER_PLAN_RANK_KEY_H
#define MUSTER_PLAN_RANK_KEY_H

#include "base/error.h"

#include <stdint.h>

struct job_spec;

enum rank_part { RANK_COMMAND, RANK_DIRECTORY, RANK_STDOUT, RANK_STDERR };

/* "working_directory" or "ranks[2].working_directory". Returns `key`. */
const char *rank_key(char key[ERROR_KEY_BYTES], const struct job_spec *spec, uint32_t rank, enum rank_part part);

#endif
