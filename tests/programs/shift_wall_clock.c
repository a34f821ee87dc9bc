/* SPDX-License-Identifier: MIT
 *
 * shift_wall_clock.so, for LD_PRELOAD: the calendar's clock as a program sees it jumps a day forward 200 ms after the
 * start and two days back 200 ms later. Clocks that only run forward are left alone. For machines where a test may not
 * set the real clock.
 */
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DAY_S 86400

int clock_gettime(clockid_t clock, struct timespec *time);
int gettimeofday(struct timeval *restrict time, void *restrict zone);
time_t time(time_t *result);

static long long started_ms;

static long long monotonic_ms(void)
{
	struct timespec now;
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

__attribute__((constructor)) static void note_start(void)
{
	started_ms = monotonic_ms();
}

static time_t shift_s(void)
{
	long long since_ms = monotonic_ms() - started_ms;
	if (since_ms < 200)
		return 0;
	return since_ms < 400 ? DAY_S : -DAY_S;
}

int clock_gettime(clockid_t clock, struct timespec *result)
{
	long status = syscall(SYS_clock_gettime, clock, result);
	if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		result->tv_sec += shift_s();
	return (int)status;
}

int gettimeofday(struct timeval *restrict result, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -1;
	result->tv_sec = now.tv_sec;
	result->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *result)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}
