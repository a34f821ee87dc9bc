/* SPDX-License-Identifier: MIT
 *
 * library_json: what a rank did with libmuster, as the record has it.
 */
#ifndef MUSTER_REPORT_LIBRARY_JSON_H
#define MUSTER_REPORT_LIBRARY_JSON_H

#include <jansson.h>
#include <stdint.h>

struct rank_result;
struct rank_wait;

/* What a rank waits for: null for nothing. */
json_t *waiting_json(const struct rank_wait *wait);

/* The member "library" of a rank: null for one that never called muster_init. `asked_ns` is when ranks were asked to
 * stop, or TIME_UNKNOWN. */
json_t *library_json(const struct rank_result *rank, int64_t asked_ns);

#endif
