/* SPDX-License-Identifier: MIT
 *
 * rank_ending: what is written down of a rank that ended: how, and what it used.
 */
#ifndef MUSTER_RUN_RANK_ENDING_H
#define MUSTER_RUN_RANK_ENDING_H

#include <stdint.h>

struct death;
struct rank_result;
struct rank_slot;

/* `slot` tells a start that failed from a program that ended; `oom_kills_before` is the kernel's counter before the job
 * (-1: unknown), against which a SIGKILL that was not muster's is held. */
void rank_ending_note(struct rank_result *rank, const struct death *death, const struct rank_slot *slot,
                      int64_t oom_kills_before);

#endif
