/* SPDX-License-Identifier: MIT
 *
 * examine_job: the last word on whether jobs run here has a job. It is run by this very program, with this program's
 * own `--version` as its ranks, and with places for its record, its socket and its cores that are nowhere, so that
 * nothing is left of it.
 */
#include "doctor/examine.h"

#include "base/clock.h"
#include "base/exit_code.h"
#include "base/file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOWHERE "/proc/self/nowhere"

enum { SAID_BYTES = 512 };

/* What it says of a failure goes to `errors`. */
static _Noreturn void become_job(char *program, int errors)
{
	char *words[] = {(char[]){"muster"},
	                 (char[]){"run"},
	                 (char[]){"-q"},
	                 (char[]){"-n"},
	                 (char[]){"auto"},
	                 (char[]){"--timeout"},
	                 (char[]){"20s"},
	                 (char[]){"--set"},
	                 (char[]){"failure.leftovers=keep"},
	                 program,
	                 (char[]){"--version"},
	                 NULL};
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	setenv("XDG_RUNTIME_DIR", NOWHERE, 1);
	setenv("MUSTER_LEASE_DIR", NOWHERE, 1);
	execv(program, words);
	dprintf(STDERR_FILENO, "%s: %s", program, strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

/* The first line, without "muster: ". What comes behind it is read, so that nobody waits. */
static void read_said(int fd, char said[static SAID_BYTES])
{
	static const char name[] = "muster: ";
	char rest[SAID_BYTES];
	ssize_t got = file_read(fd, said, SAID_BYTES - 1);
	while (file_read(fd, rest, sizeof rest) > 0)
		;
	said[got < 0 ? 0 : got] = '\0';
	said[strcspn(said, "\n")] = '\0';
	if (strncmp(said, name, sizeof name - 1) == 0)
		memmove(said, said + sizeof name - 1, strlen(said + sizeof name - 1) + 1);
}

/* Its exit code; negative: it could not be started. */
static int run_job(char *program, char said[static SAID_BYTES])
{
	int pipe_ends[2], status = 0;
	if (pipe2(pipe_ends, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	pid_t job = fork();
	int code = errno;
	if (job == 0)
		become_job(program, pipe_ends[1]);
	close(pipe_ends[1]);
	if (job > 0)
		read_said(pipe_ends[0], said);
	close(pipe_ends[0]);
	if (job < 0 || waitpid(job, &status, 0) < 0)
		return job < 0 ? -code : -errno;
	return WIFSIGNALED(status) ? EXIT_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
}

void examine_job(struct findings *findings)
{
	char program[PATH_MAX], said[SAID_BYTES] = "";
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	if (length < 0) {
		finding_grade_as(findings_add(findings, "job.run", "not tried: /proc is not mounted"), FINDING_WARNING,
		                 "whether jobs run is not known", "mount -t proc proc /proc");
		return;
	}
	program[length] = '\0';
	int64_t begin_ns = clock_ns();
	int code = run_job(program, said);
	double took_ms = (double)(clock_ns() - begin_ns) / 1e6;
	if (code == 0) {
		finding_set_value(
			findings_add(findings, "job.run", "ran with a rank for each core, in %.1f ms", took_ms),
			took_ms);
		return;
	}
	if (said[0] == '\0')
		snprintf(said, sizeof said, "%s", code < 0 ? strerror(-code) : "it said nothing");
	finding_grade_as(findings_add(findings, "job.run", "does not run (exit code %d): %s",
	                              code < 0 ? EXIT_MUSTER : code, said),
	                 FINDING_PROBLEM, "no job can be expected to run", "what stands below may say why");
}
