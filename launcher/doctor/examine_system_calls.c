/* SPDX-License-Identifier: MIT
 *
 * examine_system_calls: calls that a kernel may lack and that the seccomp profiles of containers refuse. Each is really
 * made, for a profile cannot be read; what the refusal means is in the table. Those that every job makes are tried by
 * a job (examine_job).
 */
#include "doctor/examine.h"
#include "doctor/trial.h"

#include "base/file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449 /* everywhere; Linux 5.16 */
#endif

static int told(long result)
{
	return result < 0 ? -errno : 0;
}

/* To the mask that it has. */
static int try_affinity(void)
{
	unsigned long mask[1024];
	long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
	return bytes < 0 ? -errno : told(syscall(SYS_sched_setaffinity, 0, bytes, mask));
}

/* "Where the CPU is", which every machine knows. */
static int try_memory_policy(void)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	int rc = told(syscall(SYS_set_mempolicy, MPOL_PREFERRED, NULL, 0UL));
	void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rc < 0 || page == MAP_FAILED)
		return rc;
	return told(syscall(SYS_mbind, page, bytes, MPOL_PREFERRED, NULL, 0UL, 0U));
}

static int try_pidfd_open(void)
{
	return told(syscall(SYS_pidfd_open, getpid(), 0U));
}

/* A directory of /proc is a pidfd, too. */
static int try_pidfd_signal(void)
{
	int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return self < 0 ? -TRIAL_UNTRIED : told(syscall(SYS_pidfd_send_signal, self, 0, NULL, 0U));
}

static int try_clone3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long child = syscall(SYS_clone3, &args, sizeof args);
	if (child == 0)
		_exit(0);
	if (child < 0)
		return -errno;
	waitpid((pid_t)child, NULL, 0);
	return 0;
}

/* On a word that has another value already. */
static int try_futex_waitv(void)
{
	static uint32_t word;
	struct {
		uint64_t value, address;
		uint32_t flags, reserved;
	} wait = {1, (uintptr_t)&word, 2 /* 32 bits */, 0};
	const struct timespec past = {0};
	int rc = told(syscall(SYS_futex_waitv, &wait, 1U, 0U, &past, CLOCK_MONOTONIC));
	return rc == -EAGAIN || rc == -ETIMEDOUT ? 0 : rc;
}

static int try_subreaper(void)
{
	return told(prctl(PR_SET_CHILD_SUBREAPER, 1));
}

/* A child that lets its siblings read it, as a rank does (copying_allow of libmuster); negative: there is none. */
static pid_t start_readable(void)
{
	int lets[2];
	char nothing;
	if (pipe2(lets, O_CLOEXEC) < 0)
		return -1;
	pid_t parent = getpid(), child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_PTRACER, (unsigned long)parent, 0, 0, 0);
		close(lets[1]);
		for (;;)
			pause();
	}
	close(lets[1]);
	while (child > 0 && read(lets[0], &nothing, 1) < 0 && errno == EINTR)
		;
	close(lets[0]);
	return child;
}

/* As ranks do it: one child of this process reads another. */
static int try_read_memory(void)
{
	static const uint64_t token = UINT64_C(0x6d7573746572);
	uint64_t copy = 0;
	struct iovec into = {&copy, sizeof copy}, from = {(void *)(uintptr_t)&token, sizeof token};
	pid_t sibling = start_readable();
	if (sibling < 0)
		return -TRIAL_UNTRIED;
	pid_t reader = fork();
	if (reader == 0)
		_exit(process_vm_readv(sibling, &into, 1, &from, 1, 0) < 0 ? errno : 0);
	int status = TRIAL_UNTRIED << 8;
	if (reader > 0)
		waitpid(reader, &status, 0);
	kill(sibling, SIGKILL);
	waitpid(sibling, NULL, 0);
	if (WIFSIGNALED(status))
		raise(WTERMSIG(status));
	return -WEXITSTATUS(status);
}

struct system_call {
	const char *id;
	const char *name;
	int (*attempt)(void);
	enum finding_grade grade;
	const char *meaning;
	const char *remedy;
};

