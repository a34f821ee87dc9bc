/* SPDX-License-Identifier: MIT
 *
 * foreign_variables: names by which another launcher tells a process who it is. A rank that inherits them believes
 * them: an MPI library waits for a server that is not there, or every rank is "rank 0 of 1". What merely describes an
 * allocation (SLURM_JOB_ID, SLURM_CPUS_PER_TASK) or adjusts a library (OMPI_MCA_btl) misleads nobody and stays.
 */
#ifndef MUSTER_PLAN_FOREIGN_VARIABLES_H
#define MUSTER_PLAN_FOREIGN_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

/* The name ends after `length` bytes, so that "NAME=value" can be asked about. */
bool is_foreign_variable(const char *name, size_t length);

#endif
