/* SPDX-License-Identifier: MIT
 *
 * oom_evidence: was a SIGKILL the kernel's out-of-memory killer? Read from the kernel's own counter, which either moved
 * while the job ran or did not.
 */
#ifndef MUSTER_RUN_OOM_EVIDENCE_H
#define MUSTER_RUN_OOM_EVIDENCE_H

#include <stdint.h>

/* Processes that the OOM killer has ended since the machine started; -1: not to be had. */
int64_t oom_kills_so_far(void);

#endif
