/* SPDX-License-Identifier: MIT
 *
 * markup: what pictures and pages have in common: words between tags, and the colours of ranks.
 */
#ifndef MUSTER_REPORT_MARKUP_H
#define MUSTER_REPORT_MARKUP_H

#include <stdbool.h>
#include <stdint.h>

struct text;

/* As XML and HTML have it; "\n" and the like for what they have no way to write. NULL is no words. */
void markup_add_words(struct text *text, const char *words);

/* Neighbouring ranks get colours far apart. */
void markup_add_colour(struct text *text, uint32_t rank);

/* Whether words on that colour had better be white. */
bool markup_is_dark(uint32_t rank);

#endif
