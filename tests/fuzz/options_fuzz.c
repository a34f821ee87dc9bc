/* SPDX-License-Identifier: MIT
 *
 * options: any lines as the arguments of `muster run` and `muster plan`. What is refused is said why; what is accepted
 * without a spec becomes a job, or diagnostics.
 */
#include "fuzz.h"

#include "base/error.h"
#include "commands/options.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"

#include <string.h>

enum { ARGUMENTS_MAX = 64 };

static void load(const struct run_options *options)
{
	struct job_spec spec = {0};
	struct diagnostics diagnostics = {0};
	int rc = job_spec_load(&spec, options, &diagnostics);
	EXPECT((rc == 0) == (diagnostics.count == 0));
	if (rc == 0)
		EXPECT(spec.command.count > 0 && spec.name != NULL);
	diagnostics_finish(&diagnostics);
	job_spec_finish(&spec);
}

static void try_as(enum option_user user, int count, char **arguments)
{
	struct run_options options;
	struct error err = {0};
	if (run_options_parse(&options, user, count, arguments, &err) < 0) {
		EXPECT(err.text[0] != '\0' && options.overrides == NULL);
		return;
	}
	/* A spec would be a file of this machine. */
	if (!options.help && options.spec_path == NULL)
		load(&options);
	run_options_finish(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text;
	char name[] = "run";
	char *arguments[ARGUMENTS_MAX + 1] = {name};
	int count = 1;
	while (rest != NULL && count < ARGUMENTS_MAX)
		arguments[count++] = strsep(&rest, "\n");
	try_as(OPTIONS_OF_RUN, count, arguments);
	try_as(OPTIONS_OF_PLAN, count, arguments);
	free(text);
	return 0;
}
