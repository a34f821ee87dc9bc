/* SPDX-License-Identifier: MIT
 *
 * place_words: the words that a placement speaks of the hardware with: "NUMA nodes", "cores 2-3", "2nd".
 */
#ifndef MUSTER_PLAN_PLACE_WORDS_H
#define MUSTER_PLAN_PLACE_WORDS_H

#include "base/index_set.h"
#include "base/text.h"
#include "machine/machine.h"
#include "spec/job_spec.h"

/* "NUMA node", "NUMA nodes". */
const char *place_noun(enum place_level level, bool plural);

/* "this machine", or "the machine of --topology". */
const char *place_words_machine(const struct machine *machine);

/* Why a hardware thread may not be used: "outside the cpuset". */
const char *thread_access_reason(enum thread_access access);

/* "2-3,5", cut to `width`: "0,2,4,..."; for people only. */
void place_words_short_list(struct text *text, const struct index_set *set, size_t width);

/* "core 2", "cores 2-3,5". */
void place_words_set(struct text *text, const char *one, const char *many, const struct index_set *set);

/* "1st", "2nd", "11th". */
void place_words_ordinal(struct text *text, uint32_t number);

/* "2", "2.5", "0.125" of thousandths. */
void place_words_thousandths(struct text *text, uint64_t thousandths);

#endif
