/* SPDX-License-Identifier: MIT
 *
 * choice_guess: see choice_guess.h. Other launchers write "core:PE=2" and "ppr:1:socket": each part between the colons
 * is looked at, and what stands around it belongs into keys of its own.
 */
#include "spec/choice_guess.h"

#include "spec/nearest.h"
#include "spec/units.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PART_BYTES = 32 };

/* A word may stand twice: the first whose meaning is in the choice counts. */
static const struct {
	const char *word;
	const char *meaning;
	const char *remark; /* after the question */
} foreign_words[] = {
	{"socket", "package", ""},
	{"sockets", "package", ""},
	{"chip", "package", ""},
	{"l3", "l3cache", ""},
	{"llc", "l3cache", ""},
	{"ldom", "numa", ""},
	{"ldoms", "numa", ""},
	{"numanode", "numa", ""},
	{"thread", "hwthread", ""},
	{"threads", "hwthread", ""},
	{"cpu", "hwthread", ""},
	{"pu", "hwthread", ""},
	{"slot", "core", " all ranks are on this host, core after core"},
	{"node", "core", " all ranks are on this host, core after core; for NUMA nodes, numa"},
	{"cpu", "auto", ""},
	{"gpu", "auto", " one rank for each core; for one on each GPU, write their number"},
	{"localalloc", "local", ""},
	{"bind", "local", ""},
};

static bool is_in(const struct choice *choices, const char *word)
{
	for (; choices->word != NULL; choices++)
		if (strcmp(choices->word, word) == 0)
			return true;
	return false;
}

static bool guess_foreign(const char *part, const struct choice *choices, char buffer[CHOICE_GUESS_BYTES])
{
	for (size_t i = 0; i < sizeof foreign_words / sizeof *foreign_words; i++) {
		if (strcasecmp(foreign_words[i].word, part) != 0 || !is_in(choices, foreign_words[i].meaning))
			continue;
		snprintf(buffer, CHOICE_GUESS_BYTES, "; did you mean \"%s\"?%s", foreign_words[i].meaning,
		         foreign_words[i].remark);
		return true;
	}
	return false;
}

static bool guess_near(const char *part, const struct choice *choices, char buffer[CHOICE_GUESS_BYTES])
{
	struct nearest nearest = nearest_to(part);
	for (; choices->word != NULL; choices++)
		nearest_offer(&nearest, choices->word);
	if (nearest.best != NULL)
		snprintf(buffer, CHOICE_GUESS_BYTES, "; did you mean \"%s\"?", nearest.best);
	return nearest.best != NULL;
}

const char *choice_guess(const char *text, const struct choice *choices, char buffer[CHOICE_GUESS_BYTES])
{
	buffer[0] = '\0';
	if (choices == NULL || guess_near(text, choices, buffer))
		return buffer;
	for (const char *at = text; *at != '\0'; at += *at == ':') {
		char part[PART_BYTES];
		size_t length = strcspn(at, ":");
		snprintf(part, sizeof part, "%.*s", (int)(length < PART_BYTES ? length : PART_BYTES), at);
		if (guess_foreign(part, choices, buffer) || (length > 0 && guess_near(part, choices, buffer)))
			break;
		at += length;
	}
	return buffer;
}
