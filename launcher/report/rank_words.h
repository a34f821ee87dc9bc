/* SPDX-License-Identifier: MIT
 *
 * rank_words: one rank's end in words, and what kind of end it was. Used by the text that stderr gets and by the JSON.
 * Pure functions: what they need of the world stands in report_facts.
 */
#ifndef MUSTER_REPORT_RANK_WORDS_H
#define MUSTER_REPORT_RANK_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct index_set;
struct launch_plan;
struct job_result;
struct text;

struct report_facts {
	const struct launch_plan *plan;
	const struct job_result *result;
	const struct index_set *held_cpus; /* that other jobs are kept from; NULL: none */
	const char *core_pattern; /* as in the kernel's core_pattern, without the line's end; NULL: not known */
	bool core_uses_pid;       /* the kernel's core_uses_pid */
	bool colour;
};

/* Of a list of ranks; a longer one is cut. */
enum { RANK_LIST_WIDTH = 63 };

/* "exit", "signal", "oom", "lost" or "exec", as the JSON names the kinds of failure. */
const char *failure_kind(const struct job_result *result, uint32_t local_rank);

/* "rank 3 (pid 4312, CPUs 3,11)" */
void add_rank_name(struct text *text, const struct report_facts *facts, uint32_t local_rank);

/* "exited with code 9", "was killed by SIGSEGV (segmentation fault), core dumped to ...", "cannot start: ..." */
void add_rank_end(struct text *text, const struct report_facts *facts, uint32_t local_rank);

/* The same short: "exit 9", "SIGSEGV". */
void add_rank_end_short(struct text *text, const struct report_facts *facts, uint32_t local_rank);

#endif
