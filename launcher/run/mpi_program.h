/* SPDX-License-Identifier: MIT
 *
 * mpi_program: whether a program is linked with an MPI library. Ranks of such a program are connected by its own
 * launcher; started by muster, each would take itself for the only one, and all would do the same work.
 */
#ifndef MUSTER_RUN_MPI_PROGRAM_H
#define MUSTER_RUN_MPI_PROGRAM_H

#include <stdbool.h>

enum { MPI_NAME_BYTES = 64 };

/* `library` gets the name of it: "libmpi.so.40". False also for what cannot be read, or is linked statically. The
 * format: elf(5). */
bool mpi_program_is(const char *path, char library[MPI_NAME_BYTES]);

#endif