static const char allow[] = "let the container's seccomp profile allow it (--security-opt seccomp=PROFILE)";

static const char yama[] = "kernel.yama.ptrace_scope is above 1: set it by sysctl on the host, or docker run --cap-add "
			   "SYS_PTRACE";

static const struct system_call calls[] = {
	{"kernel.affinity", "sched_setaffinity", try_affinity, FINDING_PROBLEM,
         "ranks cannot be bound to CPUs, and jobs that ask for it (the default) do not start",
         "let the container's seccomp profile allow it, or run with --bind-to none"},
	{"kernel.memory_policy", "binding memory (set_mempolicy, mbind)", try_memory_policy, FINDING_NOTE,
         "memory is not bound to NUMA nodes, of which each job warns once; CPUs are bound all the same",
         "docker run --cap-add SYS_NICE, or --mem-bind none to silence it"},
	{"kernel.pidfd_open", "pidfd_open", try_pidfd_open, FINDING_WARNING,
         "jobs with daemon: true are refused, and a job whose supervisor does not answer cannot be stopped by muster "
         "stop",
         allow},
	{"kernel.pidfd_send_signal", "pidfd_send_signal", try_pidfd_signal, FINDING_WARNING,
         "what the children of ranks leave behind is found, and cannot be ended", allow},
	{"kernel.futex_waitv", "futex_waitv", try_futex_waitv, FINDING_NOTE,
         "libmuster sees the death of a rank up to some milliseconds later, for it has to look",
         "Linux 5.16 or later, and a seccomp profile that allows it"},
	{"kernel.read_memory", "process_vm_readv of another rank", try_read_memory, FINDING_NOTE,
         "libmuster takes large messages through shared memory, in one copy more",
         "docker run --cap-add SYS_PTRACE, or a seccomp profile that allows it"},
	{"cleanup.subreaper", "prctl(PR_SET_CHILD_SUBREAPER)", try_subreaper, FINDING_WARNING,
         "processes that leave their rank behind are lost sight of, and may outlive the job", allow},
};

static bool is_yama(const struct system_call *call)
{
	char scope[16];
	return call->attempt == try_read_memory &&
	       file_text_read("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof scope) > 0 && atoi(scope) > 1;
}

/* What is still to be graded: the finding of a call that is refused, and its errno. NULL where there is none. */
static struct finding *find_refused(struct findings *findings, const char *id, const char *name, int (*attempt)(void),
                                    int *code)
{
	char words[TRIAL_WORDS_SIZE];
	struct trial_result tried = trial_make(attempt);
	*code = tried.code;
	if (tried.untried)
		return NULL;
	if (trial_succeeded(&tried)) {
		findings_add(findings, id, "%s works", name);
		return NULL;
	}
	struct finding *finding = findings_add(findings, id, "%s: %s", name, trial_words(&tried, words));
	if (tried.signal != 0) {
		trial_grade_killed(finding);
		return NULL;
	}
	return finding;
}

static void examine_one(struct findings *findings, const struct system_call *call)
{
	int code;
	struct finding *finding = find_refused(findings, call->id, call->name, call->attempt, &code);
	if (finding != NULL)
		finding_grade_as(finding, call->grade, call->meaning, is_yama(call) ? yama : call->remedy);
}

/* A refusal by ENOSYS makes C libraries take the older call; by anything else it is an error. */
static void examine_clone3(struct findings *findings)
{
	int code;
	struct finding *finding = find_refused(findings, "kernel.clone3", "clone3", try_clone3, &code);
	if (finding == NULL)
		return;
	if (code == ENOSYS)
		finding_grade_as(finding, FINDING_NOTE,
		                 "ranks are not born into a control group, and the process tree alone is cleared",
		                 allow);
	else
		finding_grade_as(
			finding, FINDING_WARNING,
			"programs with glibc 2.34 or later cannot make threads: they expect ENOSYS where it is "
			"refused",
			"a container engine of 2022 or later, or a seccomp profile that answers ENOSYS");
}

void examine_system_calls(struct findings *findings)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		examine_one(findings, &calls[i]);
	examine_clone3(findings);
}
