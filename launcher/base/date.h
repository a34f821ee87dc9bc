/* SPDX-License-Identifier: MIT
 *
 * date: times of the calendar as text, RFC 3339 in UTC. Not by the C library, whose functions read
 * the time zones' files first, UTC or not.
 */
#ifndef MUSTER_BASE_DATE_H
#define MUSTER_BASE_DATE_H

#include <time.h>

enum { DATE_BYTES = 40 };

/* "2026-11-20T14:02:11.125Z" with 3 decimals of the second, of 1 to 9; returns `date`. */
const char *date_format(char date[static DATE_BYTES], const struct timespec *time, int decimals);

#endif
