/* SPDX-License-Identifier: MIT
 *
 * record: any bytes as the files of a job's record, read by every command that reads records. None of them dies of it,
 * nobody is waited for, and what cannot be read is said.
 *
 * The first byte says which files there are, and whether the job is alive; then come job.json, events.jsonl,
 * report.json and the log of rank 0, a line of "---" between them.
 */
#include "fuzz.h"
#include "fuzz_hush.h"
#include "fuzz_place.h"

#include "base/error.h"
#include "commands/join.h"
#include "commands/logs.h"
#include "commands/ps.h"
#include "commands/report.h"
#include "commands/status.h"
#include "job/job_find.h"
#include "job/job_holder.h"
#include "job/job_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID     "fuzz-00000000000"
#define RECORD "muster/jobs/" ID

static const char *const files[] = {"/job.json", "/events.jsonl", "/report.json", "/logs/0.out"};

enum { FILES = sizeof files / sizeof *files, ALIVE = 1 << FILES };

static void begin(void)
{
	static const char *const directories[] = {"muster", "muster/jobs", RECORD, RECORD "/logs"};
	static bool begun;
	for (size_t i = 0; i < sizeof directories / sizeof *directories && !begun; i++) {
		char path[PATH_MAX];
		snprintf(path, sizeof path, "%s/%s", fuzz_place(), directories[i]);
		EXPECT(mkdir(path, 0700) == 0);
	}
	begun = true;
	setenv("XDG_STATE_HOME", fuzz_place(), 1);
	setenv("XDG_RUNTIME_DIR", fuzz_place(), 1);
}

static void put_files(uint8_t which, char *text, size_t size)
{
	static const char between[] = "\n---\n";
	char *end = text + size;
	for (int i = 0; i < FILES; i++) {
		char name[64], *next = memmem(text, (size_t)(end - text), between, strlen(between));
		snprintf(name, sizeof name, RECORD "%s", files[i]);
		size_t length = (size_t)((next == NULL ? end : next) - text);
		fuzz_put(name, (which & 1 << i) != 0 ? NULL : text, length);
		text = next == NULL ? end : next + strlen(between);
	}
}

static int hold(void)
{
	char path[PATH_MAX];
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	snprintf(path, sizeof path, "%s/" RECORD "%s", fuzz_place(), files[0]);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	EXPECT(fd < 0 || fcntl(fd, F_OFD_SETLK, &whole) == 0);
	return fd;
}

static void call(int (*command)(int, char **), const char *option, const char *word)
{
	char name[] = "command", first[32], second[32];
	char *words[] = {name, first, second, NULL};
	snprintf(first, sizeof first, "%s", option);
	snprintf(second, sizeof second, "%s", word);
	if (word[0] == '\0')
		words[2] = NULL;
	int code = command(words[2] == NULL ? 2 : 3, words);
	EXPECT(command == command_join || code == 0 || code == 125);
}

static void call_all(void)
{
	call(command_ps, "-a", "");
	call(command_ps, "--json", "-a");
	call(command_status, ID, "");
	call(command_status, "--json", ID);
	call(command_report, ID, "");
	call(command_report, "--json", ID);
	call(command_report, "--html", ID);
	call(command_report, "--trace", ID);
	call(command_logs, ID, "");
	call(command_join, "--timeout=0s", ID);
}

static void look(void)
{
	struct job_view view;
	struct error err = {0};
	int rc = job_find(&view, ID, JOB_ANY, &err);
	EXPECT(rc == 0 || rc == -ENOENT); /* without job.json there is none */
	if (rc < 0)
		return;
	json_decref(job_view_end(&view));
	json_t *report = job_view_report(&view, &err);
	EXPECT(report != NULL || err.text[0] != '\0');
	json_decref(report);
	job_holder_signal(&view, 0);
	job_view_close(&view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	begin();
	char *text = fuzz_text(data + 1, size - 1);
	put_files(data[0], text, size - 1);
	int held = (data[0] & ALIVE) != 0 ? hold() : -1;
	look();
	fuzz_hush();
	call_all();
	fuzz_speak();
	if (held >= 0)
		close(held);
	free(text);
	return 0;
}
