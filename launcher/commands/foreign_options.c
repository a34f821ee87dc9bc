/* SPDX-License-Identifier: MIT
 *
 * foreign_options: see foreign_options.h. Names stand without their dashes.
 */
#include "commands/foreign_options.h"

#include "spec/foreign_words.h"

#define PLAN       "write muster plan instead of muster run to see the placement, or --report-bindings"
#define CPU_LISTS  "write --set 'placement.rank_cpus=[\"0-1\", \"2-3\"]', a CPU list for each rank"
#define OWN_CHOICE "leave it out: muster has no such choice to make"

static const struct foreign_row rows[] = {
	/* How many */
	{"ntasks np procs num-procs numprocs jobs P", "write -n N"},
	{"N ntasks-per-node tasks-per-node npernode ppn perhost",
         "write -n N, the number of ranks: all are on this host"},
	{"ranks nranks num-ranks world-size", "for the number of ranks write -n N; for exceptions --set 'ranks=[...]'"},
	{"cores", "write -c N for how many each rank gets, --set placement.cores=KIND for which kind"},
	{"cpus-per-task cpus-per-proc cores-per-task cpu-per-rank", "write -c N, the cores for each rank"},
	{"npersocket ntasks-per-socket", "write -n N, the number of ranks, and --map-by package"},
	{"ntasks-per-core", "write --bind-to hwthread for a rank on each hardware thread"},

	/* Which hosts */
	{"host hosts H hostfile machinefile machine default-hostfile f w nodelist nodefile nodes nnodes node-rank",
         FOREIGN_HOSTS},
	{"nolocal rmk bootstrap launcher launch-agent iface exclude x-nodes partition p account A qos", FOREIGN_HOSTS},

	/* Where */
	{"cpu-bind bind-to-obj binding B", "write --bind-to core, or another object"},
	{"bind-to-core bind-to-socket bind-to-none no-bind no-binding bycore bysocket bynode",
         "write --bind-to and --map-by with core, package or none"},
	{"distribution m-dist rank-by ranking", "write --map-by core or package; ranks are numbered in that order"},
	{"cpu-list cpuset cpus", "write --cpu-set LIST"},
	{"rankfile rf slot-list", CPU_LISTS},
	{"membind mem-policy numa-binding", "write --mem-bind local, and --bind-to numa"},
	{"use-hwthread-cpus use-hwthreads", "write --bind-to hwthread"},
	{"threads-per-core hint", "write --set placement.smt=one for one hardware thread of each core"},
	{"overcommit O overload-allowed", "write --oversubscribe allow"},
	{"nooversubscribe no-oversubscribe", "write --oversubscribe refuse"},
	{"display display-map display-allocation display-devel-map print-rank-map do-not-launch donotlaunch test-only "
         "dry-run",
         PLAN},
	{"share", "leave it out, or write --no-exclusive: free cores are taken first, others shared with a warning"},
	{"immediate I", "leave it out: muster waits for cores only when told to, by --wait-for-cores"},

	/* What ranks are given */
	{"export genv genvlist envlist", "write -x NAME or -x NAME=VALUE, once for each variable"},
	{"env-file", "write env: in a spec, or -x NAME for each variable that muster has itself (set -a; . FILE)"},
	{"genvall envall", "leave it out: ranks inherit the environment"},
	{"genvnone envnone", "write --set inherit_env=false"},
	{"wd cwd workdir D", "write --wdir DIR"},
	{"input i s", "write --stdin all, none or a rank; muster reads it from its own standard input"},
	{"pty tty interactive it",
         "leave it out: rank 0 reads muster's standard input; --raw leaves ranks the terminal to write to"},
	{"rm", "leave it out: nothing of a job is left once it has ended; muster ps -a lists the records"},
	{"m module", "write python3 -m MODULE as the command"},
	{"no-python run-path", "leave it out: the command is started as it is written"},
	{"app configfile multi-prog", "write a spec, whose list \"ranks\" says what differs between ranks"},
	{"J job-name name", "write --set name=NAME"},
	{"mem mem-per-cpu memory", "write --set limits.memory=SIZE, the memory of each rank"},
	{"uid user", "write --set user=USER"},
	{"gpus gpus-per-task gpu-bind gres G", FOREIGN_GPUS},

	/* Life of the job */
	{"time t", "write --timeout T, like 90s or 1h30m"},
	{"kill-on-bad-exit K", "leave it out: a rank that fails stops the job"},
	{"no-kill enable-recovery continuous", "write --on-failure continue"},
	{"wait W grace grace-period", "write --kill-after T, the time that ranks are given to stop"},
	{"background daemonize", "write -d (--detach)"},
	{"restart restarts retry retries", "write --on-failure restart --max-restarts N"},
	{"allow-run-as-root", "leave it out: root may run jobs"},

	/* Output */
	{"tag-output prepend-rank prefix-output",
         "leave it out: each line begins with [RANK]; --no-label leaves that out"},
	{"prepend-pattern", "write --label for [RANK] before each line"},
	{"timestamp-output", "write --timestamp"},
	{"output-filename outfile-pattern outfile log-dir log-file logs r redirects",
         "write -o FILE.%r, and -e for standard error, where %r is the rank"},
	{"errfile-pattern errfile", "write -e FILE.%r, where %r is the rank"},
	{"merge-stderr-to-stdout", "leave it out: both streams are shown; -o FILE -e FILE writes both to one file"},
	{"tee", "write --set 'output.stdout=[terminal, FILE.%r]'"},
	{"unbuffered u ordered-output stream-buffering", "leave it out: a line goes on whole, as soon as it is whole"},
	{"exitcodes print-all-exitcodes", "write --report FILE, which has the exit code of each rank"},
	{"local-ranks-filter", "write --set 'ranks=[{ranks: \"1-7\", stdout: \"null\"}]' for ranks to be left out"},
	{"silent Q", "write -q"},

	/* How launchers talk to their ranks */
	{"standalone master-addr master-port rdzv-backend rdzv-endpoint rdzv-id rdzv-conf local-addr",
         FOREIGN_RENDEZVOUS("-x")},
	{"mpi pmi pmi-port mca gmca omca pmixmca prtemca am tune", "leave it out: muster is no part of an MPI library"},
	{"start-method monitor-interval role event-log-handler logs-specs", OWN_CHOICE},
	{"prefix path topolib usize disable-auto-cleanup disable-hostname-propagation xml", OWN_CHOICE},
	{"V version info", "write muster --version"},
};

const char *foreign_option_advice(const char *name, size_t length)
{
	return foreign_words_find(rows, sizeof rows / sizeof *rows, name, length);
}

const char *foreign_option_repeated(void)
{
	return foreign_words_repeated(rows, sizeof rows / sizeof *rows);
}
