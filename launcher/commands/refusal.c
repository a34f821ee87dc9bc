/* SPDX-License-Identifier: MIT
 *
 * refusal: see refusal.h.
 */
#include "commands/refusal.h"

#include "base/patient_write.h"
#include "base/text.h"
#include "commands/job_report.h"
#include "report/rankless_json.h"
#include "spec/diagnostics.h"
#include "spec/spec_error.h"

#include <stdlib.h>
#include <string.h>

#define OWN_NAME "muster: "

static void write_report(const struct refusal *refusal, const char *why, int exit_code)
{
	struct rankless_job job = {
		.spec = refusal->spec,
		.id = refusal->job_id[0] != '\0' ? refusal->job_id : NULL,
		.why = why,
		.outcome = refusal->outcome,
		.exit_code = exit_code,
		.stop_signal = refusal->stop_signal,
		.elapsed_ns = refusal->waited_ms * 1000000,
		.waited_ms = refusal->waited_ms,
	};
	free(job_report_without_ranks(&job, refusal->report_path));
}

/* What was said, without the name of who said it and the end of the line. */
static int say(const struct refusal *refusal, struct text *words, int exit_code)
{
	patient_say(words->bytes);
	if (refusal->report_path != NULL) {
		size_t name = strncmp(words->bytes, OWN_NAME, strlen(OWN_NAME)) == 0 ? strlen(OWN_NAME) : 0;
		words->bytes[words->length - 1] = '\0';
		write_report(refusal, words->bytes + name, exit_code);
	}
	text_finish(words);
	return exit_code;
}

int refuse_job(const struct refusal *refusal, const struct error *err, int exit_code)
{
	struct text words = {0};
	spec_error_format(refusal->spec, err, &words);
	return say(refusal, &words, exit_code);
}

int refuse_spec(const struct refusal *refusal, const struct diagnostics *wrong, int exit_code)
{
	struct text words = {0};
	diagnostics_format(wrong, "error: ", &words);
	return say(refusal, &words, exit_code);
}
