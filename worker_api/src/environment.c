/* SPDX-License-Identifier: MIT
 *
 * environment: see environment.h.
 */
#include "environment.h"

#include "error.h"
#include "world.h"

#include <muster/world.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rank_environment environment = {.size = 1, .local_size = 1, .node_count = 1, .fd = -1};

static const struct {
	const char *name;
	int *value;
	int least;
} numbers[] = {
	{"MUSTER_RANK", &environment.rank, 0},
	{"MUSTER_WORLD_SIZE", &environment.size, 1},
	{"MUSTER_LOCAL_RANK", &environment.local_rank, 0},
	{"MUSTER_LOCAL_WORLD_SIZE", &environment.local_size, 1},
	{"MUSTER_NODE_RANK", &environment.node_rank, 0},
	{"MUSTER_NUM_NODES", &environment.node_count, 1},
	{"MUSTER_RESTART_COUNT", &environment.restart_count, 0},
	{"MUSTER_FD", &environment.fd, 0},
};

static int read_number(const char *name, int least, int *value)
{
	const char *text = getenv(name);
	char *end;
	if (text == NULL)
		return error_set(
			MUSTER_EENVIRONMENT,
			"%s is not set, but other variables of muster are: pass the whole environment on, or "
			"none of it%s",
			name, strcmp(name, "MUSTER_FD") == 0 ? " (this muster may have made no shared segment)" : "");
	errno = 0;
	long number = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < least || number > INT_MAX)
		return error_set(MUSTER_EENVIRONMENT, "%s is '%.40s': not a number from %d on", name, text, least);
	*value = (int)number;
	return 0;
}

static void read_text(const char *name, char *into, size_t size)
{
	const char *text = getenv(name);
	snprintf(into, size, "%s", text != NULL ? text : "");
}

static bool anything_is_set(void)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (getenv(numbers[i].name) != NULL)
			return true;
	return false;
}

int environment_read(void)
{
	if (!anything_is_set())
		return 0;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		int rc = read_number(numbers[i].name, numbers[i].least, numbers[i].value);
		if (rc < 0)
			return rc;
	}
	read_text("MUSTER_JOB_ID", environment.job_id, sizeof environment.job_id);
	read_text("MUSTER_JOB_NAME", environment.job_name, sizeof environment.job_name);
	read_text("MUSTER_CPUS", environment.cpus, sizeof environment.cpus);
	environment.inside = true;
	return 0;
}

const struct rank_environment *environment_get(void)
{
	return &environment;
}

int muster_local_rank(const muster_world *world)
{
	(void)world;
	return environment.local_rank;
}

int muster_local_size(const muster_world *world)
{
	(void)world;
	return environment.local_size;
}

int muster_node_rank(const muster_world *world)
{
	(void)world;
	return environment.node_rank;
}

int muster_node_count(const muster_world *world)
{
	(void)world;
	return environment.node_count;
}

int muster_restart_count(const muster_world *world)
{
	(void)world;
	return environment.restart_count;
}

const char *muster_job_id(const muster_world *world)
{
	(void)world;
	return environment.job_id;
}

const char *muster_job_name(const muster_world *world)
{
	(void)world;
	return environment.job_name;
}

const char *muster_cpus(const muster_world *world)
{
	(void)world;
	return environment.cpus;
}
