/* SPDX-License-Identifier: MIT
 *
 * examine_cleanup: which of the two means to clear a job away are there: the process tree, and a control group.
 */
#include "doctor/examine.h"
#include "doctor/trial.h"

#include "base/text.h"
#include "machine/cgroup_path.h"
#include "run/descendants.h"
#include "run/job_cgroup.h"
#include "run/rank_clone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char tree_alone[] = "jobs are cleared by the process tree alone: were all of muster's processes killed at "
				 "once, what ranks had started might live on";

static void examine_proc(struct findings *findings, bool is_visible)
{
	if (is_visible)
		findings_add(findings, "cleanup.proc", "/proc shows the process tree");
	else
		finding_grade_as(findings_add(findings, "cleanup.proc", "/proc is not mounted"), FINDING_WARNING,
		                 "processes that a rank leaves behind cannot be found, and are not stopped",
		                 "mount -t proc proc /proc");
}

static void note_first(const struct cgroup_visit *visit, void *context)
{
	struct text *own = context;
	if (visit->is_version_2 && own->length == 0)
		text_add(own, visit->directory);
}

static const char *why_not(const char *directory)
{
	struct text processes = {0};
	text_add_format(&processes, "%s/cgroup.procs", directory);
	errno = 0;
	if (faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) == 0)
		faccessat(AT_FDCWD, processes.bytes, W_OK, AT_EACCESS);
	int code = errno;
	text_finish(&processes);
	return code != 0 ? strerror(code) : "it takes no more groups";
}

static void tell_no_group(struct findings *findings)
{
	struct text own = {0};
	cgroup_path_walk("", NULL, note_first, &own);
	if (own.length == 0)
		finding_grade_as(
			findings_add(findings, "cleanup.cgroup", "no control groups of version 2 are mounted"),
			FINDING_NOTE, tree_alone,
			"a host with control groups of version 2, and a container that may write to /sys/fs/cgroup");
	else
		finding_grade_as(
			findings_add(findings, "cleanup.cgroup", "no control group can be made in %s: %s", own.bytes,
		                     why_not(own.bytes)),
			FINDING_NOTE, tree_alone,
			"a delegated group: systemd-run --user -p Delegate=yes, or a container that may write to "
			"/sys/fs/cgroup");
	text_finish(&own);
}

/* --- a group, and somebody born into it --- */

static int group_descriptor;

static int leave_at_once(void *unused)
{
	(void)unused;
	return 0;
}

static int try_birth(void)
{
	enum { STACK_BYTES = 64 * 1024 };
	static volatile int32_t tid;
	int pidfd;
	void *lowest = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (lowest == MAP_FAILED)
		return -errno;
	const struct rank_stack stack = {lowest, STACK_BYTES};
	pid_t child = rank_clone_into(group_descriptor, &stack, leave_at_once, NULL, &pidfd, &tid);
	if (child > 0)
		waitpid(child, NULL, 0);
	return child > 0 ? 0 : (int)child;
}

static void judge_birth(struct findings *findings, const struct job_cgroup *group)
{
	char words[TRIAL_WORDS_SIZE];
	int length = (int)(strrchr(group->directory, '/') - group->directory);
	group_descriptor = job_cgroup_descriptor(group);
	struct trial_result born = trial_make(try_birth);
	if (born.untried)
		return;
	if (trial_succeeded(&born))
		findings_add(findings, "cleanup.cgroup", "jobs are cleared by a control group of their own (%.*s)",
		             length, group->directory);
	else
		finding_grade_as(findings_add(findings, "cleanup.cgroup",
		                              "a control group can be made in %.*s, and no rank be born into it: %s",
		                              length, group->directory, trial_words(&born, words)),
		                 FINDING_NOTE, tree_alone,
		                 "let the container's seccomp profile allow clone3 (Linux 5.7 or later, x86-64)");
}

static void examine_group(struct findings *findings)
{
	struct job_cgroup group = {0};
	char id[32];
	snprintf(id, sizeof id, "doctor-%d", (int)getpid());
	if (!job_cgroup_make(&group, id)) {
		tell_no_group(findings);
		return;
	}
	judge_birth(findings, &group);
	job_cgroup_remove(&group);
	job_cgroup_finish(&group);
}

void examine_cleanup(struct findings *findings)
{
	bool is_visible = descendants_visible();
	examine_proc(findings, is_visible);
	if (is_visible) /* which says where control groups are, too */
		examine_group(findings);
}
