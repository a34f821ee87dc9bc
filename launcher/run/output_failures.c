/* SPDX-License-Identifier: MIT
 *
 * output_failures: sinks that fail. A full disk is told to the user once, and the ranks go on; a reader that went away
 * is told to the ranks, as in any pipeline, unless `on_closed` says otherwise.
 */
#include "run/output_state.h"

#include "base/memory.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "run/stream.h"

#include <errno.h>
#include <string.h>

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
			output_pipe_close(&output->streams[s]);
	output_tell_changed(output);
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

/* Who closed a pipeline knows; who gave a FIFO as a file may look elsewhere. */
static void tell_reader_gone(struct output *output, const struct sink *sink)
{
	struct text text = {0};
	if (sink == output->standard_output || sink == output->standard_error)
		return;
	text_add_format(&text, "muster: nobody reads %s any more; %s\n", sink->name,
	                output->plan->spec->output.on_closed == ON_CLOSED_END
	                        ? "ranks that write there are told by SIGPIPE (output.on_closed: end)"
	                        : "what the ranks print there is dropped (output.on_closed: continue)");
	output_note(output, text.bytes);
	text_finish(&text);
}

void output_check_failures(struct output *output)
{
	const struct sink *sink;
	while ((sink = sink_table_take_failed(&output->sinks)) != NULL) {
		if (sink->error != EPIPE) {
			tell_lost_output(output, sink);
			continue;
		}
		tell_reader_gone(output, sink);
		if (output->plan->spec->output.on_closed == ON_CLOSED_END)
			end_writers(output);
	}
}

bool output_has_no_reader(const struct stream *stream)
{
	return stream->output->reader_gone && all_sinks_failed(stream);
}
