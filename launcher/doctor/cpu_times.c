/* SPDX-License-Identifier: MIT
 *
 * cpu_times: see cpu_times.h. A line is "cpu3 user nice system idle iowait irq softirq steal guest guest_nice"; guests
 * are counted in user and nice as well. proc_stat(5).
 */
#include "doctor/cpu_times.h"

#include "machine/small_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };

static void add_line(struct cpu_times *times, const char *line, const struct index_set *cpus)
{
	uint64_t at[FIELDS] = {0};
	uint32_t cpu;
	int seen = sscanf(line,
	                  "cpu%" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
	                  " %" SCNu64 " %" SCNu64,
	                  &cpu, &at[USER], &at[NICE], &at[SYSTEM], &at[IDLE], &at[IOWAIT], &at[IRQ], &at[SOFTIRQ],
	                  &at[STEAL]);
	if (seen < 1 + IDLE + 1 || !index_set_has(cpus, cpu))
		return;
	times->cpus++;
	times->busy += at[USER] + at[NICE] + at[SYSTEM] + at[IRQ] + at[SOFTIRQ];
	times->stolen += at[STEAL];
	for (int i = 0; i < FIELDS; i++)
		times->all += at[i];
}

bool cpu_times_read(struct cpu_times *times, const char *root, const struct index_set *cpus)
{
	char *content = small_file_read(root, "/proc/stat");
	*times = (struct cpu_times){0};
	for (const char *line = content; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "cpu", 3) == 0)
			add_line(times, line, cpus);
	}
	free(content);
	return times->cpus > 0;
}

/* The kernel may count a tick back again. */
static uint64_t difference(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

struct cpu_times cpu_times_between(const struct cpu_times *before, const struct cpu_times *after)
{
	return (struct cpu_times){
		.busy = difference(before->busy, after->busy),
		.stolen = difference(before->stolen, after->stolen),
		.all = difference(before->all, after->all),
		.cpus = after->cpus,
	};
}
