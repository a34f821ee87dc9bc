/* SPDX-License-Identifier: MIT
 *
 * job_segment: the shared segment of one incarnation of the group, from muster's side: a memfd that every rank gets as
 * descriptor 3, laid out as worker_api/src/segment_layout.h says. libmuster in the ranks lives in it.
 *
 * Here it is made, and each rank's place and end are written into it. Only the header and the table of ranks are
 * mapped. What ranks may have written is not believed: whoever reads it (life_words, segment_record) checks it.
 */
#ifndef MUSTER_RUN_JOB_SEGMENT_H
#define MUSTER_RUN_JOB_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct launch_plan;
struct rank_result;
struct segment_header;
struct segment_rank;

enum { SEGMENT_DESCRIPTOR = 3 }; /* of each rank, as MUSTER_FD says */

struct job_segment {
	int fd;                        /* -1: there is none, and all that follows is 0 */
	struct segment_header *header; /* mapped, as are the ranks behind it */
	struct segment_rank *ranks;
	size_t mapped_bytes;
	uint64_t bytes;
	/* As they were written: what stands in the segment may have been changed. */
	uint32_t rank_count;
	uint32_t domain_count;
	uint64_t traces_offset;
	uint64_t world_offset;
};

#define JOB_SEGMENT_NONE ((struct job_segment){.fd = -1})

/* Is the `shared_memory` that the spec gives enough for so many ranks? Without one there is always enough. */
int job_segment_check(const struct launch_plan *plan, struct error *err);

/* On failure *segment is JOB_SEGMENT_NONE and the text says what the system refused. */
int job_segment_make(struct job_segment *segment, const struct launch_plan *plan, struct error *err);
void job_segment_finish(struct job_segment *segment);

/* Has any rank attached? As the ranks say, so a hint. */
bool job_segment_is_used(const struct job_segment *segment);

/* Tells all who sleep in the segment that there is something new in the table of ranks. */
void job_segment_wake(const struct job_segment *segment);

/* From now on ranks end because muster stops the job: libmuster says so to those who waited for them. Nothing without a
 * segment, or the second time. */
void job_segment_note_stopping(const struct job_segment *segment);

/* Writes how a rank ended, which has been reaped, and wakes who waits for it. Nothing without a segment. */
/* Writes how a rank ended, as wait(2) tells it, and wakes nobody. */
void job_segment_write_end(const struct job_segment *segment, uint32_t local_rank, int status);

void job_segment_note_end(const struct job_segment *segment, uint32_t local_rank, const struct rank_result *rank);

#endif
