/* SPDX-License-Identifier: MIT
 *
 * foreign_options: what people type who know mpirun, mpiexec, srun or torchrun, and what muster has for it. Only
 * consulted for an option that muster does not know, so that none of these takes a name from it.
 */
#ifndef MUSTER_COMMANDS_FOREIGN_OPTIONS_H
#define MUSTER_COMMANDS_FOREIGN_OPTIONS_H

#include <stddef.h>

/* "write -n N" or "leave it out: ...", for a name without its dashes, of `length` bytes; NULL: nobody's we know. */
const char *foreign_option_advice(const char *name, size_t length);

/* Whether each name of the table stands once; for its test. Returns the first that does not, or NULL. */
const char *foreign_option_repeated(void);

#endif
