/* SPDX-License-Identifier: MIT
 *
 * library_json: what a rank did with libmuster, as the record has it.
 */
#ifndef MUSTER_REPORT_LIBRARY_JSON_H
#define MUSTER_REPORT_LIBRARY_JSON_H

#include <jansson.h>

struct rank_result;
struct rank_wait;

/* What a rank waits for: null for nothing. */
json_t *waiting_json(const struct rank_wait *wait);

/* The member "library" of a rank: null for one that never called muster_init. */
json_t *library_json(const struct rank_result *rank);

#endif
