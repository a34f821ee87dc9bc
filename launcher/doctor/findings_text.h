/* SPDX-License-Identifier: MIT
 *
 * findings_text: what `muster doctor` prints for people: a line for each finding, by groups; what is not well with its
 * meaning and what to do; the verdict in the last line.
 */
#ifndef MUSTER_DOCTOR_FINDINGS_TEXT_H
#define MUSTER_DOCTOR_FINDINGS_TEXT_H

#include "doctor/finding.h"

#include <stdbool.h>

struct text;

void findings_text(struct text *text, const struct findings *findings, uint32_t width, bool colour);

#endif
