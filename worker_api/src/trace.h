/* SPDX-License-Identifier: MIT
 *
 * trace: what a rank did when, in its ring in the segment, and the sums for the report. Written by the rank alone.
 */
#ifndef MUSTER_TRACE_H
#define MUSTER_TRACE_H

#include "segment.h"
#include "ticks.h"

#include <string.h>

static inline void trace_add(struct segment *segment, enum trace_kind kind, uint32_t detail, uint64_t bytes,
                             uint64_t begin, uint64_t ticks, const char *label)
{
	struct segment_trace *trace = segment->trace;
	uint64_t number = atomic_load_explicit(&trace->written, memory_order_relaxed);
	struct segment_event *event = &trace->events[number % SEGMENT_TRACE_EVENTS];
	uint64_t sixteenths = ticks / 16;
	event->ticks = begin;
	event->duration = sixteenths < UINT32_MAX ? (uint32_t)sixteenths : UINT32_MAX;
	event->kind = (uint16_t)kind;
	event->detail = (uint16_t)detail;
	event->bytes = bytes;
	size_t length = label != NULL ? strnlen(label, SEGMENT_LABEL_BYTES - 1) : 0;
	if (length > 0)
		memcpy(event->label, label, length);
	event->label[length] = '\0';
	atomic_store_explicit(&trace->written, number + 1, memory_order_release);
}

/* `begin`: when it began to wait; 0: it did not. */
static inline void trace_barrier(struct segment *segment, uint64_t begin, bool last, const char *label)
{
	struct segment_sums *sums = &segment->me->sums;
	uint64_t now = ticks_now();
	uint64_t ticks = begin == 0 ? 0 : now - begin;
	sums->barriers++;
	sums->barrier_last += last;
	sums->barrier_wait_ticks += ticks;
	trace_add(segment, TRACE_BARRIER, 0, 0, now - ticks, ticks, label);
}

static inline void trace_collective(struct segment *segment, uint32_t which, uint64_t bytes, uint64_t begin)
{
	struct segment_sums *sums = &segment->me->sums;
	uint64_t ticks = ticks_now() - begin;
	sums->collectives++;
	sums->collective_ticks += ticks;
	trace_add(segment, TRACE_COLLECTIVE, which, bytes, begin, ticks, NULL);
}

#endif
