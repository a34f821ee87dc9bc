/* SPDX-License-Identifier: MIT
 *
 * json_text: values as muster's JSON documents have them: text of any bytes (file names, what ranks wrote), sets,
 * times.
 */
#ifndef MUSTER_REPORT_JSON_TEXT_H
#define MUSTER_REPORT_JSON_TEXT_H

#include <jansson.h>
#include <stdint.h>

struct index_set;

/* jansson makes NULL when memory is short, and nothing else can go wrong with what muster makes: that ends the program.
 */
json_t *json_made(json_t *value);

/* U+FFFD stands in the place of each byte that is not UTF-8; null for NULL. The caller's; NULL without memory. */
json_t *json_text(const char *bytes);

/* "0-3,8"; ends the program without memory. */
json_t *json_set(const struct index_set *set);

/* Null for a time that is not known. */
json_t *json_seconds(int64_t ns);

#endif
