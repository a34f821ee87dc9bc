/* SPDX-License-Identifier: MIT
 *
 * foreign_variables: see foreign_variables.h. A name that ends in `*` stands for all that begin so.
 */
#include "plan/foreign_variables.h"

#include <string.h>

struct foreign_variable {
	const char *name;
	const char *reason; /* for the reader of this table */
};

static const struct foreign_variable foreign_variables[] = {
	{"PMI_*", "Hydra, Slurm: the descriptor or port of a process manager that does not know our ranks"},
	{"PMI2_*", "the same, second version"},
	{"PMIX_*", "Open MPI 5, Slurm, Flux: name space, rank and server of a PMIx job that is not ours"},
	{"PALS_*", "Cray's launcher: rank and application id"},
	{"ALPS_APP_*", "Cray's older launcher: rank and application id"},
	{"MPI_LOCALRANKID", "Hydra: local rank"},
	{"MPI_LOCALNRANKS", "Hydra: local size"},
	{"HYDI_CONTROL_FD", "Hydra: a descriptor that the rank does not have"},
	{"MV2_COMM_WORLD_*", "MVAPICH: rank and size"},
	{"OMPI_COMM_WORLD_*", "Open MPI: rank and size, global, local and per node"},
	{"OMPI_UNIVERSE_SIZE", "Open MPI: slots of that job"},
	{"OMPI_APP_CTX_NUM_PROCS", "Open MPI: size"},
	{"OMPI_NUM_APP_CTX", "Open MPI: parts of that job"},
	{"OMPI_FIRST_RANKS", "Open MPI: first rank of each part"},
	{"OMPI_MCA_ess", "Open MPI 4: how a rank finds its daemon"},
	{"OMPI_MCA_ess_base_*", "Open MPI 4: job and rank number"},
	{"OMPI_MCA_orte_ess_*", "Open MPI 4: number of processes, node rank"},
	{"OMPI_MCA_orte_hnp_uri", "Open MPI 4: address of that job's mpirun"},
	{"OMPI_MCA_orte_local_daemon_uri", "Open MPI 4: address of that job's daemon"},
	{"JSM_NAMESPACE_*", "jsrun: rank and size"},
	{"FLUX_TASK_*", "Flux: rank, global and local"},
	{"FLUX_JOB_SIZE", "Flux: size"},
	{"SLURM_PROCID", "srun: rank"},
	{"SLURM_LOCALID", "srun: local rank"},
	{"SLURM_NODEID", "srun: node rank; frameworks look up their node by it"},
	{"SLURM_NTASKS", "srun: size; frameworks that see it look for SLURM_PROCID"},
	{"SLURM_NPROCS", "srun: size, by its old name"},
	{"SLURM_NTASKS_PER_NODE", "srun: local size"},
	{"SLURM_TASKS_PER_NODE", "srun: local sizes"},
	{"SLURM_GTIDS", "srun: ranks of this node"},
	{"SLURM_TASK_PID", "srun: process id of that rank"},
	{"SLURM_STEP_*", "srun: the step that started us, not our ranks"},
	{"SLURM_STEPID", "srun: the same, by its old name"},
	{"SLURM_SRUN_COMM_*", "srun: where its own ranks report"},
	{"SLURM_LAUNCH_NODE_IPADDR", "srun: the same"},
	{"HOROVOD_RANK", "horovodrun: rank"},
	{"HOROVOD_SIZE", "horovodrun: size"},
	{"HOROVOD_LOCAL_*", "horovodrun: local rank and size"},
	{"HOROVOD_CROSS_*", "horovodrun: node rank and count"},
	{"HOROVOD_GLOO_RENDEZVOUS_*", "horovodrun: address of its meeting point"},
	{"TORCHELASTIC_USE_AGENT_STORE", "torchrun: makes ranks wait for a store that only torchrun's agent serves"},
	{"TORCHELASTIC_ERROR_FILE", "torchrun: a file of that job, which our ranks would overwrite"},
};

static bool matches(const struct foreign_variable *variable, const char *name, size_t length)
{
	size_t known = strlen(variable->name);
	if (variable->name[known - 1] == '*')
		return length >= known - 1 && memcmp(variable->name, name, known - 1) == 0;
	return length == known && memcmp(variable->name, name, known) == 0;
}

bool is_foreign_variable(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof foreign_variables / sizeof *foreign_variables; i++)
		if (matches(&foreign_variables[i], name, length))
			return true;
	return false;
}
