/* SPDX-License-Identifier: MIT
 *
 * launch_plan: everything that starting and supervising needs to know, decided. Made once from the spec, the placement
 * and what the world looks like (launch_context); const from then on. The supervisor sees neither YAML nor hwloc, only
 * this: absolute paths, whole argument and environment vectors, CPU sets, numbers.
 */
#ifndef MUSTER_PLAN_LAUNCH_PLAN_H
#define MUSTER_PLAN_LAUNCH_PLAN_H

#include "plan/placement.h"
#include "spec/job_spec.h"

#include <sys/types.h>

struct error;
struct machine;

/* What the plan takes from outside, so that making it stays a pure function. */
struct launch_context {
	char *const *environment; /* the launcher's own */
	const char *job_id;
	const char *outer_jobs; /* ids of the jobs that the launcher is in, with blanks between them; NULL: none */
	const char *directory;  /* absolute: the launcher's own working directory */
	uint32_t node_rank;     /* 0 of 1 on a single host */
	uint32_t node_count;
	uint32_t first_rank;        /* global rank of local rank 0 */
	uint32_t world_size;        /* 0: nprocs */
	const char *master_address; /* where rank 0 can be reached: "127.0.0.1" */
	uint16_t master_port;       /* free when the job starts; 0: could not be had, then MASTER_* are not set */
	int64_t waited_ms;          /* for cores: it counts towards `timeout` */
	/* Which CPUs are one core, and the CPU quota, for thread counts and OMP_PLACES. NULL: each CPU its own core. */
	const struct machine *machine;
};

struct rank_sink {
	enum sink_kind kind;
	char *path; /* SINK_PATH: absolute, patterns filled in; the same text means the same file, opened once */
};

struct rank_sinks {
	struct rank_sink *items;
	uint32_t count;
};

struct rank_plan {
	uint32_t rank;       /* global */
	uint32_t local_rank; /* index into launch_plan.ranks */
	char **argv;
	char *working_directory; /* absolute; NULL: the launcher's own */
	/* "NAME=value", NULL-terminated, only what differs from rank to rank. No name of it is in job_environment: the
	 * rank's environment is the two, one after the other. */
	char **environment;
	const struct rank_placement *place;
	struct rank_sinks stdout_sinks;
	struct rank_sinks stderr_sinks;
	bool gets_stdin;
	bool crowded;    /* neighbours.h */
	uint32_t domain; /* below domain_count */
};

struct launch_plan {
	struct arena arena;
	const struct job_spec *spec;       /* borrowed; policies, limits and output are read from here */
	const struct placement *placement; /* borrowed */
	char *job_id;
	char *job_name;
	int64_t waited_ms; /* for cores, before it could be started */
	uint32_t nprocs;   /* ranks on this host */
	uint32_t world_size;
	uint32_t domain_count;  /* caches or NUMA nodes that ranks of this host have; at least 1 */
	char **job_environment; /* "NAME=value", NULL-terminated, the same for every rank */
	struct rank_plan *ranks;
	bool become_user; /* the ids below hold */
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t group_count;
	char **warnings; /* leaked variables of another launcher, and what placement had to say */
	uint32_t warning_count;
};

/* `spec` and `placement` must outlive the plan. The user name is looked up here (getpwnam). */
int launch_plan_make(struct launch_plan *plan, const struct job_spec *spec, const struct placement *placement,
                     const struct launch_context *context, struct error *err);
void launch_plan_finish(struct launch_plan *plan);

/* What is left of `timeout` once the job starts, at least 1; NOT_SET: it has no limit. */
int64_t launch_plan_time_limit_ms(const struct launch_plan *plan);

/* The variables whose value only the supervisor knows at each start of the group. The plan never holds them, nor
 * MUSTER_FD: the supervisor adds them without looking. */
#define RESTART_COUNT_VARIABLES "MUSTER_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT"

#endif
