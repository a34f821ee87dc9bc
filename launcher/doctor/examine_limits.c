/* SPDX-License-Identifier: MIT
 *
 * examine_limits: what one process, one user and one control group may have, against what a job of a rank for each core
 * needs: guard, warden, supervisor, a thread of its own, the ranks, and threads of these.
 */
#include "base/byte_words.h"
#include "doctor/examine.h"

#include "base/named_line.h"
#include "machine/cgroup_path.h"
#include "machine/group_limit.h"
#include "machine/small_file.h"
#include "run/preflight.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OWN_PROCESSES = 4,
	EASE_A_CORE = 16, /* threads and helpers of a rank */
	EASE = 32,
	FEW_FILES = 1024,
	SMALL_STACK_BYTES = 1 << 20,
	WORDS = 32,
};

/* --- facts --- */

/* Threads of this user, of the processes that can be seen. */
static uint64_t count_processes(void)
{
	uint64_t count = 0;
	DIR *all = opendir("/proc");
	for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
		char path[sizeof entry->d_name + 16];
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
		char *status = small_file_read("", path);
		int64_t threads = status != NULL ? named_line_number(status, "Threads:") : 0;
		if (threads > 0 && named_line_number(status, "Uid:") == (int64_t)getuid())
			count += (uint64_t)threads;
		free(status);
	}
	if (all != NULL)
		closedir(all);
	return count;
}

/* The limit of processes does not hold for the machine's root, and does for one of a user namespace. */
static bool is_true_root(void)
{
	char *map = small_file_read("", "/proc/self/uid_map");
	uint64_t inside = 1, outside = 1, count = 0;
	bool known = map != NULL && sscanf(map, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside, &count) == 3;
	free(map);
	return getuid() == 0 && known && inside == 0 && outside == 0 && count == UINT32_MAX;
}

void limit_facts_read(struct limit_facts *facts, uint32_t cores)
{
	*facts = (struct limit_facts){.root = "", .cores = cores, .is_root = is_true_root()};
	for (int i = 0; i < (int)RLIM_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &facts->limits[i]) < 0)
			facts->limits[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	if (!facts->is_root && facts->limits[RLIMIT_NPROC].rlim_cur != RLIM_INFINITY)
		facts->user_processes = count_processes();
}

/* --- findings --- */

static const char *limit_words(char words[static WORDS], rlim_t limit)
{
	if (limit == RLIM_INFINITY)
		snprintf(words, WORDS, "unlimited");
	else
		snprintf(words, WORDS, "%llu", (unsigned long long)limit);
	return words;
}

static void set_limit_value(struct finding *finding, rlim_t limit)
{
	if (limit != RLIM_INFINITY)
		finding_set_value(finding, (double)limit);
}

static void examine_files(struct findings *findings, const struct limit_facts *facts)
{
	const struct rlimit *limit = &facts->limits[RLIMIT_NOFILE];
	char soft[WORDS], hard[WORDS];
	uint64_t ranks = preflight_ranks_within(limit->rlim_max);
	struct finding *finding = findings_add(
		findings, "limits.open_files", "open files: %s, and %s when raised, enough for %" PRIu64 " ranks",
		limit_words(soft, limit->rlim_cur), limit_words(hard, limit->rlim_max), ranks);
	set_limit_value(finding, limit->rlim_cur);
	if (ranks < facts->cores)
		finding_grade_as(finding, FINDING_WARNING, "a job with a rank for each core is refused",
		                 "ulimit -Hn, docker run --ulimit nofile=65536, LimitNOFILE=; --raw needs fewer");
	else if (limit->rlim_cur < FEW_FILES)
		finding_grade_as(finding, FINDING_NOTE,
		                 "ranks inherit it, and programs with many files run out of them",
		                 "limits.open_files in the spec, or ulimit -n");
}

static const char processes_run_out[] =
	"ranks, or threads of theirs, cannot be made: \"Resource temporarily unavailable\"";

static void grade_room(struct finding *finding, const struct limit_facts *facts, uint64_t room, const char *remedy)
{
	if (room < OWN_PROCESSES + (uint64_t)facts->cores)
		finding_grade_as(finding, FINDING_PROBLEM, processes_run_out, remedy);
	else if (room < EASE + EASE_A_CORE * (uint64_t)facts->cores)
		finding_grade_as(finding, FINDING_WARNING,
		                 "jobs of many ranks, or of ranks with many threads, run out of them", remedy);
}

static void examine_processes(struct findings *findings, const struct limit_facts *facts)
{
	rlim_t limit = facts->limits[RLIMIT_NPROC].rlim_cur;
	char words[WORDS];
	if (facts->is_root || limit == RLIM_INFINITY || facts->user_processes == 0) {
		findings_add(findings, "limits.processes", "processes of this user: %s%s", limit_words(words, limit),
		             facts->is_root ? ", which does not hold for root" : "");
		return;
	}
	uint64_t room = limit > facts->user_processes ? limit - facts->user_processes : 0;
	struct finding *finding = findings_add(findings, "limits.processes",
	                                       "processes and threads of this user: %s, of which %" PRIu64 " are there",
	                                       limit_words(words, limit), facts->user_processes);
	set_limit_value(finding, limit);
	grade_room(finding, facts, room, "ulimit -u, docker run --ulimit nproc, LimitNPROC=");
}

