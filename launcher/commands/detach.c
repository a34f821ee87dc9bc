/* SPDX-License-Identifier: MIT
 *
 * detach: see detach.h.
 */
#include "commands/detach.h"

#include "base/descriptors.h"
#include "base/error.h"
#include "base/first_process.h"
#include "base/patient_write.h"
#include "base/text.h"
#include "commands/console.h"
#include "job/job_find.h"
#include "job/job_id.h"
#include "job/job_places.h"
#include "job/job_record.h"
#include "job/job_strays.h"
#include "job/start_word.h"
#include "run/output.h"
#include "run/signals.h"
#include "spec/job_spec.h"
#include "spec/units.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GONE_MS = 1000, LOOK_MS = 100 };

/* --- before --- */

/* A job that the kernel would kill when the command returns. */
static int check_first_process(struct error *err)
{
	if (first_process_is_this())
		return error_set(err, -EINVAL,
		                 "join: false (--detach): muster is the first process here (PID 1): the container ends "
		                 "when it does, and the job with it; leave it out, and run the container itself in "
		                 "the background");
	return 0;
}

int detach_check_report(const char *report_path, struct error *err)
{
	if (strcmp(report_path, "-") != 0 && strcmp(report_path, "/dev/stdout") != 0)
		return 0;
	return error_set(err, -EINVAL, "--report %s: a detached job has no standard output; name a file", report_path);
}

/* It has nobody to tell anything but its record, and is refused without. */
static int refuse_unrecorded(struct error *err)
{
	return error_prefix(err, "join: false (--detach) needs a place for the job's record");
}

int detach_prepare(struct error *err)
{
	int rc = check_first_process(err);
	if (rc < 0)
		return rc;
	descriptors_close(STDERR_FILENO + 1, ~0U);
	int records = job_places_open_records(true, err);
	if (records < 0)
		return refuse_unrecorded(err);
	close(records);
	return 0;
}

int detach_make_record(struct job_record *record, struct log_place *logs, const struct job_spec *spec,
                       struct error *err)
{
	signals_block();
	int rc = job_record_make(record, err);
	if (rc == 0)
		rc = job_record_reserve_job(record, err);
	if (rc == 0)
		rc = job_record_open_logs(record, err);
	if (rc < 0) {
		refuse_unrecorded(err);
		return rc;
	}
	*logs = (struct log_place){.directory = rc, .limit_bytes = spec->output.log_limit_bytes};
	snprintf(logs->path, sizeof logs->path, "%s/logs", record->path);
	return 0;
}

/* --- in the background --- */

int detach_tell(struct start_word *starter, const struct error *err)
{
	char line[sizeof err->text + 16];
	snprintf(line, sizeof line, "muster: %s\n", err->text);
	start_word_say(starter, EXIT_MUSTER, line);
	return console_tell(err, EXIT_MUSTER);
}

static _Noreturn void run_in_background(const struct detachment *job, int log)
{
	struct error err;
	int code = start_word_become_background(job->starter, log, &err);
	if (code == 0)
		code = job->guard(job->context, job->owner, &err);
	if (code < 0)
		detach_tell(job->starter, &err);
	_exit(code < 0 ? EXIT_MUSTER : code);
}

/* --- in the command --- */

/* Past stdio, so that it is known before the command returns whether it went out; for as long as whoever is to read it
 * takes, or until a signal asks muster to stop. Of so short a line nothing is written where not all of it can be. The
 * signal, 0, or a negative errno. */
static int print_id(const char *id)
{
	char line[JOB_ID_SIZE + 1];
	int length = snprintf(line, sizeof line, "%s\n", id);
	int signal = 0, rc;
	do
		rc = patient_write(STDOUT_FILENO, line, (size_t)length, LOOK_MS);
	while (rc == -ETIMEDOUT && (signal = signals_await_stop(0)) == 0);
	return rc == -ETIMEDOUT ? signal : rc;
}

/* A job whose id went nowhere would run on, and whoever asked for it would take it for one that failed. `why`: as
 * print_id says it. */
static int stop_unnamed(const struct detachment *job, pid_t guard, int why)
{
	struct error err;
	char signal[UNIT_TEXT_BYTES];
	signals_block(); /* a second SIGINT, too, is for the guard */
	start_word_stop(guard, why > 0 ? why : SIGTERM);
	if (why > 0)
		error_set(&err, -EINTR,
		          "stopped by %s: nobody read standard output: job %s was stopped, for its id could not be "
		          "printed",
		          signal_format(why, signal), job->record->id);
	else
		error_set(&err, why,
		          "cannot write to standard output: %s: job %s was stopped, for its id could not be printed",
		          strerror(-why), job->record->id);
	return console_tell(&err, why > 0 ? EXIT_SIGNAL_BASE + why : EXIT_MUSTER);
}

/* Whoever was killed is gone a moment after its end of the pipe is. */
static bool is_gone(pid_t guard)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, guard, 0), .events = POLLIN};
	bool gone = end.fd >= 0 && poll(&end, 1, GONE_MS) > 0;
	if (end.fd >= 0)
		close(end.fd);
	return gone;
}

/* The guard was killed before there was a warden: nobody else is there to tidy, and the record says nothing. */
static bool came_to_nothing(struct job_record *record, pid_t guard)
{
	struct job_view view;
	if (!is_gone(guard))
		return false;
	close(record->job); /* the lock is this process's, too */
	record->job = -1;
	bool nothing = job_find(&view, record->id, JOB_ANY, NULL) == 0 && view.life == JOB_LOST && view.job == NULL &&
	               job_strays_end(record->id, NULL) == 0;
	job_view_close(&view);
	return nothing;
}

static int tell_start(const struct detachment *job, pid_t guard, bool *detached)
{
	struct text words = {0};
	int code = start_word_await(job->starter, guard, &words);
	int printed = code == 0 ? print_id(job->record->id) : 0;
	if (printed != 0)
		code = stop_unnamed(job, guard, printed);
	*detached = code >= 0 || !came_to_nothing(job->record, guard);
	if (code < 0)
		text_add(&words, "muster: its processes were killed before every rank was executed: the job is lost\n");
	if (words.length > 0)
		patient_say(words.bytes);
	text_finish(&words);
	return code < 0 ? EXIT_MUSTER : code;
}

int detach(const struct detachment *job, bool *detached)
{
	struct error err;
	int log = job_record_open(job->record, "muster.log", &err);
	if (log < 0 || start_word_open(job->starter, &err) < 0)
		return console_tell(&err, EXIT_MUSTER);
	fflush(NULL);
	pid_t guard = fork();
	if (guard == 0)
		run_in_background(job, log);
	if (guard < 0) {
		error_set(&err, -errno, "cannot make the job's process: fork: %s", strerror(errno));
		return console_tell(&err, EXIT_MUSTER);
	}
	return tell_start(job, guard, detached);
}
