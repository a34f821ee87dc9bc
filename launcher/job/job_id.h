/* SPDX-License-Identifier: MIT
 *
 * job_id: names of jobs: NAME-TTTTTTTTRRR. T is the time of the start in milliseconds since 2026, in a base 32 whose
 * digits are in the order of their characters, so that ids of one name sort by time; R is random. "train-0rg3k9q27xc".
 */
#ifndef MUSTER_JOB_JOB_ID_H
#define MUSTER_JOB_JOB_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { JOB_ID_SIZE = 80 };

/* `ms` since the beginning of 2026, UTC. Characters of the name that a file name should not have become '_'. */
void job_id_make(char id[static JOB_ID_SIZE], const char *name, int64_t ms, uint32_t random);

/* Of the clock on the wall, and the kernel's random numbers. */
void job_id_make_now(char id[static JOB_ID_SIZE], const char *name);

/* What stands behind the name, and sorts by the time of the start: "-0rg3k9q27xc"; all of an id that is shorter. */
const char *job_id_suffix(const char *id);

/* One of so many ids, by chance: by their random digits. */
bool job_id_is_one_of(const char *id, uint32_t many);

/* Could this be an id? What users type, and what stands in directories, is checked before it becomes a path. */
bool job_id_is_valid(const char *id);

#endif
