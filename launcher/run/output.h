/* SPDX-License-Identifier: MIT
 *
 * output: everything that ranks print, from their pipes to the sinks of the plan.
 *
 * Sinks are opened before anything is started, so that a bad path starts nothing. Each rank's stdout and stderr is a
 * pipe that is read as long as what was read before has gone on: a stream's share of 64 MiB may wait for a slow sink,
 * then its rank is held back by its own full pipe, and nobody else is. With `raw`, ranks get muster's own descriptors.
 */
#ifndef MUSTER_RUN_OUTPUT_H
#define MUSTER_RUN_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct error;
struct launch_plan;
struct output;
struct stream;

enum { OUTPUT_STREAMS = 2 }; /* stdout, stderr */

/* Where a job that has no terminal puts what would go there: a bounded file for each stream of each rank. */
struct log_place {
	int directory;
	char path[PATH_MAX]; /* the same, for messages */
	int64_t limit_bytes;
};

/* Opens the sinks. Plan and logs must outlive the output; `logs` is NULL where there is a terminal. */
int output_create(struct output **made, const struct launch_plan *plan, const struct log_place *logs,
                  struct error *err);
void output_destroy(struct output *output);

/* In a process that does nothing with it, not even destroy it: gives the memory of its streams back. */
void output_let_go(struct output *output);

/* Joins the event loop, in the process that runs it. `changed` is called whenever output_is_drained may have changed.
 */
int output_attach(struct output *output, uv_loop_t *loop, void (*changed)(void *context), void *context,
                  struct error *err);
void output_detach(struct output *output);

/* Makes the two pipes of one rank; `ends` are the write ends, the caller's to close once the rank is started. They are
 * set on success only. */
int output_open_rank(struct output *output, uint32_t local_rank, int ends[OUTPUT_STREAMS], struct error *err);

/* Reads what has arrived by now: at the rank's end, so that its last words are in the tail. */
void output_drain_rank(struct output *output, uint32_t local_rank);

/* What is in a stream by now is the last that is read of it, although somebody may still hold its other end. */
void output_close_when_empty(struct output *output);

/* Nothing is open and everything was written. */
bool output_is_drained(const struct output *output);

/* Drops what still waits for a reader who does not read. */
void output_abandon(struct output *output);

/* Whole lines of muster's own on stderr, between the ranks' lines. */
void output_note(struct output *output, const char *lines);

/* The last lines of the rank's stderr as in stream_tail_lines. */
char **output_tail(const struct output *output, uint32_t local_rank);

/* When the rank began to write a traceback to stderr, as in stream_traceback_ns. */
int64_t output_traceback_ns(const struct output *output, uint32_t local_rank);

/* What went wrong with writing ("cannot write output to /dev/full: No space left on device"), or NULL. */
const char *output_error(const struct output *output);

/* The reader of muster's stdout went away and ranks were ended for it (on_closed: end). */
bool output_reader_gone(const struct output *output);

void output_line_released(struct output *output); /* stream.c: others may go on */

#endif
