/* SPDX-License-Identifier: MIT
 *
 * diagnostics: everything that is wrong with a spec and the options laid over it, each with the place that it stands
 * at. A file's errors come in the order of their positions, then those of options in the order that they were given.
 * The list is bounded: what goes beyond is counted, not kept.
 */
#ifndef MUSTER_SPEC_DIAGNOSTICS_H
#define MUSTER_SPEC_DIAGNOSTICS_H

#include <stdint.h>

struct text;

enum { DIAGNOSTICS_MAX = 50 };

struct diagnostic {
	char *where;   /* the file's name, "<stdin>", or an option: "--nprocs"; "" for the whole command line */
	uint32_t line; /* from 1; 0: no position in a file */
	uint32_t column;
	char *message; /* printable, one line */
};

struct diagnostics { /* zero-initialised is empty and valid */
	struct diagnostic *items;
	uint32_t count;
	uint32_t dropped; /* errors beyond DIAGNOSTICS_MAX */
};

void diagnostics_add(struct diagnostics *diagnostics, const char *where, uint32_t line, uint32_t column,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
void diagnostics_sort(struct diagnostics *diagnostics);

/* Adds one line for each: "FILE:LINE:COLUMN: LABELmessage", LABEL being "error: " or ""; "muster: --nprocs: message".
 */
void diagnostics_format(const struct diagnostics *diagnostics, const char *label, struct text *to);
void diagnostics_finish(struct diagnostics *diagnostics);

#endif
