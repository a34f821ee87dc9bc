/* SPDX-License-Identifier: MIT
 *
 * trial: see trial.h. An errno fits into an exit code.
 */
#include "doctor/trial.h"

#include "doctor/finding.h"

#include "spec/units.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void be_tried(int (*attempt)(void))
{
	const struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	_exit(-attempt());
}

struct trial_result trial_make(int (*attempt)(void))
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		be_tried(attempt);
	if (child < 0)
		return (struct trial_result){.code = errno, .untried = true};
	pid_t ended;
	while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
		;
	if (ended < 0)
		return (struct trial_result){.code = errno, .untried = true};
	if (WIFSIGNALED(status))
		return (struct trial_result){.signal = WTERMSIG(status)};
	int code = WEXITSTATUS(status);
	return (struct trial_result){.code = code, .untried = code == TRIAL_UNTRIED};
}

const char *trial_words(const struct trial_result *result, char words[static TRIAL_WORDS_SIZE])
{
	char name[UNIT_TEXT_BYTES];
	if (result->signal != 0)
		snprintf(words, TRIAL_WORDS_SIZE, "killed by %s%s", signal_format(result->signal, name),
		         result->signal == SIGSYS ? ": a seccomp filter" : "");
	else
		snprintf(words, TRIAL_WORDS_SIZE, "%s", strerror(result->code));
	return words;
}

void trial_grade_killed(struct finding *finding)
{
	finding_grade_as(finding, FINDING_WARNING,
	                 "whoever makes this call is killed in place of being refused: a job that needs it, or a rank",
	                 "a seccomp profile that allows it, or answers with an errno (SCMP_ACT_ERRNO)");
}
