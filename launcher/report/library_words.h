/* SPDX-License-Identifier: MIT
 *
 * library_words: what ranks did with libmuster, in words: what they wait in, and for whom the others waited most.
 */
#ifndef MUSTER_REPORT_LIBRARY_WORDS_H
#define MUSTER_REPORT_LIBRARY_WORDS_H

struct rank_wait;
struct report_facts;
struct text;

/* "barrier", "collective", "send", "receive"; NULL for a rank that waits for nothing. */
const char *wait_name(const struct rank_wait *wait);

/* "waits in barrier 'epoch 3' for 4.1 s", "waits for a message of rank 2 for 1.0 s"; only for one that waits. */
void add_wait(struct text *text, const struct rank_wait *wait);

/* "waits in barrier 'epoch 3', the first for 4.1 s": of ranks that wait alike, by the one that waits longest. */
void add_wait_of_many(struct text *text, const struct rank_wait *longest);

/* A line about the rank that came last to barriers more often than chance has it, when others waited for it long enough
 * to care; else nothing. */
void add_straggler_line(struct text *text, const struct report_facts *facts);

#endif
