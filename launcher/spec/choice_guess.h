/* SPDX-License-Identifier: MIT
 *
 * choice_guess: which word of a choice was probably meant by one that is not in it: a misspelt one, or the word that
 * other launchers have for the same thing.
 */
#ifndef MUSTER_SPEC_CHOICE_GUESS_H
#define MUSTER_SPEC_CHOICE_GUESS_H

struct choice;

enum { CHOICE_GUESS_BYTES = 160 };

/* "; did you mean "package"?", or "" where nothing comes near. `choices` may be NULL. Returns `buffer`. */
const char *choice_guess(const char *text, const struct choice *choices, char buffer[CHOICE_GUESS_BYTES]);

#endif
