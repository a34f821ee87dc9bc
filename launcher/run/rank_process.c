/* SPDX-License-Identifier: MIT
 *
 * rank_process: see rank_process.h.
 */
#include "run/rank_process.h"

#include "base/error.h"
#include "base/memory.h"
#include "plan/launch_plan.h"
#include "plan/rank_key.h"
#include "run/job_segment.h"
#include "run/rank_clone.h"
#include "run/rank_limits.h"
#include "run/signals.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	ROOM_BYTES = 16 * 1024,
	STACK_BYTES = ROOM_BYTES - (sizeof(struct rank_child) + 15) / 16 * 16,
	WORD_BITS = 8 * sizeof(unsigned long),
};

/* A child's stack, and above it what the child reads: both are of use until it has left, and no longer. */
struct child_room {
	char stack[STACK_BYTES];
	_Alignas(16) struct rank_child child;
};

static_assert(sizeof(struct child_room) == ROOM_BYTES && STACK_BYTES % 16 == 0, "stacks begin where they may");

static unsigned long *mask_of(const struct index_set *set, size_t bytes)
{
	unsigned long *mask = memory_zeroed(bytes);
	for (index_set_each(set, index))
		mask[index / WORD_BITS] |= 1UL << (index % WORD_BITS);
	return mask;
}

static void make_masks(struct rank_launcher *launcher)
{
	const struct launch_plan *plan = launcher->plan;
	uint32_t cpus = 1, nodes = 1;
	for (uint32_t r = 0; r < plan->nprocs; r++) {
		uint32_t cpu = index_set_last(&plan->ranks[r].place->cpus);
		uint32_t node = index_set_last(&plan->ranks[r].place->nodes);
		if (cpu != INDEX_SET_NONE && cpu >= cpus)
			cpus = cpu + 1;
		if (node != INDEX_SET_NONE && node >= nodes)
			nodes = node + 1;
	}
	launcher->cpu_mask_bytes = (cpus + WORD_BITS - 1) / WORD_BITS * sizeof(unsigned long);
	launcher->node_bits = (nodes + WORD_BITS - 1) / WORD_BITS * WORD_BITS;
	bool memory = plan->spec->placement.memory != MEMORY_NONE;
	for (uint32_t r = 0; r < plan->nprocs; r++) {
		const struct rank_placement *place = plan->ranks[r].place;
		if (!place->bound)
			continue;
		launcher->cpu_masks[r] = mask_of(&place->cpus, launcher->cpu_mask_bytes);
		if (memory && !index_set_is_empty(&place->nodes))
			launcher->node_masks[r] = mask_of(&place->nodes, launcher->node_bits / 8);
	}
}

static void make_conditions(struct rank_launcher *launcher)
{
	const struct launch_plan *plan = launcher->plan;
	const struct job_spec *spec = plan->spec;
	static const int modes[] = {
		[MEMORY_NONE] = 0, [MEMORY_LOCAL] = MPOL_PREFERRED_MANY, [MEMORY_INTERLEAVE] = MPOL_INTERLEAVE};
	launcher->conditions = (struct rank_conditions){
		.supervisor = getpid(),
		.ignored = signals_inherited_ignored(),
		.has_umask = spec->has_umask,
		.umask = spec->umask,
		.has_nice = spec->limits.has_nice,
		.nice = spec->limits.nice,
		.become_user = plan->become_user,
		.uid = plan->uid,
		.gid = plan->gid,
		.groups = plan->groups,
		.group_count = plan->group_count,
		.memory_mode = modes[spec->placement.memory],
	};
	launcher->conditions.limit_count = rank_limits_make(launcher->conditions.limits, &spec->limits);
}

int rank_launcher_init(struct rank_launcher *launcher, const struct launch_plan *plan, struct error *err)
{
	uint32_t count = plan->nprocs;
	*launcher = (struct rank_launcher){.plan = plan, .segment_fd = -1, .cgroup = -1};
	launcher->paths = memory_zeroed(count * sizeof *launcher->paths);
	launcher->slots = memory_zeroed(count * sizeof *launcher->slots);
	launcher->cpu_masks = memory_zeroed(count * sizeof *launcher->cpu_masks);
	launcher->node_masks = memory_zeroed(count * sizeof *launcher->node_masks);
	launcher->environments = memory_zeroed(count * sizeof *launcher->environments);
	launcher->stack_of = memory_zeroed(count * sizeof *launcher->stack_of);
	make_masks(launcher);
	make_conditions(launcher);
	for (uint32_t r = 0; r < count; r++) {
		int rc = executable_find(&launcher->search, plan, r, &launcher->paths[r], err);
		if (rc < 0) {
			char key[ERROR_KEY_BYTES];
			error_about(err, rank_key(key, plan->spec, plan->ranks[r].rank, RANK_COMMAND));
			return rc;
		}
	}
	return 0;
}

