/* SPDX-License-Identifier: MIT
 *
 * nearest: the known word that a misspelt one was probably meant to be. Swapped, missing, added and wrong letters count
 * one each; capitals and the difference of "-" and "_" count nothing; a word's beginning counts as one wrong letter.
 *
 *     struct nearest nearest = nearest_to(word);
 *     for (...) nearest_offer(&nearest, known[i]);
 *     if (nearest.best != NULL) ...
 */
#ifndef MUSTER_SPEC_NEAREST_H
#define MUSTER_SPEC_NEAREST_H

struct nearest {
	const char *word;
	const char *best; /* NULL: nothing is near enough to be worth a guess */
	unsigned distance;
};

unsigned edit_distance(const char *a, const char *b);
struct nearest nearest_to(const char *word);
void nearest_offer(struct nearest *nearest, const char *known);

#endif
