/* SPDX-License-Identifier: MIT
 *
 * job_view: see job_view.h.
 */
#include "job/job_view.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file_text.h"
#include "job/job_places.h"
#include "job/job_record.h"
#include "job/private_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	JSON_BYTES_MAX = 256 * 1024 * 1024,
	END_BYTES = 512,
	LOOK_MS = 1000,
	START_LOOK_MS = 5,
	START_PATIENCE_MS = 60000,
};

/* In one piece: jansson reads a descriptor byte by byte. */
static json_t *parse_file(int fd, size_t size, json_error_t *where)
{
	char *bytes = malloc(size + 1);
	ssize_t length = bytes != NULL ? file_read(fd, bytes, size) : -1;
	json_t *made = length < 0 ? NULL : json_loadb(bytes, (size_t)length, JSON_REJECT_DUPLICATES, where);
	free(bytes);
	return made;
}

static json_t *read_json(int directory, const char *file, struct error *err)
{
	struct stat status;
	int fd = openat(directory, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0) {
		error_set(err, -errno, "%s: %s", file, strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	json_error_t where = {0};
	json_t *made = NULL;
	if (S_ISREG(status.st_mode) && status.st_size < JSON_BYTES_MAX)
		made = parse_file(fd, (size_t)status.st_size, &where);
	if (made == NULL)
		error_set(err, -EBADMSG, "%s: %s", file, where.text[0] != '\0' ? where.text : "not a file of muster's");
	close(fd);
	return made;
}

static bool has_report(const struct job_view *view)
{
	return job_record_has(view->directory, "report.json");
}

static json_t *parse_end(const char *bytes, size_t length)
{
	if (length < 2 || bytes[length - 1] != '\n')
		return NULL;
	const char *line = memrchr(bytes, '\n', length - 1);
	line = line == NULL ? bytes : line + 1;
	json_t *event = json_loadb(line, (size_t)(bytes + length - line), 0, NULL);
	const char *name = json_string_value(json_object_get(event, "event"));
	if (name != NULL && strcmp(name, "ended") == 0)
		return event;
	json_decref(event);
	return NULL;
}

/* *end is the caller's, and NULL where there is none. Negative: nobody can tell. */
static int read_end(const struct job_view *view, json_t **end)
{
	char bytes[END_BYTES];
	struct stat status = {0};
	ssize_t got = 0;
	int fd = openat(view->directory, "events.jsonl", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	*end = NULL;
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENXIO ? 0 : -errno;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		got = pread(fd, bytes, sizeof bytes, status.st_size > END_BYTES ? status.st_size - END_BYTES : 0);
	int rc = got < 0 ? -errno : 0;
	close(fd);
	if (got > 0)
		*end = parse_end(bytes, (size_t)got);
	return rc;
}

/* Of one that nobody holds. A disk that was full for a report may have had room for the last event. Both are removed
 * after job.json: where that is there all the same, they never were. */
static int look_for_end(struct job_view *view)
{
	json_t *end = NULL;
	int rc = has_report(view) ? 0 : read_end(view, &end);
	bool ended = end != NULL || has_report(view);
	json_decref(end);
	if (rc == 0)
		view->life = ended ? JOB_ENDED : job_record_has(view->directory, "job.json") ? JOB_LOST : JOB_GONE;
	return rc;
}

/* The report comes before the lock goes: who sees neither has to look for the first once more. */
int job_view_refresh(struct job_view *view, struct error *err)
{
	int held = has_report(view) ? 0 : job_record_is_held(view->directory), rc = 0;
	if (held > 0)
		view->life = view->job == NULL ? JOB_STARTING : JOB_RUNNING;
	else if (held == -ENOENT)
		view->life = JOB_GONE;
	else
		rc = held < 0 ? held : look_for_end(view);
	if (rc == 0)
		return 0;
	return error_set(err, rc, "nobody can tell whether job %s lives: its record: %s", view->id, strerror(-rc));
}

bool job_view_is_none(int code)
{
	return code == -ENOENT || code == -ENOTDIR || code == -ELOOP || code == -EPERM;
}

int job_view_open(struct job_view *view, int records, const char *id, struct error *err)
{
	int directory = private_directory_open_in(records, id, false, err);
	if (directory < 0)
		return directory;
	*view = (struct job_view){.directory = directory};
	memcpy(view->id, id, strlen(id) + 1);
	int rc = job_view_refresh(view, err);
	if (rc == 0 && view->life == JOB_GONE)
		rc = error_set(err, -ENOENT, "there is no job \"%s\"; muster ps -a lists them", id);
	if (rc < 0)
		job_view_close(view);
	return rc;
}

void job_view_load_job(struct job_view *view)
{
	view->job = read_json(view->directory, "job.json", NULL);
	if (view->life == JOB_STARTING && view->job != NULL)
		view->life = JOB_RUNNING;
}

/* There is no event of that to wait for. */
int job_view_await_start(struct job_view *view, struct error *err)
{
	int64_t end_ms = clock_ms() + START_PATIENCE_MS;
	int rc = 0;
	while (rc == 0 && view->life == JOB_STARTING && clock_ms() < end_ms) {
		poll(NULL, 0, START_LOOK_MS);
		rc = job_view_refresh(view, err);
		job_view_load_job(view);
	}
	return rc;
}

void job_view_close(struct job_view *view)
{
	if (view->directory >= 0)
		close(view->directory);
	json_decref(view->job);
	*view = (struct job_view){.directory = -1};
}

/* --- all of them --- */

static int is_record(const struct dirent *entry)
{
	return job_id_is_valid(entry->d_name);
}

void job_view_drop_ids(struct dirent **ids, int count)
{
	for (int i = 0; i < count; i++)
		free(ids[i]);
	free(ids);
}

int job_view_list_ids(int records, struct dirent ***ids, struct error *err)
{
	int count = scandirat(records, ".", ids, is_record, alphasort);
	return count >= 0 ? count : error_set(err, -errno, "cannot list the records of jobs: %s", strerror(errno));
}

/* A record that nobody holds and in which job.json stayed empty is no job that anybody knows of. */
static int show(int records, const char *id, bool ended, job_visit *visit, void *context, struct error *err)
{
	struct job_view view;
	int rc = job_view_open(&view, records, id, err);
	if (rc < 0)
		return job_view_is_none(rc) ? 0 : rc;
	if (ended || view.life != JOB_ENDED) {
		job_view_load_job(&view);
		if (view.job != NULL || view.life == JOB_STARTING)
			visit(context, &view);
	}
	job_view_close(&view);
	return 0;
}

int job_view_each(bool ended, job_visit *visit, void *context, struct error *err)
{
	struct dirent **names = NULL;
	int records = job_places_open_records(false, err);
	if (records < 0)
		return records;
	int count = job_view_list_ids(records, &names, err), rc = count < 0 ? count : 0;
	for (int i = 0; i < count; i++) {
		int shown = show(records, names[i]->d_name, ended, visit, context, rc == 0 ? err : NULL);
		rc = rc == 0 ? shown : rc;
	}
	close(records);
	if (count >= 0)
		job_view_drop_ids(names, count);
	return rc;
}

/* --- its end --- */

static void on_alarm(int number)
{
	(void)number;
}

static void set_alarm(int64_t ms)
{
	struct sigaction action = {.sa_handler = on_alarm}; /* no restart: the wait is to end */
	sigset_t alarm_only;
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm_only, NULL); /* whoever started this may have blocked it */
	/* And again, should it come before the wait has begun. */
	const struct itimerval timer = {{0, 100000}, {ms / 1000, ms % 1000 * 1000}};
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Whoever may read the file may wait for the lock: shared, so that all who wait get it at once. */
static void wait_for_lock(int directory, int64_t ms)
{
	struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	const struct itimerval off = {0};
	int fd = openat(directory, "job.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0 && ms > 0) {
		set_alarm(ms);
		(void)!fcntl(fd, F_OFD_SETLKW, &whole);
		setitimer(ITIMER_REAL, &off, NULL);
	}
	close(fd);
}

/* A guard that somebody holds after the end of its job, by SIGSTOP, keeps the lock, and the report is there. */
int job_view_wait(struct job_view *view, int64_t timeout_ms, struct error *err)
{
	int64_t left_ms = timeout_ms, part_ms;
	bool over;
	int rc;
	do {
		part_ms = left_ms < 0 || left_ms > LOOK_MS ? LOOK_MS : left_ms;
		wait_for_lock(view->directory, part_ms);
		rc = job_view_refresh(view, err);
		over = !job_life_goes_on(view->life);
		left_ms -= left_ms < 0 ? 0 : part_ms;
	} while (rc == 0 && !over && left_ms != 0);
	return rc < 0 ? rc : over;
}

json_t *job_view_end(const struct job_view *view)
{
	json_t *end = NULL;
	read_end(view, &end);
	return end;
}

json_t *job_view_report(const struct job_view *view, struct error *err)
{
	json_t *report = read_json(view->directory, "report.json", err);
	if (report == NULL && !has_report(view))
		error_set(err, -ENOENT,
		          "job %s: its report could not be written: muster was killed, or the disk was full", view->id);
	else if (report == NULL)
		error_prefix(err, "job %s", view->id);
	return report;
}

json_t *job_view_outcome(const struct job_view *view, struct error *err)
{
	json_t *report = job_view_report(view, err);
	return report != NULL ? report : job_view_end(view);
}

const char *job_view_text(const struct job_view *view, const char *member)
{
	const char *text = json_string_value(json_object_get(view->job, member));
	return text == NULL ? "" : text;
}

const char *job_life_name(enum job_life life)
{
	static const char *const names[] = {
		[JOB_STARTING] = "starting", [JOB_RUNNING] = "running", [JOB_ENDED] = "ended",
		[JOB_LOST] = "lost",         [JOB_GONE] = "gone",
	};
	return names[life];
}

bool job_life_goes_on(enum job_life life)
{
	return life == JOB_STARTING || life == JOB_RUNNING;
}
