/* SPDX-License-Identifier: MIT
 *
 * job_spec_fixture: a spec that must be made of a request, or must not.
 */
#ifndef MUSTER_TESTS_JOB_SPEC_FIXTURE_H
#define MUSTER_TESTS_JOB_SPEC_FIXTURE_H

#include "test_directory.h"

#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/spec_parse.h"

#include <errno.h>

#define START "version: 1\ncommand: [a]\n"

static inline void read_request(struct job_spec *spec, const struct spec_request *request)
{
	struct diagnostics wrong = {0};
	struct text text = {0};
	int rc = job_spec_read(spec, request, &wrong);
	diagnostics_format(&wrong, "", &text);
	if (rc < 0)
		print_error("%s", text.bytes);
	assert_int_equal(rc, 0);
	diagnostics_finish(&wrong);
	text_finish(&text);
}

static inline void expect_wrong(const struct spec_request *request, const char *says)
{
	struct job_spec spec = {0};
	struct diagnostics wrong = {0};
	struct text text = {0};
	assert_int_equal(job_spec_read(&spec, request, &wrong), -EINVAL);
	diagnostics_format(&wrong, "", &text);
	assert_string_equal(text.bytes, says);
	diagnostics_finish(&wrong);
	text_finish(&text);
}

#endif