static void examine_group_processes(struct findings *findings, const struct limit_facts *facts)
{
	struct group_limit limit = group_limit_processes(facts->root);
	if (limit.source == NULL) {
		if (cgroup_path_is_known(facts->root))
			findings_add(findings, "limits.group_processes", "no limit of processes by a control group");
		return;
	}
	struct finding *finding = findings_add(findings, "limits.group_processes",
	                                       "processes and threads of this control group: %" PRIu64
	                                       ", of which %" PRIu64 " are there (%s)",
	                                       limit.limit, limit.used, limit.source);
	finding_set_value(finding, (double)limit.limit);
	grade_room(finding, facts, group_limit_room(&limit), "docker run --pids-limit, TasksMax=");
	free(limit.source);
}

/* Those that are mostly unlimited, or large enough. `least`: from which on all is well. */
struct plain_limit {
	int resource;
	const char *id, *noun;
	bool is_bytes;
	rlim_t least;
	const char *meaning, *remedy;
};

static const struct plain_limit plain_limits[] = {
	{RLIMIT_STACK, "limits.stack", "stack", true, SMALL_STACK_BYTES,
         "the main thread of each rank has no more, and many programs need more", "ulimit -s 8192"},
	{RLIMIT_FSIZE, "limits.file_size", "size of a file", true, RLIM_INFINITY,
         "ranks that write more are killed by SIGXFSZ; libmuster's shared segment is no larger either",
         "ulimit -f unlimited"},
	{RLIMIT_AS, "limits.address_space", "address space", true, RLIM_INFINITY,
         "ranks that map more get \"Cannot allocate memory\", long before they use it",
         "ulimit -v unlimited; limits.memory in the spec limits what is used"},
	{RLIMIT_DATA, "limits.data", "data", true, RLIM_INFINITY, "ranks that need more get \"Cannot allocate memory\"",
         "ulimit -d unlimited"},
	{RLIMIT_CPU, "limits.cpu_time", "seconds of CPU time", false, RLIM_INFINITY,
         "each rank that has used as much is killed by SIGXCPU", "ulimit -t unlimited"},
	{RLIMIT_MEMLOCK, "limits.locked_memory", "locked memory", true, 64 * 1024,
         "programs that lock memory (RDMA, io_uring of old kernels, GPU libraries) fail",
         "ulimit -l unlimited, docker run --ulimit memlock=-1"},
};

static void examine_plain(struct findings *findings, const struct plain_limit *plain, rlim_t limit)
{
	char words[WORDS];
	if (plain->is_bytes && limit != RLIM_INFINITY)
		byte_words(words, limit);
	else
		limit_words(words, limit);
	struct finding *finding = findings_add(findings, plain->id, "%s: %s", plain->noun, words);
	set_limit_value(finding, limit);
	if (limit < plain->least)
		finding_grade_as(finding, plain->resource == RLIMIT_MEMLOCK ? FINDING_NOTE : FINDING_WARNING,
		                 plain->meaning, plain->remedy);
}

/* --- core files --- */

static void judge_core(struct finding *finding, const char *pattern, const char *uses_pid, const struct rlimit *limit)
{
	bool is_piped = pattern[0] == '|';
	bool is_named = pattern[0] == '\0' || strstr(pattern, "%p") != NULL || strstr(pattern, "%P") != NULL ||
	                uses_pid[0] == '1';
	if (is_piped)
		finding_grade_as(
			finding, FINDING_NOTE,
			"core files of ranks go to that program of the host, whatever the limit, and none lies "
			"beside the rank",
			"coredumpctl on the host, or kernel.core_pattern=core.%p there");
	else if (limit->rlim_cur == 0 && limit->rlim_max == 0)
		finding_grade_as(
			finding, FINDING_NOTE, "a rank that crashes leaves no core file",
			"to have one: raise the hard limit (docker run --ulimit core=-1), then limits.core_size "
			"in the spec");
	else if (limit->rlim_cur == 0)
		finding_grade_as(finding, FINDING_NOTE, "a rank that crashes leaves no core file",
		                 "limits.core_size in the spec, or ulimit -c unlimited, to have one");
	else if (!is_named)
		finding_grade_as(finding, FINDING_NOTE,
		                 "ranks that crash in one directory overwrite each other's core file",
		                 "kernel.core_uses_pid=1, or kernel.core_pattern=core.%p, on the host");
}

static void examine_core(struct findings *findings, const struct limit_facts *facts)
{
	const struct rlimit *limit = &facts->limits[RLIMIT_CORE];
	char *pattern = small_file_read_line(facts->root, "/proc/sys/kernel/core_pattern");
	char *uses_pid = small_file_read_line(facts->root, "/proc/sys/kernel/core_uses_pid");
	char soft[WORDS], hard[WORDS];
	struct finding *finding =
		findings_add(findings, "limits.core_size", "core files: size %s, at most %s; pattern \"%s\"",
	                     limit_words(soft, limit->rlim_cur), limit_words(hard, limit->rlim_max),
	                     pattern != NULL ? pattern : "unknown");
	set_limit_value(finding, limit->rlim_cur);
	judge_core(finding, pattern != NULL ? pattern : "", uses_pid != NULL ? uses_pid : "", limit);
	free(pattern);
	free(uses_pid);
}

void examine_limits(struct findings *findings, const struct limit_facts *facts)
{
	examine_files(findings, facts);
	examine_processes(findings, facts);
	examine_group_processes(findings, facts);
	for (size_t i = 0; i < sizeof plain_limits / sizeof *plain_limits; i++)
		examine_plain(findings, &plain_limits[i], facts->limits[plain_limits[i].resource].rlim_cur);
	examine_core(findings, facts);
}
