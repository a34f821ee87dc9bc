/* SPDX-License-Identifier: MIT
 *
 * report_restarts: what failed before each restart of a job, which its report says of the last group only: the events
 * of its record have the ends of all.
 */
#ifndef MUSTER_REPORT_REPORT_RESTARTS_H
#define MUSTER_REPORT_REPORT_RESTARTS_H

#include <stdint.h>
#include <stdio.h>

struct text;

/* A line for each of the last restarts: "  before restart 1: rank 3 exit 9, 0.512 s after the start". `events` is read
 * to its end; what in it is no event is passed over. */
void report_restarts(struct text *text, FILE *events, int64_t restarts);

#endif
