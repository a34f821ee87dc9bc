/* SPDX-License-Identifier: MIT
 *
 * spec_keys: see spec_keys.h. The table stands in the order in which a spec is usually written.
 */
#include "spec/spec_keys.h"

#include "spec/job_spec.h"

#include <string.h>

static const struct choice auto_word[] = {{"auto", NPROCS_AUTO}, {0}};
static const struct choice thread_words[] = {{"auto", THREADS_AUTO}, {"keep", THREADS_KEEP}, {0}};
static const struct choice stdin_words[] = {{"none", STDIN_NONE}, {"all", STDIN_ALL}, {0}};
static const struct choice bind_levels[] = {
	{"none", PLACE_NONE},
	{"hwthread", PLACE_HWTHREAD},
	{"core", PLACE_CORE},
	{"l3cache", PLACE_L3CACHE},
	{"numa", PLACE_NUMA},
	{"package", PLACE_PACKAGE},
	{0},
};
/* map_by: bind_levels without "none", which there is nothing to deal over. */
static const struct choice smt_words[] = {{"all", SMT_ALL}, {"one", SMT_ONE}, {0}};
static const struct choice core_words[] = {
	{"all", CORES_ALL}, {"performance", CORES_PERFORMANCE}, {"efficiency", CORES_EFFICIENCY}, {0}};
static const struct choice memory_words[] = {
	{"none", MEMORY_NONE}, {"local", MEMORY_LOCAL}, {"interleave", MEMORY_INTERLEAVE}, {0}};
static const struct choice oversubscribe_words[] = {
	{"allow", OVERSUBSCRIBE_ALLOW}, {"warn", OVERSUBSCRIBE_WARN}, {"refuse", OVERSUBSCRIBE_REFUSE}, {0}};
static const struct choice closed_words[] = {{"end", ON_CLOSED_END}, {"continue", ON_CLOSED_CONTINUE}, {0}};
static const struct choice policy_words[] = {
	{"stop", FAILURE_STOP}, {"continue", FAILURE_CONTINUE}, {"restart", FAILURE_RESTART}, {0}};
static const struct choice leftover_words[] = {{"stop", LEFTOVERS_STOP}, {"keep", LEFTOVERS_KEEP}, {0}};

#define STORED(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)
#define JOB(member)          STORED(struct job_spec, member)
#define JOB_GIVEN(member)    .given = offsetof(struct job_spec, member)
#define RANK(member)         STORED(struct rank_exception, member)
#define RANGE(low, high)     .min = (low), .max = (high)

#define KIB            INT64_C(1024)
#define MIB            (1024 * KIB)
#define TIB            (1024 * 1024 * MIB)
#define LARGEST_SIZE   (1024 * 1024 * TIB)
#define SECOND         INT64_C(1000)
#define MINUTE         (60 * SECOND)
#define LONGEST_TIME   (INT64_C(87600) * 60 * MINUTE) /* ten years */
#define MOST_FILES     (INT64_C(1) << 30)
#define FEWEST_FILES   4 /* 0, 1, 2 and MUSTER_FD */
#define MOST_RESTARTS  1000000
#define SMALLEST_SHARE (2 * MIB)

