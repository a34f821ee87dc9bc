/* SPDX-License-Identifier: MIT
 *
 * mpi_warning: tells what would go on silently for those who are used to mpirun. Ranks of an MPI program will not find
 * one another; a colon begins no second program. An MPI program that runs once is none of its business: it is rank 0 of
 * 1, as it should be.
 */
#ifndef MUSTER_COMMANDS_MPI_WARNING_H
#define MUSTER_COMMANDS_MPI_WARNING_H

#include <stdint.h>

struct arena;
struct rank_launcher;

/* One for each program that is linked with an MPI library and that two ranks or more are to run, and for the colon. */
struct mpi_warnings {
	char **items;
	uint32_t count;
};

/* Looks at each program that several ranks run, once. What is found lives in `arena`. */
void mpi_warnings_find(struct mpi_warnings *warnings, const struct rank_launcher *launcher, struct arena *arena);

/* To standard error, patiently: signals may be blocked. */
void mpi_warnings_say(const struct mpi_warnings *warnings);

#endif
