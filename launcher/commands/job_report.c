/* SPDX-License-Identifier: MIT
 *
 * job_report: see job_report.h.
 */
#include "commands/job_report.h"

#include "base/error.h"
#include "commands/console.h"
#include "report/rankless_json.h"
#include "report/report_file.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

int job_report_write(const char *path, const char *document)
{
	struct error err;
	if (path == NULL || report_file_write("the report", path, document, strlen(document), &err) == 0)
		return 0;
	return console_tell(&err, EXIT_MUSTER);
}

static struct timespec earlier(struct timespec than, int64_t ns)
{
	than.tv_sec -= ns / 1000000000;
	than.tv_nsec -= ns % 1000000000;
	if (than.tv_nsec < 0) {
		than.tv_sec--;
		than.tv_nsec += 1000000000;
	}
	return than;
}

char *job_report_without_ranks(struct rankless_job *job, const char *path)
{
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	clock_gettime(CLOCK_REALTIME, &job->ended);
	if (job->began.tv_sec == 0)
		job->began = earlier(job->ended, job->elapsed_ns);
	char *document = report_json_format_rankless(job, host);
	job_report_write(path, document);
	return document;
}
