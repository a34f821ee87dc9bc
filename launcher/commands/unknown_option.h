/* SPDX-License-Identifier: MIT
 *
 * unknown_option: what is said to who types an option that `muster run` does not have: what other launchers' words are
 * called here, the option or key that is called nearly so, or where to look.
 */
#ifndef MUSTER_COMMANDS_UNKNOWN_OPTION_H
#define MUSTER_COMMANDS_UNKNOWN_OPTION_H

#include <stddef.h>

struct error;

/* "--grace=5s": the name without dashes and value. -EINVAL with the error. */
int unknown_option_refuse(const char *typed, size_t length, struct error *err);

/* "-ppn", "-bind-to": long names behind one dash, as some launchers have them. Read as letters, "-output" would be a
 * file named "utput". 0: it is none of these. */
int unknown_option_refuse_one_dash(const char *argument, struct error *err);

/* The letter is one of the argument's. */
int unknown_option_refuse_letter(const char *argument, char letter, struct error *err);

#endif
