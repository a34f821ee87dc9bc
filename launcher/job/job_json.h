/* SPDX-License-Identifier: MIT
 *
 * job_json: job.json, schema "muster.job/1": what a job is, as far as it never changes. Nothing of its environment.
 */
#ifndef MUSTER_JOB_JOB_JSON_H
#define MUSTER_JOB_JOB_JSON_H

#include <jansson.h>
#include <time.h>

struct guards;
struct index_set;
struct launch_plan;

/* One line; free() it. NULL without memory. `socket` may be NULL: nobody answers. `held` are the CPUs that other jobs
 * are kept from as long as this one lives. */
char *job_json_format(const struct launch_plan *plan, const struct guards *guards, const struct index_set *held,
                      const char *directory, const char *socket, const struct timespec *started);

/* "0-3,8", however long; null without memory. */
json_t *job_json_list(const struct index_set *set);

#endif
