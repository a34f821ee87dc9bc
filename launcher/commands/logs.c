/* SPDX-License-Identifier: MIT
 *
 * logs: `muster logs JOB` shows what the ranks of a detached job printed: their standard output on standard output, and
 * their standard error on standard error.
 */
#include "commands/logs.h"

#include "base/error.h"
#include "base/index_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "job/job_find.h"
#include "job/job_record.h"
#include "job/job_view.h"
#include "job/log_reader.h"
#include "job/private_directory.h"
#include "run/log_file.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLLOW_MS = 100, STREAMS = 2, HELD_LOOKS_MAX = 1000 / FOLLOW_MS, HELD_BYTES = 64 * 1024 };

struct shown_log {
	struct log_reader reader;
	struct shown_logs *all;
	FILE *to;
	uint32_t rank;
	bool in_line;     /* what was shown last has no end as yet */
	struct text held; /* the beginning of a line, for a while: others go on meanwhile */
	uint32_t held_looks;
};

struct shown_logs {
	struct shown_log *items;
	size_t count;
	int directory;
	bool label;
	bool any;                         /* something was read */
	bool one_place;                   /* both streams go to one: a terminal, as a rule */
	struct shown_log *wrote[STREAMS]; /* the last that did; in one place both are the first's */
};

static const struct job_usage usage = {
	.letters = "fr",
	.wanted = "[-f] [-r RANKS] [JOB]",
	.least = 0,
	.most = 1,
	.help = "Show what the ranks of a detached job printed to the terminal.\n\n"
		"  -f, --follow        go on until the job has ended\n"
		"  -r, --ranks RANKS   of these only, like 0-3,8\n"
		"  -h, --help          this text\n\n"
		"Of several ranks, each line begins with the rank it is from. Without a job, the newest is shown.\n",
};

/* --- lines of several ranks --- */

static void end_line(struct shown_log *log)
{
	if (log != NULL && log->in_line)
		fputc('\n', log->to);
	if (log != NULL)
		log->in_line = false;
}

/* Goes on with the line that was shown or held, or begins one: another's that is not at its end is broken off. */
static void go_on_with_line(struct shown_log *log)
{
	struct shown_log **wrote = &log->all->wrote[log->to == stdout || log->all->one_place ? 0 : 1];
	if (*wrote != log)
		end_line(*wrote);
	*wrote = log;
	if (!log->in_line)
		fprintf(log->to, "[%" PRIu32 "] ", log->rank);
	if (log->held.length > 0)
		fwrite(log->held.bytes, 1, log->held.length, log->to);
	log->held.length = 0;
}

static void show_labelled(struct shown_log *log, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *newline = memchr(bytes, '\n', length);
		size_t part = newline == NULL ? length : (size_t)(newline + 1 - bytes);
		if (newline == NULL && !log->in_line && log->held.length + part <= HELD_BYTES) {
			text_add_bytes(&log->held, bytes, part);
			log->held_looks = 0;
			return;
		}
		go_on_with_line(log);
		fwrite(bytes, 1, part, log->to);
		log->in_line = newline == NULL;
		bytes += part;
		length -= part;
	}
}

static void show(void *context, const char *bytes, size_t length)
{
	struct shown_log *log = context;
	log->all->any = true;
	if (log->all->label)
		show_labelled(log, bytes, length);
	else
		fwrite(bytes, 1, length, log->to);
}

/* Its end may never come. */
static void show_held(struct shown_log *log, bool now)
{
	if (log->held.length == 0 || (!now && ++log->held_looks < HELD_LOOKS_MAX))
		return;
	go_on_with_line(log);
	log->in_line = true;
}

/* --- which --- */

static int choose_ranks(struct index_set *ranks, const struct job_view *view, const char *list, struct error *err)
{
	json_int_t nprocs = json_integer_value(json_object_get(view->job, "nprocs"));
	uint32_t last = nprocs >= 1 && nprocs <= (json_int_t)INDEX_SET_MAX ? (uint32_t)nprocs - 1 : 0;
	if (list != NULL)
		return index_set_parse(ranks, list, last, err) < 0 ? error_prefix(err, "--ranks") : 0;
	index_set_add_range(ranks, 0, last);
	return 0;
}

static bool is_one_place(void)
{
	struct stat out, error;
	return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &error) == 0 && out.st_dev == error.st_dev &&
	       out.st_ino == error.st_ino;
}

