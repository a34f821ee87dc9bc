/* SPDX-License-Identifier: MIT
 *
 * stdin_feed: muster's standard input, to one rank, to all, or to none.
 *
 * Where it can be, the descriptor itself is handed over: nothing is copied, end of file and flow control are the
 * kernel's. A terminal cannot (a rank in another process group would take what the user types for the shell while
 * muster is in the background), nor can one pipe be read by several: there muster reads, and writes to each rank what
 * each has room for; the slowest sets the pace, one that closes its stdin is left out.
 */
#ifndef MUSTER_RUN_STDIN_FEED_H
#define MUSTER_RUN_STDIN_FEED_H

#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct error;
struct launch_plan;
struct stdin_feed;

/* `guard` is the process of muster that the terminal knows: nothing is read while it is in the background. */
int stdin_feed_create(struct stdin_feed **made, const struct launch_plan *plan, uv_loop_t *loop, pid_t guard,
                      struct error *err);

/* A descriptor for the rank's stdin, the caller's to close once the rank is started; -1: it gets /dev/null. */
int stdin_feed_open_rank(struct stdin_feed *feed, uint32_t local_rank, int *end, struct error *err);

/* All ranks are started: begins to read. */
void stdin_feed_start(struct stdin_feed *feed);

/* No rank of this incarnation is left to read; what was read already and not yet taken is lost. */
void stdin_feed_close_ranks(struct stdin_feed *feed);

/* Runs the loop until its handles are closed. */
void stdin_feed_destroy(struct stdin_feed *feed);

#endif
