/* SPDX-License-Identifier: MIT
 *
 * foreign_keys: see foreign_keys.h. An answer that is a key's path is a guess; any other is what is said. Names are
 * looked for in small letters.
 */
#include "spec/foreign_keys.h"

#include "spec/spec_keys.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 48 };

#define ONE_JOB    "a spec is one job: write version: 1, command and nprocs at the top"
#define CONTAINERS "leave it out: ranks are processes of this host, not containers"
#define RESTARTS   "write failure: {policy: restart, max_restarts: N}"

const struct foreign_row foreign_keys[] = {
	/* One job */
	{"services jobs programs apps stages apiversion kind metadata spec template", ONE_JOB},
	{"include includes import extends", "leave it out: a spec is one file"},
	{"depends-on dependency dependencies needs", "leave it out: a spec is one job, which waits for no other"},
	{"schedule cron begin", "leave it out: the job starts when muster run is called"},
	{"array matrix strategy", "write nprocs: N; a rank finds its part of the work by MUSTER_RANK"},
	{"job-name jobname title", "name"},
	{"description comment", "leave it out, or write it as a comment, after #"},

	/* Where */
	{"hosts host hostname hostfile machinefile nodes nnodes num-nodes node nodelist node-rank", FOREIGN_HOSTS},
	{"machine-rank num-machines partition account qos queue cluster namespace nodeselector", FOREIGN_HOSTS},
	{"image build dockerfile containers volumes networks ports container-name privileged", CONTAINERS},
	{"gpus gpu gpu-ids gres gpus-per-task gpus-per-rank gpus-per-node devices", FOREIGN_GPUS},
	{"cores cores-per-rank cores-per-task cores-per-process",
         "write placement.cpus_per_rank: N, how many each rank gets; placement.cores is their kind"},
	{"cpus cpu", "write placement.cpus_per_rank: N, how many each rank gets; placement.cpu_set lists which"},
	{"cpus-per-task cpus-per-process cpus-per-proc", "placement.cpus_per_rank"},
	{"cpuset", "placement.cpu_set"},
	{"affinity binding cpu-bind", "placement.bind_to"},
	{"distribution", "placement.map_by"},
	{"mem-bind membind", "placement.memory"},
	{"overcommit", "placement.oversubscribe"},

	/* How many */
	{"np nproc-per-node processes num-processes ntasks tasks replicas workers num-workers", "nprocs"},
	{"world-size nranks num-ranks numranks procs num-procs numprocs instances count parallelism", "nprocs"},
	{"num-threads nthreads omp-num-threads threads-per-rank threads-per-process", "threads"},

	/* What is executed, and what it gets */
	{"cmd executable entrypoint program", "command"},
	{"arguments", "args"},
	{"shell script run exec steps",
         "no shell is involved: write command as a list; for a line of shell, command: [sh, -c, '...']"},
	{"module", "write command: [python3, -m, MODULE]"},
	{"before after before-script after-script setup hooks prolog epilog",
         "leave it out: nothing is run before or after the ranks; name a script as the command"},
	{"environment environ vars variables export", "env"},
	{"env-file envfile", "leave it out: no file of variables is read; write env: {NAME: value}"},
	{"cwd workdir wdir chdir", "working_directory"},
	{"uid run-as", "user"},
	{"input", "stdin"},
	{"master-addr master-port rdzv-backend rdzv-endpoint rdzv-id main-process-port", FOREIGN_RENDEZVOUS("env")},

	/* Life of the job */
	{"detach detached background daemonize", "write join: false"},
	{"wait", "join"},
	{"restart restarts restart-policy restartpolicy autorestart retry retries max-retries", RESTARTS},
	{"backofflimit startretries", RESTARTS},
	{"kill-after stop-timeout stop-grace-period grace-period stopwaitsecs terminationgraceperiodseconds",
         "failure.grace"},
	{"stop-signal stopsignal kill-signal", "failure.signal"},
	{"time-limit timelimit walltime deadline timeout-minutes", "timeout"},
	{"healthcheck livenessprobe readinessprobe",
         "leave it out: the end of a rank is seen at once; start_timeout: T is for ranks that never begin"},

	/* Output */
	{"log logs logging log-dir log-file logfile stdout-logfile",
         "write output: {stdout: FILE.%r}, and stderr likewise, where %r is the rank"},
	{"error err stderr-logfile", "output.stderr"},
	{"report report-file", "leave it out, and write muster run --report FILE"},
	{"verbose quiet", "leave it out, and write muster run -v or -q"},

	/* Limits */
	{"memory mem mem-limit memory-limit mem-per-cpu mem-per-rank memory-per-rank", "limits.memory"},
	{"resources requests", "write limits: {memory: 1GiB} and placement: {cpus_per_rank: N}, both of each rank"},
	{"ulimits rlimits", "limits"},
	{"nofile", "limits.open_files"},
	{"priority", "limits.nice"},
	{"shm-size", "shared_memory"},
};

const size_t foreign_key_count = sizeof foreign_keys / sizeof *foreign_keys;

/* What other launchers let differ between ranks. */
static const struct foreign_row keys_in_exceptions[] = {
	{"placement cpus-per-rank cpus cpu cores cpu-set cpuset rank-cpus cpu-list",
         "write placement: {rank_cpus: [...]}, a CPU list for each rank, like \"0-3\""},
	{"cpus-per-task cpus-per-process cpus-per-proc cores-per-rank cores-per-task cores-per-process",
         "write placement: {rank_cpus: [...]}, a CPU list for each rank, like \"0-3\""},
	{"threads num-threads nthreads omp-num-threads threads-per-rank threads-per-process",
         "write env: {OMP_NUM_THREADS: N}"},
};

static const char *answer_of(const struct foreign_row *rows, size_t count, const char *name)
{
	char small[LONGEST];
	size_t length = 0;
	for (; length < LONGEST && name[length] != '\0'; length++)
		small[length] = (char)tolower((unsigned char)name[length]);
	return foreign_words_find(rows, count, small, length);
}

static const char *answer_to(const char *name)
{
	return answer_of(foreign_keys, foreign_key_count, name);
}

const char *foreign_key_path(const char *name)
{
	const char *answer = answer_to(name);
	return answer != NULL && spec_key_find(answer) != NULL ? answer : NULL;
}

const char *foreign_key_advice(const char *name)
{
	const char *answer = answer_to(name);
	return answer != NULL && spec_key_find(answer) == NULL ? answer : NULL;
}

const char *foreign_key_advice_in_exception(const char *name)
{
	const char *advice =
		answer_of(keys_in_exceptions, sizeof keys_in_exceptions / sizeof *keys_in_exceptions, name);
	if (advice != NULL)
		return advice;
	return spec_key_find(name) != NULL ? "it is the same for all ranks" : foreign_key_advice(name);
}
