/* SPDX-License-Identifier: MIT
 *
 * allowance: see allowance.h. Reading and arithmetic stand apart: quota_of() is the arithmetic.
 */
#include "machine/allowance.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "machine/cgroup_path.h"
#include "machine/small_file.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int allowance_affinity(struct index_set *cpus, struct error *err)
{
	/* The kernel refuses a mask shorter than its own with EINVAL, so the mask grows until it fits. */
	for (unsigned limit = 1024; limit <= INDEX_SET_MAX + 1; limit *= 2) {
		cpu_set_t *mask = CPU_ALLOC(limit);
		if (mask == NULL)
			memory_exhausted();
		int rc = sched_getaffinity(0, CPU_ALLOC_SIZE(limit), mask) < 0 ? -errno : 0;
		if (rc == 0) {
			index_set_clear(cpus);
			for (unsigned cpu = 0; cpu < limit; cpu++)
				if (CPU_ISSET_S(cpu, CPU_ALLOC_SIZE(limit), mask))
					index_set_add(cpus, cpu);
		}
		CPU_FREE(mask);
		if (rc == 0)
			return 0;
		if (rc != -EINVAL)
			return error_set(err, rc, "cannot read the CPU affinity of this process: %s", strerror(-rc));
	}
	return error_set(err, -ERANGE, "this kernel has more than %u CPUs: muster cannot place on it",
	                 INDEX_SET_MAX + 1);
}

static uint32_t quota_of(int64_t quota_us, int64_t period_us)
{
	if (quota_us <= 0 || period_us <= 0)
		return 0;
	if (quota_us > INT64_MAX / 1000 || quota_us * 1000 / period_us > UINT32_MAX)
		return 0;
	uint32_t millicpus = (uint32_t)(quota_us * 1000 / period_us);
	return millicpus > 0 ? millicpus : 1;
}

/* "50000 100000" (quota and period in microseconds) is 500; 0 for "max ..." and for what is not understood. */
static uint32_t parse_cpu_max(const char *text)
{
	int64_t quota_us, period_us;
	if (sscanf(text, "%" SCNd64 " %" SCNd64, &quota_us, &period_us) != 2)
		return 0;
	return quota_of(quota_us, period_us);
}

struct quota_search {
	const char *root;
	struct cpu_quota lowest;
};

static void keep_lower(struct cpu_quota *lowest, uint32_t millicpus, const char *file)
{
	if (millicpus == 0 || (lowest->millicpus != 0 && lowest->millicpus <= millicpus))
		return;
	free(lowest->source);
	*lowest = (struct cpu_quota){millicpus, memory_copy_text(file)};
}

static char *read_in(const char *root, struct text *path, const char *directory, const char *name)
{
	path->length = 0;
	text_add_format(path, "%s/%s", directory, name);
	return small_file_read(root, path->bytes);
}

static void look_for_quota(const struct cgroup_visit *visit, void *context)
{
	struct quota_search *search = context;
	struct text path = {0};
	char *quota, *period = NULL;
	if (visit->is_version_2) {
		quota = read_in(search->root, &path, visit->directory, "cpu.max");
		if (quota != NULL)
			keep_lower(&search->lowest, parse_cpu_max(quota), path.bytes);
	} else {
		period = read_in(search->root, &path, visit->directory, "cpu.cfs_period_us");
		quota = read_in(search->root, &path, visit->directory, "cpu.cfs_quota_us");
		if (quota != NULL && period != NULL)
			keep_lower(&search->lowest, quota_of(strtoll(quota, NULL, 10), strtoll(period, NULL, 10)),
			           path.bytes);
	}
	free(quota);
	free(period);
	text_finish(&path);
}

struct cpu_quota allowance_quota(const char *root)
{
	struct quota_search search = {.root = root};
	cgroup_path_walk(root, "cpu", look_for_quota, &search);
	return search.lowest;
}

struct cpuset_search {
	const char *root;
	struct index_set *cpus;
	char *found;
};

static void look_for_cpuset(const struct cgroup_visit *visit, void *context)
{
	struct cpuset_search *search = context;
	if (search->found != NULL)
		return;
	struct text path = {0};
	char *cpus = read_in(search->root, &path, visit->directory,
	                     visit->is_version_2 ? "cpuset.cpus.effective" : "cpuset.cpus");
	if (cpus != NULL) {
		search->found = memory_copy_text(path.bytes);
		cpus[strcspn(cpus, "\n")] = '\0';
		index_set_parse(search->cpus, cpus, INDEX_SET_MAX, NULL);
	}
	free(cpus);
	text_finish(&path);
}

char *allowance_cpuset(const char *root, struct index_set *cpus)
{
	struct cpuset_search search = {.root = root, .cpus = cpus};
	index_set_clear(cpus);
	cgroup_path_walk(root, "cpuset", look_for_cpuset, &search);
	return search.found;
}
