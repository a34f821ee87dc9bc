/* SPDX-License-Identifier: MIT
 *
 * answers: any lines as what a job answers over its socket to `muster status`, `signal` and `stop`. Each command ends,
 * whatever it is told.
 */
#include "fuzz.h"
#include "fuzz_hush.h"
#include "fuzz_place.h"

#include "base/error.h"
#include "commands/signal.h"
#include "commands/status.h"
#include "job/control_client.h"
#include "job/job_find.h"
#include "job/job_view.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ID     "fuzz-00000000000"
#define RECORD "muster/jobs/" ID

enum { SAID_MAX = 64 * 1024 };

/* What is answered: the lines in turn, and the last one from then on. Written while nobody asks. */
static struct {
	char text[SAID_MAX];
	size_t size, at;
} said;

static int listener = -1;

static size_t next_line(const char **line)
{
	const char *from = said.text + said.at, *end = memchr(from, '\n', said.size - said.at);
	size_t length = end == NULL ? said.size - said.at : (size_t)(end - from);
	*line = from;
	said.at += end == NULL ? 0 : length + 1;
	return length;
}

static void *answer_all(void *unused)
{
	(void)unused;
	for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0; close(fd)) {
		char asked[256];
		const char *line;
		if (recv(fd, asked, sizeof asked, 0) <= 0)
			continue;
		size_t length = next_line(&line);
		(void)!send(fd, line, length, MSG_NOSIGNAL);
	}
	return NULL;
}

/* --- the job --- */

static void listen_there(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	pthread_t thread;
	EXPECT(snprintf(address.sun_path, sizeof address.sun_path, "%s", path) < (int)sizeof address.sun_path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	EXPECT(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
	EXPECT(listen(listener, 8) == 0 && pthread_create(&thread, NULL, answer_all, NULL) == 0);
	EXPECT(pthread_detach(thread) == 0);
}

static void begin(void)
{
	static const char *const directories[] = {"muster", "muster/jobs", RECORD};
	char path[PATH_MAX], job[PATH_MAX + 64];
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (listener >= 0)
		return;
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		snprintf(path, sizeof path, "%s/%s", fuzz_place(), directories[i]);
		EXPECT(mkdir(path, 0700) == 0);
	}
	setenv("XDG_STATE_HOME", fuzz_place(), 1);
	snprintf(path, sizeof path, "%s/s", fuzz_place());
	int length = snprintf(job, sizeof job, "{\"socket\":\"%s\"}", path);
	fuzz_put(RECORD "/job.json", job, (size_t)length);
	listen_there(path);
	snprintf(path, sizeof path, "%s/" RECORD "/job.json", fuzz_place());
	int held = open(path, O_RDWR | O_CLOEXEC); /* to the process's end: the job runs */
	EXPECT(held >= 0 && fcntl(held, F_OFD_SETLK, &whole) == 0);
}

static void call(int (*command)(int, char **), const char *option, const char *more)
{
	char name[] = "command", id[] = ID, words[2][32];
	char *argv[] = {name, words[0], id, words[1], NULL};
	snprintf(words[0], sizeof words[0], "%s", option);
	snprintf(words[1], sizeof words[1], "%s", more);
	if (more[0] == '\0')
		argv[3] = NULL;
	said.at = 0;
	int code = command(argv[3] == NULL ? 3 : 4, argv);
	EXPECT(code == 0 || code == 125);
}

static void ask(void)
{
	struct job_view view;
	struct error err = {0};
	said.at = 0;
	EXPECT(job_find(&view, ID, JOB_ANY, &err) == 0 && view.life == JOB_RUNNING);
	json_t *answer = control_ask(&view, json_pack("{s:s}", "do", "stop"), &err);
	EXPECT(answer != NULL || err.text[0] != '\0');
	json_decref(answer);
	job_view_close(&view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > SAID_MAX)
		return 0;
	begin();
	memcpy(said.text, data, size);
	said.size = size;
	ask();
	fuzz_hush();
	call(command_status, "--json", "");
	call(command_status, "--", "");
	call(command_signal, "-r0", "USR1");
	fuzz_speak();
	return 0;
}
