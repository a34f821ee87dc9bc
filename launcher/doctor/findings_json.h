/* SPDX-License-Identifier: MIT
 *
 * findings_json: what `muster doctor --json` prints. muster-doctor(1) has its members.
 */
#ifndef MUSTER_DOCTOR_FINDINGS_JSON_H
#define MUSTER_DOCTOR_FINDINGS_JSON_H

#include "doctor/finding.h"

#include <jansson.h>

/* The caller's. */
json_t *findings_json(const struct findings *findings);

#endif
