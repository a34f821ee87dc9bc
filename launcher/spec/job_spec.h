/* SPDX-License-Identifier: MIT
 *
 * job_spec: what the user asked for, as one value. The text of it is read by spec_parse, options lay themselves over it
 * in overrides, and the plan is made from it. It knows neither the machine nor YAML; after parsing nobody changes it.
 *
 * Every member has the meaning, the range and the default that the man page muster-spec(5) gives its key.
 */
#ifndef MUSTER_SPEC_JOB_SPEC_H
#define MUSTER_SPEC_JOB_SPEC_H

#include "base/arena.h"
#include "base/index_set.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RANKS_MAX    65536u
#define NPROCS_AUTO  0u
#define THREADS_AUTO 0u
#define THREADS_KEEP UINT32_MAX
#define NOT_SET      (-1) /* of an int64_t that may be null */

/* What binds a rank, or what ranks are dealt over. */
enum place_level {
	PLACE_NONE, /* bind_to only */
	PLACE_HWTHREAD,
	PLACE_CORE,
	PLACE_L3CACHE,
	PLACE_NUMA,
	PLACE_PACKAGE,
};

enum smt_use { SMT_ALL, SMT_ONE };
enum core_choice { CORES_ALL, CORES_PERFORMANCE, CORES_EFFICIENCY };
enum memory_policy { MEMORY_NONE, MEMORY_LOCAL, MEMORY_INTERLEAVE };
enum oversubscribe { OVERSUBSCRIBE_ALLOW, OVERSUBSCRIBE_WARN, OVERSUBSCRIBE_REFUSE };
enum inherit_env { INHERIT_ALL, INHERIT_NONE, INHERIT_LISTED };
enum stdin_to { STDIN_NONE, STDIN_ALL, STDIN_RANK };
enum sink_kind { SINK_TERMINAL, SINK_NULL, SINK_PATH };
enum on_closed { ON_CLOSED_END, ON_CLOSED_CONTINUE };
enum failure_policy { FAILURE_STOP, FAILURE_CONTINUE, FAILURE_RESTART };
enum leftovers { LEFTOVERS_STOP, LEFTOVERS_KEEP };

struct exception_origin;
struct key_origin;

struct string_list {
	char **items; /* `count` strings, then NULL, so that it serves as an argv; NULL when count is 0 */
	uint32_t count;
};

struct env_change {
	char *name;
	char *value; /* NULL: the name is removed */
};

/* In the order in which they were written: the last one of a name counts. */
struct env_changes {
	struct env_change *items;
	uint32_t count;
	uint32_t capacity; /* of `items`, while they are read */
};

struct sink_spec {
	enum sink_kind kind;
	char *pattern; /* SINK_PATH: with %j, %r, %% */
};

struct sink_list {
	struct sink_spec *items;
	uint32_t count; /* at least 1 once defaults are in; in an exception 0 means: as the job */
};

struct placement_spec {
	enum place_level bind_to;
	enum place_level map_by;
	uint32_t cpus_per_rank;   /* cores, or hardware threads with bind_to hwthread; at least 1 */
	bool cpus_per_rank_given; /* the user said so: then a rank that is not bound makes that many threads */
	enum smt_use smt;
	enum core_choice cores;
	struct index_set cpu_set;    /* empty: no restriction */
	struct index_set *rank_cpus; /* explicit lists, one a rank; NULL: none */
	uint32_t rank_cpus_count;
	enum memory_policy memory;
	enum oversubscribe oversubscribe;
	bool exclusive;            /* what the user said of other jobs' cores, */
	bool exclusive_given;      /* if anything: else free cores are taken first, and others shared with a warning */
	int64_t wait_for_cores_ms; /* until they are free; NOT_SET: not at all */
};

struct output_spec {
	bool label;
	bool label_given;
	bool timestamp;
	bool raw;
	struct sink_list stdout_sinks;
	struct sink_list stderr_sinks;
	enum on_closed on_closed;
	int64_t log_limit_bytes;
};

struct failure_spec {
	enum failure_policy policy;
	int signal;
	int64_t grace_ms;
	uint32_t max_restarts;
	int64_t backoff_ms;
	int64_t healthy_after_ms;
	enum leftovers leftovers;
};

/* Per rank; NOT_SET: inherited. */
struct limits_spec {
	int64_t memory_bytes;
	int64_t address_space_bytes;
	int64_t open_files;
	int64_t core_size_bytes;
	int64_t cpu_time_s;
	bool has_nice;
	int nice;
};

/* What some ranks have otherwise. A member that is empty or NULL is as the job's. */
struct rank_exception {
	struct index_set ranks;
	struct string_list command;
	bool has_args;
	struct string_list args;
	struct env_changes env; /* on top of the job's */
	char *working_directory;
	struct sink_list stdout_sinks;
	struct sink_list stderr_sinks;
};

struct job_spec {
	struct arena arena; /* owns every pointer below but the index sets */
	char *source;       /* the file's name as the user wrote it, "<stdin>", or NULL for a bare command */
	char *text;         /* the spec as it was given, text_length bytes; NULL: a bare command */
	size_t text_length;
	char *base_directory; /* absolute: what working_directory is relative to; NULL: a current directory without a
	                         path */
	char *name;
	struct string_list command;
	struct string_list args;
	uint32_t nprocs; /* or NPROCS_AUTO */
	bool join;
	bool daemon;
	char *working_directory; /* as written; NULL: of a bare command, the launcher's own */
	struct env_changes env;
	enum inherit_env inherit_env;
	struct string_list inherit_names; /* with INHERIT_LISTED */
	uint32_t threads;                 /* or THREADS_AUTO, THREADS_KEEP */
	enum stdin_to stdin_to;
	uint32_t stdin_rank;
	bool has_umask;
	mode_t umask;
	char *user; /* "user[:group]" or NULL */
	int64_t timeout_ms;
	int64_t start_timeout_ms;
	struct placement_spec placement;
	struct output_spec output;
	struct failure_spec failure;
	struct limits_spec limits;
	int64_t shared_memory_bytes;
	bool shared_memory_given;
	struct rank_exception *ranks;
	uint32_t ranks_count;
	/* Where the user wrote what, for errors that are found later (spec_error.h); NULL: nobody did. */
	const struct key_origin *origins;          /* by spec_key_index() */
	const struct exception_origin *exceptions; /* by the items of `ranks` */
};

/* Every default of the table of keys (spec_keys.h); name and command stay NULL. */
void job_spec_init(struct job_spec *spec);
void job_spec_finish(struct job_spec *spec);

/* The words of the spec file and of options, for messages and output: "core", "local", "stop" ... */
const char *place_level_name(enum place_level level);
const char *smt_use_name(enum smt_use smt);
const char *core_choice_name(enum core_choice cores);
const char *memory_policy_name(enum memory_policy policy);
const char *failure_policy_name(enum failure_policy policy);

#endif
