/* SPDX-License-Identifier: MIT
 *
 * samples: the clock of the floors that time themselves, and the median of what they took.
 */
#ifndef MUSTER_BENCHMARK_SAMPLES_H
#define MUSTER_BENCHMARK_SAMPLES_H

double now_ns(void);

/* Sorts them; there is at least one. */
double median_of(double *samples, int count);

#endif
