/* SPDX-License-Identifier: MIT
 *
 * earlier_traceback: see earlier_traceback.h.
 */
#include "report/earlier_traceback.h"

#include "run/job_result.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char *last_line(char *const *lines)
{
	const char *last = "";
	for (; lines != NULL && *lines != NULL; lines++)
		last = *lines;
	return last;
}

uint32_t earlier_traceback(const struct job_result *result)
{
	if (result->first_failure == NO_RANK)
		return NO_RANK;
	const char *first_words = last_line(result->ranks[result->first_failure].stderr_tail);
	for (uint32_t rank = 0; rank < result->nprocs; rank++) {
		const char *words = last_line(result->ranks[rank].stderr_tail);
		bool wrote = result->ranks[rank].traceback_ns > 0 && words[0] != '\0';
		if (wrote && rank != result->first_failure)
			return strcmp(words, first_words) == 0 ? NO_RANK : rank;
	}
	return NO_RANK;
}
