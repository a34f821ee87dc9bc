/* SPDX-License-Identifier: MIT
 *
 * ticks: the cheapest clock there is, for durations that go into reports. Its rate is not known; two readings of it
 * beside CLOCK_MONOTONIC, at a rank's start and at its end, make ticks into time.
 */
#ifndef MUSTER_TICKS_H
#define MUSTER_TICKS_H

#include <stdint.h>

#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t ticks_now(void)
{
	return __rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t ticks_now(void)
{
	uint64_t ticks;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}
#else
#include <time.h>
static inline uint64_t ticks_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
#endif

#endif
