/* SPDX-License-Identifier: MIT
 *
 * output_routes: which stream goes to which sinks, as the plan says, each file being opened once.
 */
#include "run/output_state.h"

#include "plan/launch_plan.h"
#include "plan/rank_key.h"
#include "run/log_file.h"
#include "run/stream.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Several ranks in one file are told apart as on the terminal; a rank's own file is not labelled. */
static void add_user(const struct output *output, struct sink *sink, struct stream *stream)
{
	if (sink->users++ == 0)
		sink->first_rank = stream->rank;
	if (!sink->owns_fd || sink->first_rank != stream->rank)
		sink->label = output->plan->spec->output.label;
	stream->sinks[stream->sink_count++] = sink;
}

/* What is meant for the terminal, in its place. */
static struct sink *log_of(struct output *output, const struct stream *stream, int fd)
{
	char file[LOG_NAME_BYTES], name[PATH_MAX + LOG_NAME_BYTES];
	struct log_file *log = &output->log_files[stream - output->streams];
	log_file_name(file, stream->rank, fd == STDERR_FILENO);
	snprintf(name, sizeof name, "%s/%s", output->logs->path, file);
	log_file_init(log, output->logs->directory, file, output->logs->limit_bytes);
	return sink_table_add_log(&output->sinks, name, log);
}

static int connect_stream(struct output *output, struct stream *stream, const struct rank_sinks *sinks, int fd,
                          struct error *err)
{
	stream->sinks = arena_alloc_array(&output->arena, sinks->count, sizeof(struct sink *));
	for (uint32_t i = 0; i < sinks->count; i++) {
		struct sink *sink = NULL;
		int rc = 0;
		if (sinks->items[i].kind == SINK_NULL)
			continue;
		if (sinks->items[i].kind == SINK_PATH)
			rc = sink_table_open(&output->sinks, sinks->items[i].path, &sink, err);
		else if (output->logs != NULL)
			sink = log_of(output, stream, fd);
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
	if (output->logs != NULL) {
		most += output->stream_count;
		output->log_files = arena_alloc_array(&output->arena, output->stream_count, sizeof *output->log_files);
	}
	sink_table_init(&output->sinks, most);
	output->standard_output = sink_table_add(&output->sinks, "standard output", STDOUT_FILENO);
	output->standard_error = sink_table_add(&output->sinks, "standard error", STDERR_FILENO);
}

static int connect_streams_of(struct output *output, uint32_t local_rank, struct error *err)
{
	const struct rank_plan *rank = &output->plan->ranks[local_rank];
	struct stream *streams = &output->streams[(size_t)local_rank * OUTPUT_STREAMS];
	enum rank_part part = RANK_STDOUT;
	int rc = connect_stream(output, &streams[0], &rank->stdout_sinks, STDOUT_FILENO, err);
	if (rc == 0) {
		part = RANK_STDERR;
		rc = connect_stream(output, &streams[1], &rank->stderr_sinks, STDERR_FILENO, err);
	}
	if (rc < 0) {
		char key[ERROR_KEY_BYTES];
		error_about(err, rank_key(key, output->plan->spec, rank->rank, part));
	}
	return rc;
}

int output_connect(struct output *output, struct error *err)
{
	int rc = 0;
	make_sinks(output);
	for (uint32_t r = 0; r < output->plan->nprocs && rc == 0 && !output->plan->spec->output.raw; r++)
		rc = connect_streams_of(output, r, err);
	return rc;
}
