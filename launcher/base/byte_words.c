/* SPDX-License-Identifier: MIT
 *
 * byte_words: see byte_words.h.
 */
#include "base/byte_words.h"

#include <stdio.h>

const char *byte_words(char words[static BYTE_WORDS_SIZE], uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double amount = (double)bytes;
	int unit = 0;
	for (; amount >= 1024; unit++)
		amount /= 1024;
	snprintf(words, BYTE_WORDS_SIZE, "%.*f %s", unit == 0 || amount >= 100 ? 0 : 1, amount, units[unit]);
	return words;
}
