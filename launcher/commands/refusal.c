/* SPDX-License-Identifier: MIT
 *
 * refusal: see refusal.h.
 */
#include "commands/refusal.h"

#include "base/error.h"
#include "base/patient_write.h"
#include "base/text.h"
#include "commands/console.h"
#include "report/rankless_json.h"
#include "report/report_file.h"
#include "spec/diagnostics.h"
#include "spec/spec_error.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OWN_NAME "muster: "

static struct timespec earlier(struct timespec than, int64_t ms)
{
	than.tv_sec -= ms / 1000;
	than.tv_nsec -= ms % 1000 * 1000000;
	if (than.tv_nsec < 0) {
		than.tv_sec--;
		than.tv_nsec += 1000000000;
	}
	return than;
}

static void write_report(const struct refusal *refusal, struct rankless_job *job)
{
	char host[256] = "";
	struct error err;
	job->spec = refusal->spec;
	job->outcome = refusal->outcome;
	job->stop_signal = refusal->stop_signal;
	job->id = refusal->job_id[0] != '\0' ? refusal->job_id : NULL;
	clock_gettime(CLOCK_REALTIME, &job->ended);
	job->began = earlier(job->ended, refusal->waited_ms);
	job->elapsed_ns = refusal->waited_ms * 1000000;
	job->waited_ms = refusal->waited_ms;
	gethostname(host, sizeof host - 1);
	char *document = report_json_format_rankless(job, host);
	if (report_file_write("the report", refusal->report_path, document, strlen(document), &err) < 0)
		console_tell(&err, EXIT_MUSTER);
	free(document);
}

/* What was said, without the name of who said it and the end of the line. */
static int say(const struct refusal *refusal, struct text *words, int exit_code)
{
	patient_say(words->bytes);
	if (refusal->report_path != NULL) {
		size_t name = strncmp(words->bytes, OWN_NAME, strlen(OWN_NAME)) == 0 ? strlen(OWN_NAME) : 0;
		words->bytes[words->length - 1] = '\0';
		write_report(refusal, &(struct rankless_job){.why = words->bytes + name, .exit_code = exit_code});
	}
	text_finish(words);
	return exit_code;
}

int refuse(const struct refusal *refusal, const struct error *err, int exit_code)
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
