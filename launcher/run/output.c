/* SPDX-License-Identifier: MIT
 *
 * output: see output.h.
 */
#include "run/output_state.h"

#include "base/error.h"
#include "base/memory.h"
#include "plan/launch_plan.h"
#include "run/log_file.h"
#include "run/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define IN_FLIGHT_TOTAL ((size_t)64 << 20)
#define IN_FLIGHT_LEAST ((size_t)64 << 10)
#define IN_FLIGHT_MOST  ((size_t)1 << 20)
#define HELD_TOTAL      ((size_t)64 << 20) /* of partial lines */

static size_t clamp(size_t value, size_t least, size_t most)
{
	return value < least ? least : value > most ? most : value;
}

int output_create(struct output **made, const struct launch_plan *plan, const struct log_place *logs, struct error *err)
{
	struct output *output = memory_zeroed(sizeof *output);
	output->plan = plan;
	output->logs = logs;
	output->stream_count = plan->nprocs * OUTPUT_STREAMS;
	output->streams = arena_alloc_array(&output->arena, output->stream_count, sizeof *output->streams);
	output->in_flight_limit = clamp(IN_FLIGHT_TOTAL / output->stream_count, IN_FLIGHT_LEAST, IN_FLIGHT_MOST);
	size_t held_most = clamp(HELD_TOTAL / output->stream_count, LINE_HELD_LEAST, LINE_HELD_MAX);
	for (uint32_t s = 0; s < output->stream_count; s++) {
		const struct rank_plan *rank = &plan->ranks[s / OUTPUT_STREAMS];
		output->streams[s] = (struct stream){.output = output,
		                                     .rank = rank->rank,
		                                     .local_rank = rank->local_rank,
		                                     .fd = -1,
		                                     .held_most = held_most,
		                                     .keeps_tail = s % OUTPUT_STREAMS == 1,
		                                     .timestamp = plan->spec->output.timestamp};
	}
	int rc = output_connect(output, err);
	if (rc < 0) {
		output_destroy(output);
		return rc;
	}
	*made = output;
	return 0;
}

void output_destroy(struct output *output)
{
	if (output == NULL)
		return;
	for (uint32_t s = 0; s < output->stream_count; s++)
		stream_release(&output->streams[s]);
	if (!sink_table_finish(&output->sinks))
		return; /* a thread that is blocked in its write still uses the rest */
	free(output->error);
	text_finish(&output->notes);
	arena_finish(&output->arena);
	free(output);
}

void output_let_go(struct output *output)
{
	arena_finish(&output->arena);
	output->streams = NULL;
	output->log_files = NULL;
}

static void handle_closed(uv_handle_t *handle)
{
	struct output *output = handle->data;
	output->handles_closing--;
}

void output_tell_changed(struct output *output)
{
	if (output->attached && output->changed != NULL)
		output->changed(output->context);
}

static void write_notes(struct output *output)
{
	if (output->notes.length == 0 || output->standard_error->owner != NULL)
		return;
	sink_write(output->standard_error, NULL, output->notes.bytes, output->notes.length);
	text_finish(&output->notes);
}

void output_line_released(struct output *output)
{
	write_notes(output);
	output_pipes_resume_waiting(output);
}

static void on_block_written(void *context, struct stream *from, size_t length)
{
	(void)context;
	if (from == NULL)
		return;
	from->in_flight -= length;
	if (from->in_flight < from->output->in_flight_limit / 2)
		output_pipe_resume(from);
}

static void on_written(uv_async_t *async)
{
	struct output *output = async->data;
	sink_table_collect(&output->sinks, on_block_written, NULL);
	output_check_failures(output);
	if (output->closing && output->open_count > 0)
		output_pipes_close_empty(output);
	output_tell_changed(output);
}

int output_attach(struct output *output, uv_loop_t *loop, void (*changed)(void *context), void *context,
                  struct error *err)
{
	int rc = uv_async_init(loop, &output->written, on_written);
	if (rc < 0)
		return error_set(err, rc, "cannot watch the output: %s", uv_strerror(rc));
	output->written.data = output;
	output->loop = loop;
	output_silence_init(output);
	output->changed = changed;
	output->context = context;
	output->attached = true;
	for (uint32_t i = 0; i < output->sinks.count; i++)
		output->sinks.items[i].wake = &output->written;
	return 0;
}

