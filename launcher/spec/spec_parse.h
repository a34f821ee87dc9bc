/* SPDX-License-Identifier: MIT
 *
 * spec_parse: from a spec file, or a bare command, and the options laid over it, to a job_spec that has been checked.
 *
 * All errors that can be found are found, each with its file, line and column or its option; nothing is guessed and
 * nothing is skipped. It reads the one file and the current directory's name, and knows nothing of the machine.
 *
 *     struct diagnostics wrong = {0};
 *     struct spec_request request = {.path = "train.yaml"};
 *     if (job_spec_read(&spec, &request, &wrong) < 0)
 *             ... diagnostics_format(&wrong, "", &text) ...
 */
#ifndef MUSTER_SPEC_SPEC_PARSE_H
#define MUSTER_SPEC_SPEC_PARSE_H

#include <stddef.h>
#include <stdint.h>

struct diagnostics;
struct job_spec;
struct override;

enum { SPEC_BYTES_MAX = 1024 * 1024 };

struct spec_request {
	const char *path; /* of the spec, "-" for standard input, NULL for a bare command */
	const char *text; /* the spec itself, where it is in memory already; `path` then only names it. Or NULL */
	size_t text_length;
	char **command; /* without a spec: the command; with one: arguments to append. NULL-terminated, or NULL */
	const struct override *overrides;
	uint32_t override_count;
};

/* What a spec is called in errors and reports: its path, or "<stdin>". */
const char *spec_source_name(const char *path);

/* Returns 0 and fills `spec` (job_spec_finish() it), or -EINVAL with at least one diagnostic and `spec` untouched. */
int job_spec_read(struct job_spec *spec, const struct spec_request *request, struct diagnostics *diagnostics);

#endif
