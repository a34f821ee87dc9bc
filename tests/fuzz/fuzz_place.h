/* SPDX-License-Identifier: MIT
 *
 * fuzz_place: for targets that need files or sockets: a directory of the process's own, removed when it exits, as
 * fuzzers do not (run.sh removes what they leave). In TMPDIR, else in memory or /tmp.
 */
#ifndef MUSTER_TESTS_FUZZ_PLACE_H
#define MUSTER_TESTS_FUZZ_PLACE_H

#include <stddef.h>

/* The directory, made by the first call. */
const char *fuzz_place(void);

/* A file in it whose directory is there; NULL bytes: it is removed. */
void fuzz_put(const char *name, const char *bytes, size_t length);

#endif