static void give_stacks_back(struct rank_launcher *launcher)
{
	if (launcher->stacks != NULL)
		munmap(launcher->stacks, launcher->stacks_bytes);
	launcher->stacks = NULL;
	for (uint32_t r = 0; r < launcher->plan->nprocs; r++) {
		free(launcher->environments[r]);
		launcher->environments[r] = NULL;
	}
}

void rank_launcher_finish(struct rank_launcher *launcher)
{
	if (launcher->plan == NULL)
		return;
	give_stacks_back(launcher);
	for (uint32_t r = 0; r < launcher->plan->nprocs; r++) {
		free(launcher->cpu_masks[r]);
		free(launcher->node_masks[r]);
	}
	executable_search_finish(&launcher->search);
	free(launcher->paths);
	free(launcher->slots);
	free(launcher->cpu_masks);
	free(launcher->node_masks);
	free(launcher->environments);
	free(launcher->stack_of);
	*launcher = (struct rank_launcher){0};
}

int rank_launcher_begin(struct rank_launcher *launcher, struct error *err)
{
	give_stacks_back(launcher);
	launcher->conditions.supervisor = getpid();
	memset(launcher->slots, 0, launcher->plan->nprocs * sizeof *launcher->slots);
	launcher->stacks_bytes = (size_t)launcher->plan->nprocs * sizeof *launcher->stacks;
	launcher->stacks = mmap(NULL, launcher->stacks_bytes, PROT_READ | PROT_WRITE,
	                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (launcher->stacks == MAP_FAILED) {
		launcher->stacks = NULL;
		return error_set(err, -ENOMEM,
		                 "no memory for the start of %u ranks: %s: raise the memory limit (ulimit -v)",
		                 launcher->plan->nprocs, strerror(errno));
	}
	launcher->stack_count = 0;
	launcher->oldest_in_flight = 0;
	return 0;
}

/* A stack whose child has left is warm: it is used again before a fresh one is touched. */
static struct child_room *take_room(struct rank_launcher *launcher, uint32_t local_rank)
{
	uint32_t oldest = launcher->oldest_in_flight;
	uint32_t number;
	if (oldest < local_rank && launcher->slots[oldest].tid == 0) {
		number = launcher->stack_of[oldest];
		launcher->oldest_in_flight++;
	} else {
		number = launcher->stack_count++;
	}
	launcher->stack_of[local_rank] = number;
	return &launcher->stacks[number];
}

static size_t name_length(const char *line)
{
	return strcspn(line, "=");
}

static bool sets_name(char *const *lines, const char *line)
{
	size_t length = name_length(line);
	for (; *lines != NULL; lines++)
		if (strncmp(*lines, line, length) == 0 && (*lines)[length] == '=')
			return true;
	return false;
}

static size_t count_lines(char *const *lines)
{
	size_t count = 0;
	while (lines[count] != NULL)
		count++;
	return count;
}

static bool is_restart_count(const char *line)
{
	static const char *const names[] = {RESTART_COUNT_VARIABLES};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (name_length(line) == strlen(names[i]) && strncmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The pointers and what only this start knows in one block, which free() gives back whole. */
static char **make_environment(const struct rank_launcher *launcher, const struct rank_plan *rank,
                               uint32_t restart_count)
{
	static char segment_line[] = "MUSTER_FD=3";
	static_assert(SEGMENT_DESCRIPTOR == 3, "what the line says");
	const struct launch_plan *plan = launcher->plan;
	static const char *const counters[] = {RESTART_COUNT_VARIABLES};
	enum { COUNTERS = sizeof counters / sizeof *counters, COUNTER_BYTES = 64 };
	size_t room = count_lines(plan->job_environment) + count_lines(rank->environment) + COUNTERS + 2;
	char **lines = memory_zeroed(room * sizeof *lines + COUNTERS * COUNTER_BYTES);
	char *text = (char *)(lines + room);
	size_t at = 0;
	for (char **line = plan->job_environment; *line != NULL; line++)
		if (!is_restart_count(*line) && !sets_name(rank->environment, *line))
			lines[at++] = *line;
	for (char **line = rank->environment; *line != NULL; line++)
		if (!is_restart_count(*line))
			lines[at++] = *line;
	for (size_t i = 0; i < COUNTERS; i++, text += COUNTER_BYTES) {
		snprintf(text, COUNTER_BYTES, "%s=%u", counters[i], restart_count);
		lines[at++] = text;
	}
	if (launcher->segment_fd >= 0)
		lines[at++] = segment_line;
	return lines;
}

static bool is_shortage(int code)
{
	return code == EAGAIN || code == ENOMEM || code == EMFILE || code == ENFILE;
}

/* Where the kernel, or a filter of a container's, does not let ranks be born in a group, they are born without. */
static pid_t clone_child(struct rank_launcher *launcher, struct child_room *room, int *pidfd)
{
	struct rank_child *child = &room->child;
	struct rank_slot *slot = child->slot;
	slot->tid = 1; /* any but 0: it is in flight before it runs */
	if (launcher->cgroup >= 0) {
		const struct rank_stack stack = {room->stack, sizeof room->stack};
		pid_t pid = rank_clone_into(launcher->cgroup, &stack, rank_child_main, child, pidfd, &slot->tid);
		if (pid > 0)
			return pid;
		errno = -pid;
		if (is_shortage(errno))
			return -1;
		launcher->cgroup = -1;
	}
	return clone(rank_child_main, room->stack + sizeof room->stack,
	             CLONE_VM | CLONE_PIDFD | CLONE_CHILD_CLEARTID | SIGCHLD, child, pidfd, NULL,
	             (pid_t *)(uintptr_t)&slot->tid);
}

static int clone_failed(int code, const struct rank_plan *rank, struct error *err)
{
	struct rlimit processes = {RLIM_INFINITY, RLIM_INFINITY};
	char limit[24] = "unlimited";
	getrlimit(RLIMIT_NPROC, &processes);
	if (processes.rlim_cur != RLIM_INFINITY)
		snprintf(limit, sizeof limit, "%llu", (unsigned long long)processes.rlim_cur);
	if (code == EAGAIN)
		return error_set(
			err, -code,
			"cannot start rank %u: no more processes are allowed: RLIMIT_NPROC (ulimit -u) is %s, or the "
			"cgroup's pids.max is reached",
			rank->rank, limit);
	if (code == EMFILE || code == ENFILE)
		return error_set(err, -code,
		                 "cannot start rank %u: no more open files: raise RLIMIT_NOFILE (ulimit -n)",
		                 rank->rank);
	return error_set(err, -code, "cannot start rank %u: clone: %s", rank->rank, strerror(code));
}

int rank_start(struct rank_launcher *launcher, uint32_t local_rank, const int descriptors[3], uint32_t restart_count,
               int cgroup_procs, struct started_rank *started, struct error *err)
{
	const struct rank_plan *rank = &launcher->plan->ranks[local_rank];
	struct rank_slot *slot = &launcher->slots[local_rank];
	struct child_room *room = take_room(launcher, local_rank);
	launcher->environments[local_rank] = make_environment(launcher, rank, restart_count);
	room->child = (struct rank_child){
		.conditions = &launcher->conditions,
		.slot = slot,
		.path = launcher->paths[local_rank],
		.argv = rank->argv,
		.envp = launcher->environments[local_rank],
		.directory = rank->working_directory,
		.cpus = launcher->cpu_masks[local_rank],
		.cpus_bytes = launcher->cpu_mask_bytes,
		.nodes = launcher->node_masks[local_rank],
		.node_bits = launcher->node_bits,
		.cgroup_procs = cgroup_procs,
		.descriptors = {descriptors[0], descriptors[1], descriptors[2]},
		.segment = launcher->segment_fd,
	};
	int pidfd = -1;
	pid_t pid = clone_child(launcher, room, &pidfd);
	if (pid < 0) {
		slot->tid = 0;
		return clone_failed(errno, rank, err);
	}
	*started = (struct started_rank){.pid = pid, .pidfd = pidfd};
	return 0;
}

bool rank_launcher_all_left(struct rank_launcher *launcher)
{
	for (uint32_t r = launcher->oldest_in_flight; r < launcher->plan->nprocs; r++)
		if (launcher->slots[r].tid != 0)
			return false;
	give_stacks_back(launcher);
	return true;
}
