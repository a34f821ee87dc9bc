/* SPDX-License-Identifier: MIT
 *
 * fuzz_hush: for targets that call whole commands: what these print goes nowhere, and a sanitizer still speaks.
 */
#ifndef MUSTER_TESTS_FUZZ_HUSH_H
#define MUSTER_TESTS_FUZZ_HUSH_H

/* From here on to fuzz_speak. */
void fuzz_hush(void);
void fuzz_speak(void);

#endif
