/* SPDX-License-Identifier: MIT
 *
 * json_text: text of any bytes (file names, what ranks wrote) as a JSON string.
 */
#ifndef MUSTER_REPORT_JSON_TEXT_H
#define MUSTER_REPORT_JSON_TEXT_H

#include <jansson.h>

/* U+FFFD stands in the place of each byte that is not UTF-8; null for NULL. The caller's; NULL without memory. */
json_t *json_text(const char *bytes);

#endif
