/* SPDX-License-Identifier: MIT
 *
 * units: values as people write them: durations, sizes, signals, masks, whole numbers, words of a fixed choice.
 *
 * Each parser takes the whole text or nothing, changes its output only on success, and returns 0, -EINVAL for what does
 * not have the form, or -ERANGE for what is too large. The text of an error names the value and the form that is
 * allowed; it does not name the key or option, which the caller knows.
 */
#ifndef MUSTER_SPEC_UNITS_H
#define MUSTER_SPEC_UNITS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

enum { UNIT_TEXT_BYTES = 48 }; /* holds whatever a format function below writes */

/* One word that a key knows, and what it stands for. A list of them ends with a NULL word. */
struct choice {
	const char *word;
	int64_t value;
};

int duration_parse(const char *text, int64_t *milliseconds, struct error *err); /* "500ms", "1h30m", "0" */
int size_parse(const char *text, int64_t *bytes, struct error *err);            /* "4096", "512KiB", "2GB" */
int signal_parse(const char *text, int *signal, struct error *err);             /* "TERM", "SIGTERM", "15", "RTMIN+3" */
int umask_parse(const char *text, mode_t *mask, struct error *err);             /* "022", octal */
int number_parse(const char *text, int64_t *number, struct error *err);         /* "-3"; no leading zeros */
int choice_parse(const char *text, const struct choice *choices, int64_t *value, struct error *err);

/* The same values back into text; each returns `buffer`. */
const char *duration_format(int64_t milliseconds, char buffer[UNIT_TEXT_BYTES]);
const char *size_format(int64_t bytes, char buffer[UNIT_TEXT_BYTES]); /* exact: the largest unit that divides it */
const char *signal_format(int signal, char buffer[UNIT_TEXT_BYTES]);  /* "SIGTERM" */

/* "allow, warn or refuse"; `buffer` gets as much as fits. */
const char *choices_format(const struct choice *choices, char *buffer, size_t size);

#endif
