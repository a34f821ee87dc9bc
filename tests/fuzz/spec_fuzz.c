/* SPDX-License-Identifier: MIT
 *
 * spec: any bytes as a job spec. What is refused has a diagnostic and leaves nothing; what is accepted is whole.
 */
#include "fuzz.h"

#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/spec_parse.h"

static void expect_whole(const struct job_spec *spec)
{
	EXPECT(spec->name != NULL && spec->name[0] != '\0');
	EXPECT(spec->command.count > 0 && spec->command.items[spec->command.count] == NULL);
	EXPECT(spec->nprocs <= RANKS_MAX);
	EXPECT(spec->output.stdout_sinks.count > 0 && spec->output.stderr_sinks.count > 0);
	EXPECT(spec->base_directory != NULL && spec->base_directory[0] == '/');
	EXPECT(spec->placement.rank_cpus == NULL || spec->nprocs == spec->placement.rank_cpus_count);
	for (uint32_t i = 0; i < spec->ranks_count; i++)
		EXPECT(!index_set_is_empty(&spec->ranks[i].ranks));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct job_spec spec = {0};
	struct diagnostics diagnostics = {0};
	struct text text = {0};
	struct spec_request request = {.path = "fuzz.yaml", .text = (const char *)data, .text_length = size};
	if (size > SPEC_BYTES_MAX)
		return 0;
	int rc = job_spec_read(&spec, &request, &diagnostics);
	diagnostics_format(&diagnostics, "error: ", &text);
	EXPECT((rc == 0) == (diagnostics.count == 0));
	if (rc == 0)
		expect_whole(&spec);
	for (uint32_t i = 0; i < diagnostics.count; i++)
		EXPECT(diagnostics.items[i].line > 0 && diagnostics.items[i].column > 0);
	text_finish(&text);
	diagnostics_finish(&diagnostics);
	job_spec_finish(&spec);
	return 0;
}
