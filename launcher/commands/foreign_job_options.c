/* SPDX-License-Identifier: MIT
 *
 * foreign_job_options: see foreign_job_options.h. Names stand without their dashes.
 */
#include "commands/foreign_job_options.h"

#include "spec/foreign_words.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *command;
	struct foreign_row row;
} rows[] = {
	{"stop", {"9 f k force kill now KILL SIGKILL", "write --grace 0s to kill at once"}},
	{"stop", {"t time timeout w wait", "write --grace T, the time that ranks are given to stop"}},
	{"stop", {"s signal", "write muster signal JOB SIGNAL to send another signal"}},
	{"stop", {"a all", "write the id of each; muster ps lists those that run"}},
	{"signal",
         {"s n signal 1 2 9 10 12 15 HUP INT KILL TERM USR1 USR2",
          "the signal stands behind the job: muster signal JOB KILL"}},
	{"logs", {"n tail lines", "write muster logs JOB 2>&1 | tail -n N"}},
	{"logs", {"t timestamps", "leave it out: lines have a time where the job was run with --timestamp"}},
	{"logs", {"rank", "write -r RANKS"}},
	{"join", {"w wait", "write --timeout T"}},
	{"status", {"w watch f follow", "write watch muster status JOB"}},
	{"ps", {"w watch", "write watch muster ps"}},
	{"ps", {"q quiet o output format", "write --json"}},
	{"report", {"o output f format text", "write --json, --html or --trace; text is what there is without"}},
};

const char *foreign_job_option_advice(const char *command, const char *typed)
{
	const char *name = typed + strspn(typed, "-");
	const char *answer = NULL;
	for (size_t i = 0; answer == NULL && i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].command, command) == 0)
			answer = foreign_words_find(&rows[i].row, 1, name, strcspn(name, "="));
	return answer;
}
