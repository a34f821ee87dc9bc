/* SPDX-License-Identifier: MIT
 *
 * output_silence: a clock for partial lines, which runs while there are any: a rank that says no more in the middle of
 * one may wait for an answer to its prompt, or keep the others waiting, as does one whose line has no end.
 */
#include "run/output_state.h"

#include "run/stream.h"

#include <poll.h>

#define SILENCE_TICK_MS 400
#define TICKS_TO_SHOW   1 /* a partial line whose rank says no more is shown */
#define TICKS_TO_BREAK  3 /* a long one is broken off for the others, be it silent or endless */

/* More to read, or a last partial line that its end would complete. */
static bool has_something_to_say(const struct stream *stream)
{
	struct pollfd pipe = {.fd = stream->fd, .events = POLLIN};
	if (stream->fd < 0 || poll(&pipe, 1, 0) != 1)
		return false;
	return (pipe.revents & POLLIN) != 0 || stream->held_length > 0;
}

static void await_owners(const struct stream *stream)
{
	for (uint32_t i = 0; i < stream->sink_count; i++)
		if (stream->sinks[i]->owner != NULL)
			stream->sinks[i]->owner->awaited = true;
}

static void find_awaited(struct output *output)
{
	for (uint32_t s = 0; s < output->stream_count; s++)
		output->streams[s].awaited = false;
	for (const struct stream *stream = output->waiting; stream != NULL; stream = stream->next_waiting)
		if (has_something_to_say(stream))
			await_owners(stream);
	if (output->notes.length > 0 && output->standard_error->owner != NULL)
		output->standard_error->owner->awaited = true;
}

/* Before the owner, whose next read may begin a long line again; from its neighbour on, so that of several such streams
 * none is served for ever before the rest. */
static void serve_others(struct output *output, const struct stream *owner)
{
	uint32_t first = (uint32_t)(owner - output->streams);
	for (uint32_t i = 1; i < output->stream_count; i++) {
		struct stream *stream = &output->streams[(first + i) % output->stream_count];
		if (stream->fd >= 0)
			output_pipe_read(stream);
	}
}

/* The time for which it keeps others waiting counts while the sink takes something. Where its reader sleeps nobody
 * would come through, and a line that ends in good time once the reader is awake stays whole. */
static void look_after_long_line(struct stream *stream)
{
	bool sink_stalls = !stream->polled && stream->quiet_ticks > 1;
	bool silent = stream->polled && stream->quiet_ticks > TICKS_TO_BREAK;
	if (!stream->awaited)
		return;
	if (!sink_stalls)
		stream->kept_ticks++;
	if (!silent && stream->kept_ticks <= TICKS_TO_BREAK)
		return;
	stream_break_line(stream);
	serve_others(stream->output, stream);
}

static void look_after_partial(struct stream *stream)
{
	stream->quiet_ticks++;
	if (stream->in_line && !stream->may_be_broken)
		look_after_long_line(stream);
	else if (stream->polled && !stream->in_line && !stream_show_progress(stream) &&
	         stream->quiet_ticks > TICKS_TO_SHOW)
		stream_show_partial(stream);
}

static void on_silence(uv_timer_t *timer)
{
	struct output *output = timer->data;
	uint32_t open_before = output->open_count;
	bool partial = false;
	find_awaited(output);
	for (uint32_t s = 0; s < output->stream_count; s++) {
		struct stream *stream = &output->streams[s];
		if (!stream_has_partial(stream))
			continue;
		partial = true;
		look_after_partial(stream);
	}
	if (!partial)
		uv_timer_stop(timer);
	if (output->open_count < open_before)
		output_tell_changed(output);
}

void output_silence_init(struct output *output)
{
	uv_timer_init(output->loop, &output->silence);
	output->silence.data = output;
}

void output_silence_watch(struct output *output)
{
	if (!uv_is_active((uv_handle_t *)&output->silence))
		uv_timer_start(&output->silence, on_silence, SILENCE_TICK_MS, SILENCE_TICK_MS);
}
