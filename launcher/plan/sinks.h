/* SPDX-License-Identifier: MIT
 *
 * sinks: where a rank's output goes, with the patterns filled in: %j the job's id, %r the rank's number, %% a percent
 * sign. A relative path is relative to the spec file (without one: to where muster was called), as every path of a spec
 * is. The same file gets the same text, so that it is opened once.
 */
#ifndef MUSTER_PLAN_SINKS_H
#define MUSTER_PLAN_SINKS_H

#include "plan/launch_plan.h"

struct arena;
struct error;

/* An absolute path: `path` under `base` unless it is absolute; "./" and doubled slashes are taken out. */
char *path_under(struct arena *arena, const char *base, const char *path);

/* `key` ("output.stdout") names the culprit when the pattern has another letter after a percent sign. */
int sinks_check(const struct sink_list *list, const char *key, struct error *err);

/* Does any path differ from rank to rank? If not, all ranks may have what was made for one. */
bool sinks_differ_by_rank(const struct sink_list *list);

void sinks_fill(struct rank_sinks *sinks, struct arena *arena, const struct sink_list *list, const char *base,
                const char *job_id, uint32_t rank);

#endif
