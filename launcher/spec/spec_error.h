/* SPDX-License-Identifier: MIT
 *
 * spec_error: an error of a key that was found after the spec was read, as the user is told of it: with the file, line
 * and column that the key's value was written at, or the option that it came from.
 */
#ifndef MUSTER_SPEC_SPEC_ERROR_H
#define MUSTER_SPEC_SPEC_ERROR_H

struct error;
struct job_spec;
struct text;

/* Adds one line, as diagnostics_format() would: "FILE:LINE:COLUMN: error: KEY: ..." or "muster: --cpu-set: ...";
 * without a place "muster: KEY: ...". Of an error that is about no key, "muster: ..." */
void spec_error_format(const struct job_spec *spec, const struct error *err, struct text *to);

#endif
