/* SPDX-License-Identifier: MIT
 *
 * output: see output.h.
 */
#include "run/output.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "run/sink.h"
#include "run/sink_table.h"
#include "run/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_FLIGHT_TOTAL ((size_t)64 << 20)
#define IN_FLIGHT_LEAST ((size_t)64 << 10)
#define IN_FLIGHT_MOST  ((size_t)1 << 20)
#define PIPE_BYTES      (256 * 1024)
#define BUSY_BYTES      (32 * 1024)
#define READ_BYTES      (256 * 1024)
#define READS_A_TURN    4 /* then the other streams have theirs */
#define SILENCE_TICK_MS 400
#define TICKS_TO_SHOW   1 /* a partial line whose rank says no more is shown */
#define TICKS_TO_BREAK  3 /* a long one is broken off for the others */

struct output {
	const struct launch_plan *plan;
	struct sink_table sinks;
	struct sink *standard_output;
	struct sink *standard_error; /* may be the same */
	struct stream *streams;      /* nprocs * OUTPUT_STREAMS, stdout before stderr */
	uint32_t stream_count;
	uint32_t open_count;
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

static char read_buffer[READ_BYTES];

/* Several ranks in one file are told apart as on the terminal; a rank's own file is not labelled. */
static void add_user(const struct output *output, struct sink *sink, struct stream *stream)
{
	if (sink->users++ == 0)
		sink->first_rank = stream->rank;
	if (!sink->owns_fd || sink->first_rank != stream->rank)
		sink->label = output->plan->spec->output.label;
	stream->sinks[stream->sink_count++] = sink;
}

static int connect_stream(struct output *output, struct stream *stream, const struct rank_sinks *sinks, int fd,
                          struct error *err)
{
	stream->sinks = memory_zeroed(sinks->count * sizeof(struct sink *));
	for (uint32_t i = 0; i < sinks->count; i++) {
		struct sink *sink = NULL;
		int rc = 0;
		if (sinks->items[i].kind == SINK_NULL)
			continue;
		if (sinks->items[i].kind == SINK_PATH)
			rc = sink_table_open(&output->sinks, sinks->items[i].path, &sink, err);
		else
			sink = fd == STDERR_FILENO ? output->standard_error : output->standard_output;
		if (rc < 0)
			return rc;
		add_user(output, sink, stream);
	}
	return 0;
}

static uint32_t count_paths(const struct rank_sinks *sinks)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < sinks->count; i++)
		count += sinks->items[i].kind == SINK_PATH;
	return count;
}

static void make_sinks(struct output *output)
{
	const struct launch_plan *plan = output->plan;
	uint32_t most = 2;
	for (uint32_t r = 0; r < plan->nprocs; r++)
		most += count_paths(&plan->ranks[r].stdout_sinks) + count_paths(&plan->ranks[r].stderr_sinks);
	sink_table_init(&output->sinks, most);
	output->standard_output = sink_table_add(&output->sinks, "standard output", STDOUT_FILENO);
	output->standard_error = sink_table_add(&output->sinks, "standard error", STDERR_FILENO);
}

static size_t clamp(size_t value, size_t least, size_t most)
{
	return value < least ? least : value > most ? most : value;
}

int output_create(struct output **made, const struct launch_plan *plan, struct error *err)
{
	struct output *output = memory_zeroed(sizeof *output);
	output->plan = plan;
	output->stream_count = plan->nprocs * OUTPUT_STREAMS;
	output->streams = memory_zeroed(output->stream_count * sizeof *output->streams);
	output->in_flight_limit = clamp(IN_FLIGHT_TOTAL / output->stream_count, IN_FLIGHT_LEAST, IN_FLIGHT_MOST);
	make_sinks(output);
	int rc = 0;
	for (uint32_t s = 0; s < output->stream_count; s++) {
		struct stream *stream = &output->streams[s];
		const struct rank_plan *rank = &plan->ranks[s / OUTPUT_STREAMS];
		bool is_error = s % OUTPUT_STREAMS == 1;
		*stream = (struct stream){.output = output,
		                          .rank = rank->rank,
		                          .local_rank = rank->local_rank,
		                          .fd = -1,
		                          .keeps_tail = is_error,
		                          .timestamp = plan->spec->output.timestamp};
		if (rc == 0 && !plan->spec->output.raw)
			rc = connect_stream(output, stream, is_error ? &rank->stderr_sinks : &rank->stdout_sinks,
			                    is_error ? STDERR_FILENO : STDOUT_FILENO, err);
	}
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
	free(output->streams);
	free(output->error);
	text_finish(&output->notes);
	free(output);
}

