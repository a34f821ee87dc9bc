/* SPDX-License-Identifier: MIT
 *
 * rank_child: see rank_child.h. Nothing here may call libc, allocate, take a lock, or touch errno. The order of steps
 * matters where a comment says so.
 */
#include "run/rank_child.h"

#include "base/raw_syscall.h"
#include "run/job_segment.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum {
	KERNEL_SIGNAL_COUNT = 64,
	MASK_WORDS = 128, /* 8,192 CPUs: the most that a Linux kernel is built for */
};

/* The kernel's own layout, without libc's wider mask. */
struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static long call1(long number, long a)
{
	return raw_syscall(number, a, 0, 0, 0, 0);
}

static long call2(long number, long a, long b)
{
	return raw_syscall(number, a, b, 0, 0, 0);
}

static long call3(long number, long a, long b, long c)
{
	return raw_syscall(number, a, b, c, 0, 0);
}

static long enter_cgroup(const struct rank_child *child)
{
	if (child->cgroup_procs < 0)
		return 0;
	long wrote = call3(SYS_write, child->cgroup_procs, (long)"0", 1);
	return wrote < 0 ? wrote : 0;
}

static long default_signals(const struct rank_child *child)
{
	struct kernel_sigaction by_default = {0};
	for (int number = 1; number <= KERNEL_SIGNAL_COUNT; number++) {
		if (((child->conditions->ignored >> (number - 1)) & 1) == 0)
			continue;
		long rc = raw_syscall(SYS_rt_sigaction, number, (long)&by_default, 0, sizeof by_default.mask, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The kernel cuts a mask down to the cpuset in silence: read it back, the supervisor tells the user. */
static long bind_cpus(const struct rank_child *child)
{
	if (child->cpus == NULL)
		return 0;
	long rc = call3(SYS_sched_setaffinity, 0, (long)child->cpus_bytes, (long)child->cpus);
	if (rc < 0)
		return rc;
	unsigned long seen[MASK_WORDS] = {0};
	long bytes = call3(SYS_sched_getaffinity, 0, sizeof seen, (long)seen);
	for (size_t word = 0; word < child->cpus_bytes / sizeof *seen; word++) {
		unsigned long there = bytes > 0 && word < (size_t)bytes / sizeof *seen ? seen[word] : 0;
		if (there != child->cpus[word])
			child->slot->mask_differs = 1;
	}
	return 0;
}

/* A refusal (seccomp in containers, EPERM) is told and costs nothing: the CPU binding still holds. */
static void bind_memory(const struct rank_child *child)
{
	if (child->nodes == NULL)
		return;
	int mode = child->conditions->memory_mode;
	long rc = call3(SYS_set_mempolicy, mode, (long)child->nodes, (long)child->node_bits + 1);
	if (rc == -EINVAL && mode == MPOL_PREFERRED_MANY) /* before Linux 5.15: the first of the nodes */
		rc = call3(SYS_set_mempolicy, MPOL_PREFERRED, (long)child->nodes, (long)child->node_bits + 1);
	if (rc < 0)
		child->slot->memory_refused = (int32_t)-rc;
}

static long set_limits(const struct rank_child *child, enum rank_step *step)
{
	const struct rank_conditions *conditions = child->conditions;
	for (uint32_t i = 0; i < conditions->limit_count; i++) {
		const struct rank_limit *limit = &conditions->limits[i];
		*step = limit->step;
		long rc = raw_syscall(SYS_prlimit64, 0, limit->resource, (long)&limit->value, 0, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static long become_user(const struct rank_child *child)
{
	const struct rank_conditions *conditions = child->conditions;
	if (!conditions->become_user)
		return 0;
	long rc = call2(SYS_setgroups, (long)conditions->group_count, (long)conditions->groups);
	if (rc == 0)
		rc = call3(SYS_setresgid, conditions->gid, conditions->gid, conditions->gid);
	if (rc == 0)
		rc = call3(SYS_setresuid, conditions->uid, conditions->uid, conditions->uid);
	return rc;
}

/* After the change of user, which clears the setting. The supervisor may be gone already: then there is no parent whose
 * death would be told. */
static long die_with_supervisor(const struct rank_child *child)
{
	long rc = call2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (rc == 0 && call1(SYS_getppid, 0) != child->conditions->supervisor)
		rc = -ESRCH;
	return rc;
}

static long set_descriptors(const struct rank_child *child)
{
	for (int target = 0; target < 3; target++) {
		long rc = call3(SYS_dup3, child->descriptors[target], target, 0);
		if (rc < 0)
			return rc;
	}
	long rc = child->segment < 0 ? 0 : call3(SYS_dup3, child->segment, SEGMENT_DESCRIPTOR, 0);
	if (rc < 0)
		return rc;
	/* Where the kernel does not know this, or a filter does not, exec closes them a moment later: all are marked.
	 */
	call3(SYS_close_range, child->segment < 0 ? SEGMENT_DESCRIPTOR : SEGMENT_DESCRIPTOR + 1, ~0U, 0);
	return 0;
}

static int fail(const struct rank_child *child, enum rank_step step, long rc)
{
	child->slot->failed_errno = (int32_t)-rc;
	child->slot->failed_step = step;
	return 127;
}

int rank_child_main(void *rank_child)
{
	const struct rank_child *child = rank_child;
	const struct rank_conditions *conditions = child->conditions;
	static const uint64_t no_signals;
	enum rank_step step;
	long rc;

	if ((rc = enter_cgroup(child)) < 0)
		return fail(child, STEP_CGROUP, rc);
	if ((rc = call2(SYS_setpgid, 0, 0)) < 0)
		return fail(child, STEP_GROUP, rc);
	if ((rc = default_signals(child)) < 0)
		return fail(child, STEP_SIGNALS, rc);
	if ((rc = bind_cpus(child)) < 0)
		return fail(child, STEP_AFFINITY, rc);
	bind_memory(child);
	if (conditions->has_umask)
		call1(SYS_umask, conditions->umask);
	if (conditions->has_nice && (rc = call3(SYS_setpriority, PRIO_PROCESS, 0, conditions->nice)) < 0)
		return fail(child, STEP_NICE, rc);
	if ((rc = set_descriptors(child)) < 0)
		return fail(child, STEP_DESCRIPTORS, rc);
	/* Limits come late: a small number of open files must not get in the way of the steps before. */
	if ((rc = set_limits(child, &step)) < 0)
		return fail(child, step, rc);
	if ((rc = become_user(child)) < 0)
		return fail(child, STEP_USER, rc);
	/* As the user that it becomes: root may enter what the user may not. */
	if (child->directory != NULL && (rc = call1(SYS_chdir, (long)child->directory)) < 0)
		return fail(child, STEP_DIRECTORY, rc);
	if ((rc = die_with_supervisor(child)) < 0)
		return fail(child, STEP_PARENT_DEATH, rc);
	/* Last: a stop signal that came in the meantime ends the child here. */
	raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&no_signals, 0, sizeof no_signals, 0);
	rc = call3(SYS_execve, (long)child->path, (long)child->argv, (long)child->envp);
	return fail(child, STEP_EXECUTE, rc);
}
