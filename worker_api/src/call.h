/* SPDX-License-Identifier: MIT
 *
 * call: one collective from its arguments to what it returns: checked, counted, and told to everybody when it fails.
 *
 *     rc = call_begin(&call, world, COLLECTIVE_BROADCAST, root, timeout_ms);
 *     if (rc < 0)
 *             return rc;
 *     rc = call_shape(&call, tag, count, element_bytes, root, data != NULL);
 *     ...
 *     return call_end(&call, rc);
 */
#ifndef MUSTER_CALL_H
#define MUSTER_CALL_H

#include "steps.h"

/* `root` is looked at where there is one. */
int call_begin(struct call *call, muster_world *world, enum collective_kind kind, int root, int timeout_ms);

/* How much each member gives: what all must agree on. `complete`: there is memory for it. -EINVAL. */
int call_shape(struct call *call, uint32_t tag, size_t count, size_t element_bytes, int root, bool complete);

/* Breaks the group when the call failed after it had begun. Returns what the user gets. */
int call_end(struct call *call, int rc);

/* Of a call that failed for all members alike: nothing is broken. */
int call_end_alike(struct call *call, int rc);

/* Of enum collective_kind; NULL: of none. */
const char *call_name(uint32_t kind);

#endif
