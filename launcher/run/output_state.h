/* SPDX-License-Identifier: MIT
 *
 * output_state: the output's own state, shared by its files and by nobody else: output.c makes it and answers for it,
 * output_routes.c says which stream goes to which sinks, output_pipes.c reads the ranks' pipes, output_silence.c looks
 * after partial lines, output_failures.c after sinks that fail.
 */
#ifndef MUSTER_RUN_OUTPUT_STATE_H
#define MUSTER_RUN_OUTPUT_STATE_H

#include "base/arena.h"
#include "base/text.h"
#include "run/output.h"
#include "run/sink_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct output {
	struct arena arena; /* of the streams: what a rank's start adds to them is malloc's */
	const struct launch_plan *plan;
	struct sink_table sinks;
	struct sink *standard_output;
	struct sink *standard_error;  /* may be the same */
	const struct log_place *logs; /* NULL: streams that go to the terminal have one */
	struct log_file *log_files;   /* by stream; NULL: there are none */
	struct stream *streams;       /* nprocs * OUTPUT_STREAMS, stdout before stderr */
	uint32_t stream_count;
	uint32_t open_count;
	struct stream *waiting; /* for another's long line; by next_waiting */
	size_t in_flight_limit; /* a stream */
	bool attached;
	bool closing;
	bool abandoned;
	bool reader_gone;
	struct text notes; /* of muster's own, while a long line has the sink */
	char *error;
	uv_loop_t *loop;
	uv_async_t written;
	uv_timer_t silence;
	uint32_t handles_closing;
	void (*changed)(void *context);
	void *context;
};

/* --- output.c --- */
void output_tell_changed(struct output *output);

/* --- output_routes.c --- */
int output_connect(struct output *output, struct error *err); /* opens the sinks, and each stream has its own */

/* --- output_pipes.c --- */
int output_pipe_open(struct stream *stream, int *write_end, struct error *err);
void output_pipe_close(struct stream *stream);
void output_pipe_finish(struct stream *stream); /* what is in it now is the last; before `closing` is set */
void output_pipe_read(struct stream *stream);   /* what has arrived, no longer than a turn */
void output_pipe_resume(struct stream *stream); /* or pause: as the stream may be read now */
void output_pipes_resume_waiting(struct output *output);
void output_pipes_close_empty(struct output *output);

/* --- output_silence.c --- */
void output_silence_init(struct output *output);
void output_silence_watch(struct output *output); /* a stream has a partial line now */

/* --- output_failures.c --- */
void output_check_failures(struct output *output);
bool output_has_no_reader(const struct stream *stream); /* its writer is to be told, as in any pipeline */

#endif
