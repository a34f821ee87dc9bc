/* SPDX-License-Identifier: MIT
 *
 * place_words: see place_words.h.
 */
#include "plan/place_words.h"

#include <inttypes.h>

const char *place_noun(enum place_level level, bool plural)
{
	static const char *const nouns[][2] = {
		[PLACE_NONE] = {"machine", "machines"},     [PLACE_HWTHREAD] = {"hardware thread", "hardware threads"},
		[PLACE_CORE] = {"core", "cores"},           [PLACE_L3CACHE] = {"L3 cache", "L3 caches"},
		[PLACE_NUMA] = {"NUMA node", "NUMA nodes"}, [PLACE_PACKAGE] = {"package", "packages"},
	};
	return nouns[level][plural];
}

const char *place_words_machine(const struct machine *machine)
{
	return machine->is_this_machine ? "this machine" : "the machine of --topology";
}

const char *thread_access_reason(enum thread_access access)
{
	switch (access) {
	case THREAD_ALLOWED:
		return "allowed";
	case THREAD_OFFLINE:
		return "offline";
	case THREAD_OUTSIDE_CPUSET:
		return "outside the cpuset";
	case THREAD_OUTSIDE_AFFINITY:
		return "outside the inherited affinity mask";
	}
	return "not allowed";
}

/* As index_set_format writes it, appended whatever its length. */
static void add_list(struct text *text, const struct index_set *set)
{
	char some[256];
	size_t length = index_set_format(set, some, sizeof some);
	if (length < sizeof some) {
		text_add_bytes(text, some, length);
		return;
	}
	size_t before = text->length;
	text_add_repeated(text, " ", length + 1);
	index_set_format(set, text->bytes + before, length + 1);
	text->length = before + length;
}

void place_words_short_list(struct text *text, const struct index_set *set, size_t width)
{
	static const char cut[] = ",...";
	size_t before = text->length;
	add_list(text, set);
	if (text->length - before <= width)
		return;
	size_t end = before + width - (sizeof cut - 1);
	while (end > before && text->bytes[end] != ',')
		end--;
	text->length = end;
	text_add(text, cut);
}

void place_words_set(struct text *text, const char *one, const char *many, const struct index_set *set)
{
	bool single = index_set_first(set) == index_set_last(set);
	text_add(text, single ? one : many);
	text_add(text, " ");
	add_list(text, set);
}

void place_words_ordinal(struct text *text, uint32_t number)
{
	static const char *const endings[] = {"th", "st", "nd", "rd"};
	uint32_t last = number % 10;
	bool teen = number % 100 / 10 == 1;
	text_add_format(text, "%" PRIu32 "%s", number, teen || last > 3 ? "th" : endings[last]);
}

void place_words_thousandths(struct text *text, uint64_t thousandths)
{
	text_add_format(text, "%" PRIu64, thousandths / 1000);
	uint32_t rest = (uint32_t)(thousandths % 1000);
	if (rest == 0)
		return;
	uint32_t digits = 3;
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	text_add_format(text, ".%0*" PRIu32, (int)digits, rest);
}
