/* SPDX-License-Identifier: MIT
 *
 * examine_shared_memory: libmuster's segment is a file without a name, as large as it has to be; other libraries share
 * memory by name, in a file system that containers make small.
 */
#include "base/byte_words.h"
#include "doctor/examine.h"
#include "doctor/trial.h"

#include "base/error.h"
#include "plan/launch_plan.h"
#include "run/job_segment.h"
#include "spec/job_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MIB = 1 << 20, SMALL_MIB = 64 };

static const char by_name[] = "programs that share memory by name (PyTorch's data loaders, MPI libraries, POSIX shm) "
			      "fail or die of SIGBUS there; libmuster needs none of it";
static const char larger[] = "docker run --shm-size=1g or --ipc=host; in Kubernetes an emptyDir with medium: Memory";

static void judge_directory(struct findings *findings, const char *directory, const struct statvfs *status)
{
	char words[BYTE_WORDS_SIZE], of[BYTE_WORDS_SIZE];
	uint64_t total = (uint64_t)status->f_blocks * status->f_frsize,
		 left = (uint64_t)status->f_bavail * status->f_frsize;
	struct finding *finding = findings_add(findings, "memory.shm", "%s: %s of %s are free", directory,
	                                       byte_words(words, left), byte_words(of, total));
	finding_set_value(finding, (double)left);
	if (left <= SMALL_MIB * (uint64_t)MIB)
		finding_grade_as(finding, FINDING_WARNING, by_name, larger);
}

static void examine_directory(struct findings *findings, const char *directory)
{
	struct statvfs status;
	int rc = statvfs(directory, &status);
	if (rc == 0)
		rc = faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS);
	if (rc == 0)
		judge_directory(findings, directory, &status);
	else
		finding_grade_as(
			findings_add(findings, "memory.shm", "%s cannot be used: %s", directory, strerror(errno)),
			FINDING_WARNING, by_name, larger);
}

/* --- libmuster's --- */

static int make_segment(struct error *err)
{
	struct job_spec spec = {0};
	struct rank_plan rank = {0};
	char job_id[] = "doctor";
	struct job_segment segment;
	job_spec_init(&spec);
	const struct launch_plan plan = {
		.spec = &spec, .nprocs = 1, .world_size = 1, .domain_count = 1, .ranks = &rank, .job_id = job_id};
	int rc = job_segment_make(&segment, &plan, err);
	job_segment_finish(&segment);
	job_spec_finish(&spec);
	return rc;
}

static int try_segment(void)
{
	return make_segment(NULL);
}

static void examine_segment(struct findings *findings)
{
	char words[TRIAL_WORDS_SIZE];
	struct error err = {0};
	struct trial_result tried = trial_make(try_segment);
	if (tried.untried)
		return;
	if (trial_succeeded(&tried)) {
		findings_add(findings, "memory.segment", "libmuster's shared segment can be made (memfd)");
		return;
	}
	if (tried.signal != 0 || make_segment(&err) == 0)
		error_set(&err, -EPERM, "no shared segment: %s", trial_words(&tried, words));
	struct finding *finding = findings_add(findings, "memory.segment", "%s", err.text);
	if (tried.signal != 0)
		trial_grade_killed(finding);
	else
		finding_grade_as(
			finding, FINDING_WARNING, "programs that use libmuster stop at muster_init; all others run",
			"let the container's seccomp profile allow memfd_create, and raise the limits on files and "
			"their size");
}

void examine_shared_memory(struct findings *findings, const char *directory)
{
	examine_directory(findings, directory);
	examine_segment(findings);
}
