/* SPDX-License-Identifier: MIT
 *
 * trace: marks, see muster/mark.h.
 */
#include "trace.h"

#include "error.h"
#include "world.h"

#include <muster/mark.h>

#include <errno.h>

int muster_mark(muster_world *world, const char *text)
{
	int rc = world_enter(world);
	if (rc < 0)
		return rc;
	if (text == NULL)
		return world_leave(world, error_set(-EINVAL, "muster_mark: the text is NULL"));
	trace_add(world->segment, TRACE_MARK, 0, 0, ticks_now(), 0, text);
	return world_leave(world, 0);
}
