/* SPDX-License-Identifier: MIT
 *
 * output_pipes: the ranks' pipes in the event loop: each is read while what was read before has gone on, and no longer
 * than a turn, so that the others have theirs.
 */
#include "run/output_state.h"

#include "base/error.h"
#include "run/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PIPE_BYTES   (256 * 1024)
#define BUSY_BYTES   (32 * 1024)
#define READ_BYTES   (256 * 1024)
#define READ_LEAST   (4 * 1024)
#define READS_A_TURN 4

static char read_buffer[READ_BYTES];

static void on_readable(uv_poll_t *poll, int status, int events);

/* Not while as much as it may have is on its way, nor in the middle of another's long line, whose end it waits for. */
static bool may_read(struct stream *stream)
{
	struct output *output = stream->output;
	bool may_take = stream_may_take(stream);
	if (!may_take && !stream->waits) {
		stream->waits = true;
		stream->next_waiting = output->waiting;
		output->waiting = stream;
	}
	return may_take && stream->in_flight < output->in_flight_limit;
}

void output_pipe_resume(struct stream *stream)
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

void output_pipes_resume_waiting(struct output *output)
{
	struct stream *next = output->waiting;
	output->waiting = NULL;
	while (next != NULL) {
		struct stream *stream = next;
		next = stream->next_waiting;
		stream->waits = false;
		output_pipe_resume(stream); /* which may have to wait again, for the next */
	}
}

static void handle_closed(uv_handle_t *handle)
{
	struct stream *stream = handle->data;
	stream->output->handles_closing--;
}

void output_pipe_close(struct stream *stream)
{
	struct output *output = stream->output;
	if (stream->fd < 0)
		return;
	stream_end(stream);
	output->handles_closing++;
	uv_close((uv_handle_t *)&stream->poll, handle_closed);
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

/* Whoever holds the other end may write for ever: what is in the pipe now is the last that is read. */
void output_pipe_finish(struct stream *stream)
{
	int left = 0;
	if (stream->fd < 0)
		return;
	ioctl(stream->fd, FIONREAD, &left);
	stream->owed = left > 0 ? (size_t)left : 0;
	if (stream->owed == 0)
		output_pipe_close(stream);
}

/* What is on its way once it was sent is to be within twice the limit, however short the lines are. */
static size_t most_to_read(const struct stream *stream)
{
	size_t fits = stream_fits(stream, 2 * stream->output->in_flight_limit - stream->in_flight);
	size_t most = fits < READ_LEAST ? READ_LEAST : fits > READ_BYTES ? READ_BYTES : fits;
	return stream->output->closing && stream->owed < most ? stream->owed : most;
}

/* False when there was nothing more to read, or the stream has ended. */
static bool read_once(struct stream *stream)
{
	bool closing = stream->output->closing;
	ssize_t got = read(stream->fd, read_buffer, most_to_read(stream));
	if (got < 0 && (errno == EAGAIN || errno == EINTR) && !closing)
		return false;
	if (got <= 0) {
		output_pipe_close(stream);
		return false;
	}
	enlarge_pipe(stream, (size_t)got);
	stream_take(stream, read_buffer, (size_t)got);
	if (!closing)
		return true;
	stream->owed -= (size_t)got;
	if (stream->owed == 0)
		output_pipe_close(stream);
	return stream->owed > 0;
}

void output_pipe_read(struct stream *stream)
{
	int reads = READS_A_TURN;
	while (reads-- > 0 && stream->fd >= 0 && may_read(stream) && read_once(stream))
		;
	if (stream_has_partial(stream))
		output_silence_watch(stream->output);
	output_check_failures(stream->output);
	output_pipe_resume(stream);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct stream *stream = poll->data;
	struct output *output = stream->output;
	output_pipe_read(stream);
	if (stream->fd < 0)
		output_tell_changed(output);
}

int output_pipe_open(struct stream *stream, int *write_end, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, -errno,
		                 "cannot make a pipe for rank %" PRIu32 ": %s: raise RLIMIT_NOFILE (ulimit -n)",
		                 stream->rank, strerror(errno));
	if (output_has_no_reader(stream)) {
		close(ends[0]);
		*write_end = ends[1];
		return 0;
	}
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
	stream->traceback_ns = 0;
	stream->output->open_count++;
	output_pipe_resume(stream);
	*write_end = ends[1];
	return 0;
}

/* Whoever had the sink, or the queue, may have kept another stream from being looked at: again, while any is closed. */
void output_pipes_close_empty(struct output *output)
{
	uint32_t before;
	do {
		before = output->open_count;
		for (uint32_t s = 0; s < output->stream_count; s++)
			if (output->streams[s].fd >= 0)
				output_pipe_read(&output->streams[s]);
	} while (output->open_count > 0 && output->open_count < before);
}
