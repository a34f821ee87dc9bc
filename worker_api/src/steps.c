/* SPDX-License-Identifier: MIT
 *
 * steps: see steps.h.
 */
#include "steps.h"

#include <stdlib.h>

void steps_destroy(struct steps *steps)
{
	free(steps);
}
