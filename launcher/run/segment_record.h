/* SPDX-License-Identifier: MIT
 *
 * segment_record: what ranks left in the job's segment, read for the report. Nothing of it is believed: numbers are
 * bounded, labels cut, clocks that cannot be right told as unknown, and who points outside of the job is ignored.
 */
#ifndef MUSTER_RUN_SEGMENT_RECORD_H
#define MUSTER_RUN_SEGMENT_RECORD_H

#include "run/job_result.h"

#include <stdbool.h>
#include <stdint.h>

struct job_segment;
struct rank_group;

/* What a rank waits for just now. */
struct rank_wait segment_record_wait(const struct job_segment *segment, uint32_t rank);

/* What each rank that runs waits for just now; of those that are known to have waited already it stays.
 * `job_start_ns` is of CLOCK_MONOTONIC. */
void segment_record_waits(const struct job_segment *segment, struct job_result *result, const struct rank_group *group,
                          int64_t job_start_ns);

/* Marks each rank that runs and has not attached; returns how many there are. */
uint32_t segment_record_not_attached(const struct job_segment *segment, struct job_result *result,
                                     const struct rank_group *group);

/* Did the last barrier of all ranks, or a collective, fail because a rank had left? Then it is marked as missed, and
 * returned; else NO_RANK. */
uint32_t segment_record_missed(const struct job_segment *segment, struct job_result *result);

/* Sums and, if they are wanted, events of all ranks. `job_start_ns` as above. */
void segment_record_take(const struct job_segment *segment, struct job_result *result, int64_t job_start_ns,
                         bool events);

#endif