const struct spec_key spec_keys[] = {
	{"version", KEY_NUMBER, .required = true, RANGE(1, 1), .help = "Version of this format: 1."},
	{"name", KEY_NAME, JOB(name),
         .help = "Name of the job, and the beginning of its id. Default: the command's base name."},
	{"command", KEY_TEXTS, .required = true, JOB(command),
         .help = "What each rank executes: program and arguments, as a list. No shell is involved."},
	{"args", KEY_TEXTS, .nullable = true, JOB(args), .help = "Arguments that are appended to the command."},
	{"nprocs", KEY_NUMBER, JOB(nprocs), RANGE(1, RANKS_MAX), .words = auto_word, .fallback = "1",
         .help = "Number of ranks; auto: one for each core that may be used."},
	{"join", KEY_FLAG, JOB(join), .fallback = "true",
         .help = "Whether the command waits for the ranks and returns the job's exit code."},
	{"daemon", KEY_FLAG, JOB(daemon), .fallback = "false",
         .help = "Whether the job is stopped when its owner, who asked for it, ends."},
	{"working_directory", KEY_TEXT, JOB(working_directory), .fallback = ".",
         .help = "Where the ranks start, relative to the directory of the spec file."},
	{"env", KEY_ENV, .nullable = true, JOB(env),
         .help = "Variables that are added to the inherited environment; null removes a name."},
	{"inherit_env", KEY_INHERIT, JOB(inherit_env), .fallback = "true",
         .help = "Which variables of muster's own environment the ranks get: all, none, or the names listed."},
	{"threads", KEY_NUMBER, JOB(threads), RANGE(1, RANKS_MAX), .words = thread_words, .fallback = "auto",
         .help = "Threads a rank, as OMP_NUM_THREADS and its like say it; auto: as many as its cores; keep: say "
                 "nothing."},
	{"stdin", KEY_STDIN, JOB(stdin_to), RANGE(0, RANKS_MAX - 1), .words = stdin_words, .fallback = "0",
         .help = "Who gets muster's standard input: none, all, or a rank. The others read an empty input."},
	{"umask", KEY_UMASK, .nullable = true, JOB(umask), JOB_GIVEN(has_umask), .fallback = "null",
         .help = "File mode creation mask, octal and in quotes; null: inherited."},
	{"user", KEY_TEXT, .nullable = true, JOB(user),
         .help = "user[:group] that the ranks become; only root may ask; null: whoever starts the job."},
	{"timeout", KEY_DURATION, .nullable = true, JOB(timeout_ms), RANGE(1, LONGEST_TIME), .fallback = "null",
         .help = "Longest time that the whole job may take; null: no limit."},
	{"start_timeout", KEY_DURATION, .nullable = true, JOB(start_timeout_ms), RANGE(1, LONGEST_TIME),
         .fallback = "null", .help = "Longest time until every rank has called muster_init; null: no limit."},

	{"placement", KEY_MAP, .nullable = true, .example = "{bind_to: core}", .help = "Which cores the ranks get."},
	{"placement.bind_to", KEY_CHOICE, JOB(placement.bind_to), .words = bind_levels, .fallback = "core",
         .help = "What a rank is bound to."},
	{"placement.map_by", KEY_CHOICE, JOB(placement.map_by), .words = bind_levels + 1, .fallback = "core",
         .help = "What the ranks are dealt over in turn; core: packed."},
	{"placement.cpus_per_rank", KEY_NUMBER, JOB(placement.cpus_per_rank), JOB_GIVEN(placement.cpus_per_rank_given),
         RANGE(1, RANKS_MAX), .fallback = "1", .help = "Cores a rank; hardware threads with bind_to: hwthread."},
	{"placement.smt", KEY_CHOICE, JOB(placement.smt), .words = smt_words, .fallback = "all",
         .help = "Whether a rank gets every hardware thread of its cores, or one of each."},
	{"placement.cores", KEY_CHOICE, JOB(placement.cores), .words = core_words, .fallback = "all",
         .help = "Which kind of cores is used, on CPUs that have several."},
	{"placement.cpu_set", KEY_CPUS, .nullable = true, JOB(placement.cpu_set), .fallback = "null",
         .help = "Use only these CPUs; null: all that are allowed."},
	{"placement.rank_cpus", KEY_RANK_CPUS, .nullable = true, JOB(placement.rank_cpus), .fallback = "null",
         .help = "One CPU list for each rank, instead of any other placement; null: none."},
	{"placement.memory", KEY_CHOICE, JOB(placement.memory), .words = memory_words, .fallback = "local",
         .help = "Where a rank's memory comes from: anywhere, its own NUMA nodes, or these by turns."},
	{"placement.oversubscribe", KEY_CHOICE, JOB(placement.oversubscribe), .words = oversubscribe_words,
         .fallback = "warn", .help = "What to do when there are more ranks than cores."},
	{"placement.exclusive", KEY_FLAG, JOB(placement.exclusive), JOB_GIVEN(placement.exclusive_given),
         .nullable = true, .fallback = "null",
         .help = "true: never share a core with another muster job of this host; false: pay no heed to them; null: "
                 "share with a warning when too few are free."},
	{"placement.wait_for_cores", KEY_DURATION, .nullable = true, JOB(placement.wait_for_cores_ms),
         RANGE(1, LONGEST_TIME), .fallback = "null",
         .help = "How long to wait for cores that other jobs hold, before placement.exclusive decides; null: not at "
                 "all."},

	{"output", KEY_MAP, .nullable = true, .example = "{stdout: FILE}",
         .help = "Where the output of the ranks goes, and how."},
	{"output.label", KEY_FLAG, JOB(output.label), JOB_GIVEN(output.label_given), .fallback = "true",
         .help = "[RANK] before each line, on the terminal and in files that several ranks write to."},
	{"output.timestamp", KEY_FLAG, JOB(output.timestamp), .fallback = "false",
         .help = "The time before each line, on the terminal and in every file."},
	{"output.raw", KEY_FLAG, JOB(output.raw), .fallback = "false",
         .help = "Ranks write straight to muster's own standard output and error."},
	{"output.stdout", KEY_SINKS, .nullable = true, JOB(output.stdout_sinks), .fallback = "terminal",
         .help = "terminal, null, a path pattern (%j job id, %r rank, %% a percent sign), or a list of these."},
	{"output.stderr", KEY_SINKS, .nullable = true, JOB(output.stderr_sinks), .fallback = "terminal",
         .help = "The same for standard error."},
	{"output.on_closed", KEY_CHOICE, JOB(output.on_closed), .words = closed_words, .fallback = "end",
         .help = "When the reader of muster's own output has gone: end the ranks as in a pipeline, or go on without "
                 "it."},
	{"output.log_limit", KEY_SIZE, JOB(output.log_limit_bytes), RANGE(4 * KIB, LARGEST_SIZE), .fallback = "64MiB",
         .help = "Of a detached job: most that is kept of what a rank prints to the terminal, for each stream; its "
                 "beginning and its end are."},

	{"failure", KEY_MAP, .nullable = true, .example = "{policy: restart, max_restarts: 3}",
         .help = "What follows when a rank fails, and how ranks are stopped."},
	{"failure.policy", KEY_CHOICE, JOB(failure.policy), .words = policy_words, .fallback = "stop",
         .help = "Stop the others, let them continue, or start the whole group again."},
	{"failure.signal", KEY_SIGNAL, JOB(failure.signal), .fallback = "TERM",
         .help = "What a rank is asked to stop with."},
	{"failure.grace", KEY_DURATION, JOB(failure.grace_ms), RANGE(0, LONGEST_TIME), .fallback = "5s",
         .help = "Time that each rank has to stop in, before SIGKILL."},
	{"failure.max_restarts", KEY_NUMBER, JOB(failure.max_restarts), RANGE(0, MOST_RESTARTS), .fallback = "0",
         .help = "How often the group may be started again, with policy: restart."},
	{"failure.backoff", KEY_DURATION, JOB(failure.backoff_ms), RANGE(0, MINUTE), .fallback = "1s",
         .help = "Pause before a restart; doubles each time, up to 1m."},
	{"failure.healthy_after", KEY_DURATION, JOB(failure.healthy_after_ms), RANGE(0, LONGEST_TIME),
         .fallback = "10s", .help = "A group that lived this long starts with a fresh budget of restarts."},
	{"failure.leftovers", KEY_CHOICE, JOB(failure.leftovers), .words = leftover_words, .fallback = "stop",
         .help = "Whether descendants of a rank that outlive it are stopped or kept."},

	{"limits", KEY_MAP, .nullable = true, .example = "{memory: 1GiB}",
         .help = "Limits of each rank; null: inherited."},
	{"limits.memory", KEY_SIZE, .nullable = true, JOB(limits.memory_bytes), RANGE(1, LARGEST_SIZE),
         .fallback = "null", .help = "Resident memory, held by a cgroup; refused where none can be made."},
	{"limits.address_space", KEY_SIZE, .nullable = true, JOB(limits.address_space_bytes), RANGE(1, LARGEST_SIZE),
         .fallback = "null", .help = "Address space (RLIMIT_AS)."},
	{"limits.open_files", KEY_NUMBER, .nullable = true, JOB(limits.open_files), RANGE(FEWEST_FILES, MOST_FILES),
         .fallback = "null", .help = "Open file descriptors (RLIMIT_NOFILE)."},
	{"limits.core_size", KEY_SIZE, .nullable = true, JOB(limits.core_size_bytes), RANGE(0, LARGEST_SIZE),
         .fallback = "null", .help = "Size of a core dump (RLIMIT_CORE)."},
	{"limits.cpu_time", KEY_DURATION, .nullable = true, JOB(limits.cpu_time_s), RANGE(SECOND, LONGEST_TIME),
         .scale = SECOND, .fallback = "null", .help = "CPU time, in whole seconds (RLIMIT_CPU)."},
	{"limits.nice", KEY_NUMBER, .nullable = true, JOB(limits.nice), JOB_GIVEN(limits.has_nice), RANGE(-20, 19),
         .fallback = "null", .help = "Nice value, -20 to 19; below the inherited one only for root."},

	{"shared_memory", KEY_SIZE, JOB(shared_memory_bytes), JOB_GIVEN(shared_memory_given),
         RANGE(SMALLEST_SHARE, TIB), .fallback = "256MiB",
         .help = "Size of the job's shared segment; it costs what is touched of it."},

	{"ranks", KEY_EXCEPTIONS, .nullable = true, JOB(ranks),
         .help = "Exceptions: what some of the ranks have otherwise."},
	{"ranks[].ranks", KEY_RANKS, .required = true, RANK(ranks), .help = "The ranks that the exception is for."},
	{"ranks[].command", KEY_TEXTS, RANK(command), .help = "Their command, instead of the job's."},
	{"ranks[].args", KEY_TEXTS, .nullable = true, RANK(args), .given = offsetof(struct rank_exception, has_args),
         .help = "Their arguments, instead of the job's."},
	{"ranks[].env", KEY_ENV, .nullable = true, RANK(env), .help = "Variables of theirs, on top of the job's."},
	{"ranks[].working_directory", KEY_TEXT, RANK(working_directory),
         .help = "Their working directory, instead of the job's."},
	{"ranks[].stdout", KEY_SINKS, .nullable = true, RANK(stdout_sinks),
         .help = "Where their output goes, instead of the job's."},
	{"ranks[].stderr", KEY_SINKS, .nullable = true, RANK(stderr_sinks), .help = "The same for standard error."},
};

const uint32_t spec_key_count = sizeof spec_keys / sizeof *spec_keys;
_Static_assert(sizeof spec_keys / sizeof *spec_keys <= SPEC_KEYS_MAX, "origins of keys are kept in an array");