static bool may_read(const struct stream *stream)
{
	return stream->in_flight < stream->output->in_flight_limit && stream_may_take(stream);
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void poll_or_pause(struct stream *stream)
{
	if (stream->fd < 0)
		return;
	bool wanted = may_read(stream);
	if (wanted && !stream->polled)
		uv_poll_start(&stream->poll, UV_READABLE, on_readable);
	else if (!wanted && stream->polled)
		uv_poll_stop(&stream->poll);
	stream->polled = wanted;
}

static void handle_closed(uv_handle_t *handle)
{
	struct output *output = handle->data;
	output->handles_closing--;
}

static void stream_handle_closed(uv_handle_t *handle)
{
	struct stream *stream = handle->data;
	stream->output->handles_closing--;
}

static void close_stream(struct stream *stream)
{
	struct output *output = stream->output;
	if (stream->fd < 0)
		return;
	stream_end(stream);
	output->handles_closing++;
	uv_close((uv_handle_t *)&stream->poll, stream_handle_closed);
	close(stream->fd);
	stream->fd = -1;
	stream->polled = false;
	output->open_count--;
}

/* A pipe that was found full once is a busy one: a larger one saves wake-ups. Refused beyond the user's share. */
static void enlarge_pipe(struct stream *stream, size_t got)
{
	if (stream->enlarged || got < BUSY_BYTES)
		return;
	stream->enlarged = true;
	fcntl(stream->fd, F_SETPIPE_SZ, PIPE_BYTES);
}

/* False when there was nothing more to read, or the stream has ended. */
static bool read_once(struct stream *stream)
{
	ssize_t got = read(stream->fd, read_buffer, sizeof read_buffer);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (stream->output->closing)
			close_stream(stream);
		return false;
	}
	if (got <= 0) {
		close_stream(stream);
		return false;
	}
	enlarge_pipe(stream, (size_t)got);
	stream_take(stream, read_buffer, (size_t)got);
	return true;
}

static void check_sinks(struct output *output);

static void read_stream(struct stream *stream, int reads)
{
	while (reads-- > 0 && stream->fd >= 0 && may_read(stream) && read_once(stream))
		;
	if (stream_has_partial(stream) && !uv_is_active((uv_handle_t *)&stream->output->silence))
		uv_timer_again(&stream->output->silence);
	check_sinks(stream->output);
	poll_or_pause(stream);
}

static void tell_changed(struct output *output)
{
	if (output->attached && output->changed != NULL)
		output->changed(output->context);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct stream *stream = poll->data;
	struct output *output = stream->output;
	read_stream(stream, READS_A_TURN);
	if (stream->fd < 0)
		tell_changed(output);
}

static void poll_all(struct output *output)
{
	for (uint32_t s = 0; s < output->stream_count; s++)
		poll_or_pause(&output->streams[s]);
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
	poll_all(output);
}

static void on_block_written(void *context, struct stream *from, size_t length)
{
	(void)context;
	if (from == NULL)
		return;
	from->in_flight -= length;
	if (from->in_flight < from->output->in_flight_limit / 2)
		poll_or_pause(from);
}

static bool all_sinks_failed(const struct stream *stream)
{
	for (uint32_t i = 0; i < stream->sink_count; i++)
		if (stream->sinks[i]->error == 0)
			return false;
	return stream->sink_count > 0;
}

/* As in any pipeline: who writes to nobody is told so by SIGPIPE. */
static void end_writers(struct output *output)
{
	output->reader_gone = true;
	for (uint32_t s = 0; s < output->stream_count; s++)
		if (output->streams[s].fd >= 0 && all_sinks_failed(&output->streams[s]))
			close_stream(&output->streams[s]);
	tell_changed(output);
}

static void tell_lost_output(struct output *output, const struct sink *sink)
{
	struct text text = {0};
	text_add_format(&text, "muster: cannot write output to %s: %s", sink->name, strerror(sink->error));
	if (output->error == NULL)
		output->error = memory_copy_text(text.bytes + strlen("muster: "));
	text_add(&text, "; what the ranks print there is lost from here on\n");
	if (sink != output->standard_error)
		output_note(output, text.bytes);
	text_finish(&text);
}

static void check_sinks(struct output *output)
{
	for (uint32_t i = 0; i < output->sinks.count; i++) {
		struct sink *sink = &output->sinks.items[i];
		if (sink->error == 0 || sink->reported)
			continue;
		sink->reported = true;
		if (sink->error != EPIPE)
			tell_lost_output(output, sink);
		else if (output->plan->spec->output.on_closed == ON_CLOSED_END)
			end_writers(output);
	}
}

/* Whoever had the sink, or the queue, may have kept another stream from being looked at: again, while any is closed. */
static void close_empty_streams(struct output *output)
{
	uint32_t before;
	do {
		before = output->open_count;
		for (uint32_t s = 0; s < output->stream_count; s++)
			if (output->streams[s].fd >= 0)
				read_stream(&output->streams[s], READS_A_TURN);
	} while (output->open_count > 0 && output->open_count < before);
}

