/* SPDX-License-Identifier: MIT
 *
 * earlier_traceback: the rank to look at besides the first that failed. A Python program that nobody catches an
 * exception in writes its traceback, lets go of its connections, and takes a while to end; its peers fail for want of
 * it, and one of them may be dead before it is.
 */
#ifndef MUSTER_REPORT_EARLIER_TRACEBACK_H
#define MUSTER_REPORT_EARLIER_TRACEBACK_H

#include <stdint.h>

struct job_result;

/* Local rank, or NO_RANK: also where both ended with the same words, as when all fail alike. */
uint32_t earlier_traceback(const struct job_result *result);

#endif