void output_detach(struct output *output)
{
	if (!output->attached)
		return;
	output->attached = false;
	for (uint32_t s = 0; s < output->stream_count; s++)
		output_pipe_close(&output->streams[s]);
	for (uint32_t i = 0; i < output->sinks.count; i++)
		sink_detach(&output->sinks.items[i]);
	output->handles_closing += 2;
	uv_close((uv_handle_t *)&output->written, handle_closed);
	uv_close((uv_handle_t *)&output->silence, handle_closed);
	while (output->handles_closing > 0)
		uv_run(output->loop, UV_RUN_ONCE);
	for (uint32_t s = 0; output->log_files != NULL && s < output->stream_count; s++)
		log_file_finish(&output->log_files[s]);
}

static int open_raw(int index, int *end, struct error *err)
{
	*end = fcntl(index == 0 ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return *end < 0 ? error_set(err, -errno, "cannot hand standard %s on: %s", index == 0 ? "output" : "error",
	                            strerror(errno))
	                : 0;
}

static int open_null(int *end, struct error *err)
{
	*end = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return *end < 0 ? error_set(err, -errno, "cannot open /dev/null: %s", strerror(errno)) : 0;
}

static bool goes_nowhere(const struct rank_sinks *sinks)
{
	uint32_t nowhere = 0;
	for (uint32_t i = 0; i < sinks->count; i++)
		nowhere += sinks->items[i].kind == SINK_NULL;
	return sinks->count > 0 && nowhere == sinks->count;
}

static int open_end(struct output *output, uint32_t local_rank, int index, int *end, struct error *err)
{
	struct stream *stream = &output->streams[local_rank * OUTPUT_STREAMS + (uint32_t)index];
	const struct rank_plan *rank = &output->plan->ranks[local_rank];
	const struct rank_sinks *sinks = index == 0 ? &rank->stdout_sinks : &rank->stderr_sinks;
	if (output->plan->spec->output.raw)
		return goes_nowhere(sinks) ? open_null(end, err) : open_raw(index, end, err);
	return stream->sink_count > 0 || stream->keeps_tail ? output_pipe_open(stream, end, err) : open_null(end, err);
}

int output_open_rank(struct output *output, uint32_t local_rank, int ends[OUTPUT_STREAMS], struct error *err)
{
	int made[OUTPUT_STREAMS];
	output->closing = false;
	for (int i = 0; i < OUTPUT_STREAMS; i++) {
		int rc = open_end(output, local_rank, i, &made[i], err);
		if (rc < 0) {
			while (i-- > 0)
				close(made[i]);
			return rc;
		}
	}
	memcpy(ends, made, sizeof made);
	return 0;
}

void output_drain_rank(struct output *output, uint32_t local_rank)
{
	for (uint32_t i = 0; i < OUTPUT_STREAMS; i++) {
		struct stream *stream = &output->streams[local_rank * OUTPUT_STREAMS + i];
		if (stream->fd >= 0)
			output_pipe_read(stream);
	}
}

void output_close_when_empty(struct output *output)
{
	for (uint32_t s = 0; s < output->stream_count && !output->closing; s++)
		output_pipe_finish(&output->streams[s]);
	output->closing = true;
	output_pipes_close_empty(output);
	output_tell_changed(output);
}

bool output_is_drained(const struct output *output)
{
	return output->abandoned || (output->open_count == 0 && sink_table_is_idle(&output->sinks));
}

/* A pipe that somebody holds, and has written nothing to, is no loss. */
static bool has_some_left(const struct output *output)
{
	bool waits = !sink_table_is_idle(&output->sinks);
	for (uint32_t s = 0; s < output->stream_count && !waits; s++) {
		int left = 0;
		if (output->streams[s].fd >= 0)
			ioctl(output->streams[s].fd, FIONREAD, &left);
		waits = left > 0;
	}
	return waits;
}

void output_abandon(struct output *output)
{
	if (output_is_drained(output))
		return;
	output->abandoned = true;
	if (output->error == NULL && has_some_left(output))
		output->error = memory_copy_text("output was dropped: nobody read it");
	for (uint32_t s = 0; s < output->stream_count; s++)
		output_pipe_close(&output->streams[s]);
}

void output_note(struct output *output, const char *lines)
{
	text_add(&output->notes, lines);
	write_notes(output);
}

char **output_tail(const struct output *output, uint32_t local_rank)
{
	return stream_tail_lines(&output->streams[local_rank * OUTPUT_STREAMS + 1]);
}

int64_t output_traceback_ns(const struct output *output, uint32_t local_rank)
{
	return stream_traceback_ns(&output->streams[local_rank * OUTPUT_STREAMS + 1]);
}

const char *output_error(const struct output *output)
{
	return output->error;
}

bool output_reader_gone(const struct output *output)
{
	return output->reader_gone;
}