static void on_written(uv_async_t *async)
{
	struct output *output = async->data;
	for (uint32_t i = 0; i < output->sinks.count; i++)
		sink_collect(&output->sinks.items[i], on_block_written, output);
	check_sinks(output);
	if (output->closing && output->open_count > 0)
		close_empty_streams(output);
	tell_changed(output);
}

static void look_after_partial(struct stream *stream)
{
	stream->quiet_ticks++;
	if (!stream->polled) /* the sink is slow, not the rank */
		return;
	if (stream->in_line && !stream->may_be_broken && stream->quiet_ticks > TICKS_TO_BREAK)
		stream_break_line(stream);
	else if (!stream->in_line && !stream_show_progress(stream) && stream->quiet_ticks > TICKS_TO_SHOW)
		stream_show_partial(stream);
}

static void on_silence(uv_timer_t *timer)
{
	struct output *output = timer->data;
	bool partial = false;
	for (uint32_t s = 0; s < output->stream_count; s++) {
		struct stream *stream = &output->streams[s];
		if (!stream_has_partial(stream))
			continue;
		partial = true;
		look_after_partial(stream);
	}
	if (!partial)
		uv_timer_stop(timer);
}

int output_attach(struct output *output, uv_loop_t *loop, void (*changed)(void *context), void *context,
                  struct error *err)
{
	int rc = uv_async_init(loop, &output->written, on_written);
	if (rc < 0)
		return error_set(err, rc, "cannot watch the output: %s", uv_strerror(rc));
	uv_timer_init(loop, &output->silence);
	uv_timer_start(&output->silence, on_silence, SILENCE_TICK_MS, SILENCE_TICK_MS);
	uv_timer_stop(&output->silence); /* again, with the first partial line */
	output->written.data = output->silence.data = output;
	output->loop = loop;
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
		close_stream(&output->streams[s]);
	for (uint32_t i = 0; i < output->sinks.count; i++)
		sink_detach(&output->sinks.items[i]);
	output->handles_closing += 2;
	uv_close((uv_handle_t *)&output->written, handle_closed);
	uv_close((uv_handle_t *)&output->silence, handle_closed);
	while (output->handles_closing > 0)
		uv_run(output->loop, UV_RUN_ONCE);
}

static int open_raw(int index, int *end, struct error *err)
{
	*end = fcntl(index == 0 ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return *end < 0 ? error_set(err, -errno, "cannot hand standard %s on: %s", index == 0 ? "output" : "error",
	                            strerror(errno))
	                : 0;
}

static int open_stream(struct stream *stream, int *write_end, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, -errno,
		                 "cannot make a pipe for rank %" PRIu32 ": %s: raise RLIMIT_NOFILE (ulimit -n)",
		                 stream->rank, strerror(errno));
	int rc = uv_poll_init(stream->output->loop, &stream->poll, ends[0]);
	if (rc < 0) {
		close(ends[0]);
		close(ends[1]);
		return error_set(err, rc, "cannot watch the output of rank %" PRIu32 ": %s", stream->rank,
		                 uv_strerror(rc));
	}
	stream->poll.data = stream;
	stream->fd = ends[0];
	stream->enlarged = false;
	stream->polled = false;
	stream->tail_total = 0; /* last words are those of one incarnation */
	stream->output->open_count++;
	poll_or_pause(stream);
	*write_end = ends[1];
	return 0;
}

static int open_null(int *end, struct error *err)
{
	*end = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return *end < 0 ? error_set(err, -errno, "cannot open /dev/null: %s", strerror(errno)) : 0;
}

static int open_end(struct output *output, uint32_t local_rank, int index, int *end, struct error *err)
{
	struct stream *stream = &output->streams[local_rank * OUTPUT_STREAMS + (uint32_t)index];
	if (output->plan->spec->output.raw)
		return open_raw(index, end, err);
	return stream->sink_count > 0 || stream->keeps_tail ? open_stream(stream, end, err) : open_null(end, err);
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
			read_stream(stream, READS_A_TURN);
	}
}

void output_close_when_empty(struct output *output)
{
	output->closing = true;
	close_empty_streams(output);
	tell_changed(output);
}

bool output_is_drained(const struct output *output)
{
	if (output->abandoned)
		return true;
	if (output->open_count > 0)
		return false;
	for (uint32_t i = 0; i < output->sinks.count; i++)
		if (!sink_is_idle(&output->sinks.items[i]))
			return false;
	return true;
}

void output_abandon(struct output *output)
{
	if (output_is_drained(output))
		return;
	output->abandoned = true;
	if (output->error == NULL)
		output->error = memory_copy_text("output was dropped: nobody read it");
	for (uint32_t s = 0; s < output->stream_count; s++)
		close_stream(&output->streams[s]);
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

const char *output_error(const struct output *output)
{
	return output->error;
}

bool output_reader_gone(const struct output *output)
{
	return output->reader_gone;
}
