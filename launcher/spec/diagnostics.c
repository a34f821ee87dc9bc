/* SPDX-License-Identifier: MIT
 *
 * diagnostics: see diagnostics.h.
 */
#include "spec/diagnostics.h"

#include "base/memory.h"
#include "base/printable.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void diagnostics_add(struct diagnostics *diagnostics, const char *where, uint32_t line, uint32_t column,
                     const char *format, ...)
{
	if (diagnostics->count == DIAGNOSTICS_MAX) {
		diagnostics->dropped++;
		return;
	}
	va_list args;
	va_start(args, format);
	char *message;
	if (vasprintf(&message, format, args) < 0)
		memory_exhausted();
	va_end(args);
	make_printable(message);
	diagnostics->items = memory_resized(diagnostics->items, diagnostics->count + 1, sizeof *diagnostics->items);
	struct diagnostic *added = &diagnostics->items[diagnostics->count++];
	*added = (struct diagnostic){memory_copy_text(where), line, column, message};
	make_printable(added->where);
}

static bool comes_before(const struct diagnostic *a, const struct diagnostic *b)
{
	if (a->line == 0 || b->line == 0)
		return a->line != 0 && b->line == 0;
	return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void diagnostics_sort(struct diagnostics *diagnostics)
{
	/* By insertion: there are few, nearly in order, and equals must stay as they are. */
	for (uint32_t i = 1; i < diagnostics->count; i++) {
		struct diagnostic moved = diagnostics->items[i];
		uint32_t to = i;
		for (; to > 0 && comes_before(&moved, &diagnostics->items[to - 1]); to--)
			diagnostics->items[to] = diagnostics->items[to - 1];
		diagnostics->items[to] = moved;
	}
}

/* "FILE:LINE:COLUMN: error: ..." for what a file holds, as editors know it; "muster: --nprocs: ..." for the rest. */
static void format_one(const struct diagnostic *item, const char *label, struct text *to)
{
	bool of_file = item->line != 0 || (item->where[0] != '\0' && item->where[0] != '-');
	if (!of_file)
		text_add(to, "muster: ");
	text_add(to, item->where);
	if (item->line != 0)
		text_add_format(to, ":%" PRIu32 ":%" PRIu32, item->line, item->column);
	text_add_format(to, "%s%s%s\n", item->where[0] == '\0' ? "" : ": ", of_file ? label : "", item->message);
}

void diagnostics_format(const struct diagnostics *diagnostics, const char *label, struct text *to)
{
	for (uint32_t i = 0; i < diagnostics->count; i++)
		format_one(&diagnostics->items[i], label, to);
	if (diagnostics->dropped > 0)
		text_add_format(to, "and %" PRIu32 " more %s\n", diagnostics->dropped,
		                diagnostics->dropped == 1 ? "error" : "errors");
}

void diagnostics_finish(struct diagnostics *diagnostics)
{
	for (uint32_t i = 0; i < diagnostics->count; i++) {
		free(diagnostics->items[i].where);
		free(diagnostics->items[i].message);
	}
	free(diagnostics->items);
	*diagnostics = (struct diagnostics){0};
}
