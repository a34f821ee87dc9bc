/* SPDX-License-Identifier: MIT
 *
 * muster/mark.h: marks in the job's report.
 *
 *     muster_mark(world, "epoch 3");
 *
 * Marks, barriers and collectives of a rank land in a ring of the last 1,024; the report says when each was, and how
 * many were lost.
 */
#ifndef MUSTER_MARK_H
#define MUSTER_MARK_H

#include <muster/base.h>

MUSTER_BEGIN

/* Says that this rank is now at `text` (its first 39 bytes). Some tens of nanoseconds; never waits. 0, or the codes of
 * misuse: MUSTER_EFORKED, MUSTER_EBUSY, MUSTER_EFINALIZED, -EINVAL. */
MUSTER_API int muster_mark(muster_world *world, const char *text);

MUSTER_END

#endif
