/* SPDX-License-Identifier: MIT
 *
 * pin: a CPU of its own for each process of a floor.
 */
#ifndef MUSTER_BENCHMARK_PIN_H
#define MUSTER_BENCHMARK_PIN_H

/* To the n-th, from 0 on, of the CPUs that this process may use. -1: there are not so many, nothing is changed. */
int pin(int n);

#endif
