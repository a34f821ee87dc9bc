/* SPDX-License-Identifier: MIT
 *
 * spared: see spared.h.
 */
#include "run/spared.h"

#include "run/process_stat.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

struct spared {
	pid_t pid;
	uint64_t started;
};

static struct spared *all;
static uint32_t count, capacity;
static pid_t noted_by;

void spared_add(pid_t pid)
{
	struct process_stat stat;
	if (!process_stat_read(pid, &stat))
		return;
	if (count == capacity) {
		uint32_t larger = capacity == 0 ? 16 : capacity * 2;
		struct spared *grown = reallocarray(all, larger, sizeof *grown);
		if (grown == NULL)
			return;
		all = grown;
		capacity = larger;
	}
	noted_by = getpid();
	all[count++] = (struct spared){pid, stat.started};
}

bool spared_has(pid_t pid)
{
	struct process_stat stat;
	for (uint32_t i = 0; i < count && noted_by == getpid(); i++)
		if (all[i].pid == pid)
			return process_stat_read(pid, &stat) && stat.started == all[i].started;
	return false;
}
