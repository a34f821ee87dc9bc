/* SPDX-License-Identifier: MIT
 *
 * examine_memory: what jobs may use of the machine's memory, and what of it is free.
 */
#include "base/byte_words.h"
#include "doctor/examine.h"

#include "base/named_line.h"
#include "machine/group_limit.h"
#include "machine/small_file.h"

#include <stdlib.h>

enum { MIB = 1 << 20, FEW_MIB = 16, LITTLE_MIB = 128 };

/* "MemTotal:  24683520 kB" */
static uint64_t read_kilobytes(const char *meminfo, const char *name)
{
	int64_t kilobytes = named_line_number(meminfo, name);
	return kilobytes > 0 ? (uint64_t)kilobytes * 1024 : 0;
}

static void examine_limit(struct findings *findings, const struct group_limit *limit, uint64_t physical)
{
	char words[BYTE_WORDS_SIZE], of[BYTE_WORDS_SIZE];
	if (limit->source == NULL || limit->limit >= physical) {
		finding_set_value(findings_add(findings, "memory.limit", "no limit below the machine's %s",
		                               byte_words(of, physical)),
		                  (double)physical);
		return;
	}
	struct finding *finding =
		findings_add(findings, "memory.limit", "%s of the machine's %s (%s)", byte_words(words, limit->limit),
	                     byte_words(of, physical), limit->source);
	finding_set_value(finding, (double)limit->limit);
	finding_grade_as(finding, FINDING_NOTE,
	                 "the ranks have it together, with files in shared memory; beyond it the kernel kills one of "
	                 "them, or, at memory.high, holds all of them back",
	                 "docker run --memory, Kubernetes' limits.memory; limits.memory in the spec for each rank");
}

static void examine_free(struct findings *findings, const struct group_limit *limit, uint64_t available)
{
	char words[BYTE_WORDS_SIZE];
	uint64_t room = group_limit_room(limit);
	uint64_t least = available < room ? available : room;
	struct finding *finding = findings_add(findings, "memory.free", "%s are free", byte_words(words, least));
	finding_set_value(finding, (double)least);
	if (least < LITTLE_MIB * (uint64_t)MIB)
		finding_grade_as(finding, least < FEW_MIB * (uint64_t)MIB ? FINDING_PROBLEM : FINDING_WARNING,
		                 "ranks are killed by the kernel as soon as they need more",
		                 "end what uses it, or raise the limit");
}

void examine_memory(struct findings *findings, const char *root)
{
	char *meminfo = small_file_read(root, "/proc/meminfo");
	if (meminfo == NULL)
		return;
	struct group_limit limit = group_limit_memory(root);
	uint64_t available = read_kilobytes(meminfo, "MemAvailable:");
	examine_limit(findings, &limit, read_kilobytes(meminfo, "MemTotal:"));
	if (available > 0)
		examine_free(findings, &limit, available);
	free(limit.source);
	free(meminfo);
}
