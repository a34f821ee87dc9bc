/* SPDX-License-Identifier: MIT
 *
 * messages: see messages.h.
 */
#include "messages.h"

#include <stdlib.h>

void messages_destroy(struct messages *messages)
{
	free(messages);
}
