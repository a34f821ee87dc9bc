/* SPDX-License-Identifier: MIT
 *
 * samples: see samples.h.
 */
#include "samples.h"

#include <stdlib.h>
#include <time.h>

double now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

double median_of(double *samples, int count)
{
	qsort(samples, (size_t)count, sizeof *samples, by_value);
	return samples[count / 2];
}