static int open_logs(struct shown_logs *logs, const struct job_view *view, const char *list, struct error *err)
{
	struct index_set ranks = {0};
	logs->directory = private_directory_open_in(view->directory, "logs", false, err);
	if (logs->directory < 0)
		return error_set(err, logs->directory,
		                 "job %s has no logs: it was in the foreground, and its ranks printed there", view->id);
	int rc = choose_ranks(&ranks, view, list, err);
	if (rc < 0) {
		index_set_finish(&ranks);
		return rc;
	}
	logs->label = index_set_count(&ranks) > 1;
	logs->one_place = is_one_place();
	logs->items = memory_zeroed((size_t)index_set_count(&ranks) * STREAMS * sizeof *logs->items);
	for (index_set_each(&ranks, rank)) {
		for (int stream = 0; stream < STREAMS; stream++) {
			struct shown_log *log = &logs->items[logs->count++];
			char name[LOG_NAME_BYTES];
			log_file_name(name, rank, stream != 0);
			*log = (struct shown_log){.all = logs, .to = stream == 0 ? stdout : stderr, .rank = rank};
			log_reader_init(&log->reader, logs->directory, name);
		}
	}
	index_set_finish(&ranks);
	return 0;
}

static void close_logs(struct shown_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++)
		text_finish(&logs->items[i].held);
	free(logs->items);
	if (logs->directory >= 0)
		close(logs->directory);
}

/* --- showing --- */

/* As the next write would, which may never come: of a job that is silent nobody would see that the reader has gone. */
static void wait_a_moment(void)
{
	struct pollfd reader = {.fd = STDOUT_FILENO};
	if (poll(&reader, 1, FOLLOW_MS) > 0 && (reader.revents & (POLLERR | POLLHUP)) != 0) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
}

/* What came before the end of the job is there once the end is seen. */
static int show_all(struct shown_logs *logs, struct job_view *view, const struct job_options *options,
                    struct error *err)
{
	int rc = 0;
	for (bool more = true; more;) {
		rc = job_view_refresh(view, err);
		more = rc == 0 && options->follow && job_life_goes_on(view->life) && ferror(stdout) == 0;
		for (size_t i = 0; i < logs->count; i++) {
			log_reader_pump(&logs->items[i].reader, show, &logs->items[i]);
			show_held(&logs->items[i], !more);
		}
		for (int stream = 0; stream < STREAMS && !more; stream++)
			end_line(logs->wrote[stream]);
		fflush(stdout);
		if (more)
			wait_a_moment();
	}
	if (!logs->any)
		fprintf(stderr,
		        "muster: %s ranks of job %s printed nothing to the terminal; what output.stdout and "
		        "output.stderr send elsewhere is not in its logs\n",
		        options->ranks != NULL ? "these" : "the", view->id);
	return rc;
}

/* Who followed it has seen everything but that. */
static void tell_end(const struct job_view *view)
{
	json_t *end = job_view_outcome(view, NULL);
	const char *outcome = json_string_value(json_object_get(end, "outcome"));
	int code = (int)json_integer_value(json_object_get(end, "exit_code"));
	if (view->life == JOB_LOST)
		fprintf(stderr, "muster: job %s is lost: all of its muster was killed\n", view->id);
	else if (view->life == JOB_ENDED && code != 0 && outcome != NULL)
		fprintf(stderr, "muster: job %s: %s, exit code %d; muster report %s says more\n", view->id, outcome,
		        code, view->id);
	json_decref(end);
}

static bool has_logs(const struct job_view *view)
{
	return job_record_has(view->directory, "logs");
}

static const struct job_fitting job_with_logs = {has_logs, "has logs"};

int command_logs(int argc, char **argv)
{
	struct job_options options;
	struct job_view view;
	struct shown_logs logs = {.directory = -1};
	struct error err;
	int code;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	int rc = job_find_or_newest(&view, options.words[0], &job_with_logs, &err);
	if (rc == 0 && options.words[0] == NULL)
		fprintf(stderr, "muster: logs of job %s\n", view.id);
	if (rc == 0)
		rc = open_logs(&logs, &view, options.ranks, &err);
	if (rc == 0)
		rc = show_all(&logs, &view, &options, &err);
	if (rc == 0 && options.follow)
		tell_end(&view);
	close_logs(&logs);
	job_view_close(&view);
	return rc < 0 ? console_tell(&err, EXIT_MUSTER) : EXIT_OK;
}
