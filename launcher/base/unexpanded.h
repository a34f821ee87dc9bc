/* SPDX-License-Identifier: MIT
 *
 * unexpanded: a path in which somebody left something to a shell, "~/data" or "$HOME/data". A shell expands it on a
 * command line, unless it is quoted; in a spec nobody does.
 */
#ifndef MUSTER_BASE_UNEXPANDED_H
#define MUSTER_BASE_UNEXPANDED_H

/* For the end of an error about a path that is not there; "" where that is not why. */
const char *unexpanded_hint(const char *path);

#endif
