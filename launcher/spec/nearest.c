/* SPDX-License-Identifier: MIT
 *
 * nearest: see nearest.h. The distance is that of optimal string alignment, over words of at most LONGEST letters.
 */
#include "spec/nearest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 48, SHORTEST_BEGINNING = 3 };

static int letter(const char *word, size_t index)
{
	int character = tolower((unsigned char)word[index]);
	return character == '-' ? '_' : character;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;
	return ab < c ? ab : c;
}

unsigned edit_distance(const char *a, const char *b)
{
	size_t a_length = strnlen(a, LONGEST + 1), b_length = strnlen(b, LONGEST + 1);
	if (a_length > LONGEST || b_length > LONGEST)
		return UINT_MAX;
	unsigned cost[LONGEST + 1][LONGEST + 1];
	for (unsigned i = 0; i <= a_length; i++)
		cost[i][0] = i;
	for (unsigned j = 0; j <= b_length; j++)
		cost[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		for (size_t j = 1; j <= b_length; j++) {
			unsigned change = letter(a, i - 1) != letter(b, j - 1);
			cost[i][j] = least(cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change);
			if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
			    letter(a, i - 2) == letter(b, j - 1) && cost[i - 2][j - 2] + 1 < cost[i][j])
				cost[i][j] = cost[i - 2][j - 2] + 1;
		}
	}
	return cost[a_length][b_length];
}

static bool begins_with(const char *word, const char *beginning)
{
	size_t length = strnlen(beginning, LONGEST);
	return length >= SHORTEST_BEGINNING && strncmp(word, beginning, length) == 0;
}

/* "grace_period" of "grace". */
static bool is_lengthened(const char *word, const char *known)
{
	return begins_with(word, known) && letter(word, strlen(known)) == '_';
}

struct nearest nearest_to(const char *word)
{
	return (struct nearest){.word = word, .distance = UINT_MAX};
}

void nearest_offer(struct nearest *nearest, const char *known)
{
	unsigned distance = edit_distance(nearest->word, known);
	/* A third of the letters may be wrong; in the shortest words one. */
	size_t length = strnlen(nearest->word, LONGEST);
	unsigned allowed = length < 6 ? 1 : (unsigned)length / 3;
	if (distance > 1 && (begins_with(known, nearest->word) || is_lengthened(nearest->word, known)))
		distance = 1;
	if (distance > allowed || distance >= nearest->distance)
		return;
	nearest->best = known;
	nearest->distance = distance;
}
