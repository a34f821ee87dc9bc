/* SPDX-License-Identifier: MIT
 *
 * job_json: see job_json.h.
 */
#include "job/job_json.h"

#include "base/date.h"
#include "base/file_text.h"
#include "base/index_set.h"
#include "plan/launch_plan.h"
#include "plan/placement.h"
#include "report/json_text.h"
#include "run/guards.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *make_command(const struct launch_plan *plan)
{
	json_t *command = json_array();
	for (char **word = plan->ranks[0].argv; *word != NULL; word++)
		json_array_append_new(command, json_text(*word));
	return command;
}

json_t *job_json_list(const struct index_set *set)
{
	size_t length = index_set_format(set, NULL, 0);
	char *text = calloc(1, length + 1);
	if (text != NULL)
		index_set_format(set, text, length + 1);
	json_t *list = text == NULL ? json_null() : json_string(text);
	free(text);
	return list;
}

static json_t *make_cpus(const struct launch_plan *plan)
{
	struct index_set all = {0};
	for (uint32_t r = 0; r < plan->nprocs; r++)
		index_set_union(&all, &plan->ranks[r].place->cpus);
	json_t *cpus = job_json_list(&all);
	index_set_finish(&all);
	return cpus;
}

static json_t *make_host(void)
{
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	return json_text(host);
}

static json_t *make_boot_id(void)
{
	char id[64];
	file_text_read("/proc/sys/kernel/random/boot_id", id, sizeof id);
	id[strcspn(id, "\n")] = '\0';
	return id[0] != '\0' ? json_string(id) : json_null();
}

char *job_json_format(const struct launch_plan *plan, const struct guards *guards, const struct index_set *held,
                      const char *directory, const char *socket, const struct timespec *started)
{
	char date[DATE_BYTES];
	json_t *job = json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:I, s:b, s:b, s:I, s:{s:I, s:I, s:I}, s:o, s:o, s:s, s:o, s:o, s:o}",
		"schema", "muster.job/1", "id", json_text(plan->job_id), "name", json_text(plan->job_name), "command",
		make_command(plan), "working_directory", json_text(directory), "nprocs", (json_int_t)plan->nprocs,
		"join", plan->spec->join, "daemon", plan->spec->daemon, "uid", (json_int_t)geteuid(), "pid", "guard",
		(json_int_t)guards->guard, "warden", (json_int_t)guards->warden, "supervisor", (json_int_t)getpid(),
		"host", make_host(), "boot_id", make_boot_id(), "started", date_format(date, started, 3), "socket",
		json_text(socket), "cpus", make_cpus(plan), "held_cpus", job_json_list(held));
	char *text = json_dumps(job, JSON_COMPACT);
	json_decref(job);
	return text;
}
