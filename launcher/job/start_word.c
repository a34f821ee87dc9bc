/* SPDX-License-Identifier: MIT
 *
 * start_word: see start_word.h. A word is the exit code as four bytes, then text until the end of the pipe, which is
 * written at once and is never longer than a pipe takes. That of a start has no end, for the job's processes have the
 * pipe: it is so short that it is read as it was written, in one piece.
 */
#include "job/start_word.h"

#include "base/error.h"
#include "base/text.h"
#include "run/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_MOST = 32 * 1024, LOOK_MS = 100 };

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int start_word_open(struct start_word *word, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, -errno, "cannot make a pipe to the detached job: %s", strerror(errno));
	*word = (struct start_word){.listening = ends[0], .speaking = ends[1]};
	return 0;
}

/* The log first: what goes wrong then is told by the command alone, not on its terminal as well. */
int start_word_become_background(struct start_word *word, int log, struct error *err)
{
	close_end(&word->listening);
	setsid();
	if (dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		return error_set(err, -errno, "cannot leave the terminal: %s", strerror(errno));
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return error_set(err, -errno, "cannot open /dev/null, which detached jobs get as their input: %s",
		                 strerror(errno));
	close(null);
	return 0;
}

void start_word_say(struct start_word *word, int exit_code, const char *text)
{
	if (word->speaking < 0)
		return;
	int32_t code = exit_code;
	size_t length = strlen(text), most = exit_code == 0 ? PIPE_BUF - sizeof code : TEXT_MOST;
	struct iovec parts[] = {{&code, sizeof code}, {(void *)(uintptr_t)text, length < most ? length : most}};
	(void)!writev(word->speaking, parts, 2); /* who asked may be gone */
	close_end(&word->speaking);
}

/* To the end of the pipe when the job failed; the word of a start is one piece. */
static bool listen_more(const struct start_word *word, struct text *said)
{
	char bytes[PIPE_BUF];
	ssize_t got = read(word->listening, bytes, sizeof bytes);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	text_add_bytes(said, bytes, (size_t)got);
	int32_t code = -1;
	if (said->length >= sizeof code)
		memcpy(&code, said->bytes, sizeof code);
	return got > 0 && code != 0;
}

static void hand_on(int signals, pid_t guard)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo != SIGCHLD)
		kill(guard, (int)info.ssi_signo);
}

static void listen_to_all(const struct start_word *word, pid_t guard, struct text *said)
{
	int signals = signals_open();
	struct pollfd ready[] = {{.fd = word->listening, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	for (bool more = true; more;) {
		if (poll(ready, 2, -1) < 0)
			continue;
		if (ready[1].revents != 0)
			hand_on(signals, guard);
		if (ready[0].revents != 0)
			more = listen_more(word, said);
	}
	if (signals >= 0)
		close(signals);
}

int start_word_await(struct start_word *word, pid_t guard, struct text *text)
{
	struct text said = {0};
	int32_t code;
	close_end(&word->speaking);
	listen_to_all(word, guard, &said);
	close_end(&word->listening);
	bool whole = said.length >= sizeof code;
	if (whole) {
		memcpy(&code, said.bytes, sizeof code);
		text_add_bytes(text, said.bytes + sizeof code, said.length - sizeof code);
	}
	text_finish(&said);
	return whole ? code : -EPIPE;
}

/* The end of the guard is a signal as well; should there be no descriptor for signals, it is looked for now and then.
 */
void start_word_stop(pid_t guard, int signal)
{
	struct pollfd signals = {.fd = signals_open(), .events = POLLIN};
	kill(guard, signal);
	while (waitpid(guard, NULL, WNOHANG) == 0)
		if (poll(&signals, 1, LOOK_MS) > 0)
			hand_on(signals.fd, guard);
	if (signals.fd >= 0)
		close(signals.fd);
}
