/* SPDX-License-Identifier: MIT
 *
 * death_watch: threads that sleep until a rank's life word is released, so that the others know of a death at once.
 *
 * Started once a rank attached, or a moment after the group, so that short jobs have none. The first thread waits for
 * ranks to attach, too; each further one is started once ranks that it watches have attached. Kernels without
 * futex_waitv (before Linux 5.16) and containers that refuse it have no watch: deaths are then known by pidfds alone.
 */
#ifndef MUSTER_RUN_DEATH_WATCH_H
#define MUSTER_RUN_DEATH_WATCH_H

struct death_watch;
struct life_words;

/* NULL when there is no memory or no thread to be had. `words` must outlive it; begun for a segment. */
struct death_watch *death_watch_start(struct life_words *words);

/* Ends the threads and waits for them. NULL is fine. */
void death_watch_stop(struct death_watch *watch);

#endif
