/* SPDX-License-Identifier: MIT
 *
 * output_silence: a clock for partial lines, which runs while there are any: a rank that says no more in the middle of
 * one may wait for an answer to its prompt, or keep the others waiting.
 */
#include "run/output_state.h"

#include "run/stream.h"

#define SILENCE_TICK_MS 400
#define TICKS_TO_SHOW   1 /* a partial line whose rank says no more is shown */
#define TICKS_TO_BREAK  3 /* a long one is broken off for the others */

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
