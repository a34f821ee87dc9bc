/* SPDX-License-Identifier: MIT
 *
 * plan_drawing: see plan_drawing.h. How much is shown is what a reader can take in: MOST_ROWS lines.
 */
#include "report/plan_drawing.h"

#include "base/byte_words.h"
#include "plan/place_words.h"
#include "report/plan_cells.h"
#include "report/plan_groups.h"
#include "report/plan_picture.h"

#include <inttypes.h>

enum { MOST_ROWS = 40 };

void plan_node_text(struct text *text, const struct numa_node *node)
{
	char words[BYTE_WORDS_SIZE];
	text_add_format(text, "NUMA node %" PRIu32, node->os_index);
	if (node->memory_bytes > 0)
		text_add_format(text, ", %s", byte_words(words, node->memory_bytes));
	if (!node->allowed)
		text_add(text, ", its memory may not be used");
}

/* Nodes that no core has as its own: memory without CPUs, or beside another node. */
static void add_other_nodes(struct text *text, const struct machine *machine)
{
	struct index_set local = {0};
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].numa != NO_OBJECT)
			index_set_add(&local, machine->threads[i].numa);
	for (uint32_t node = 0; node < machine->node_count; node++) {
		if (index_set_has(&local, node))
			continue;
		text_add(text, "\n");
		plan_node_text(text, &machine->nodes[node]);
		text_add(text, ": memory that no core has as its nearest\n");
	}
	index_set_finish(&local);
}

static void add_offline(struct text *text, const struct index_set *offline)
{
	if (index_set_is_empty(offline))
		return;
	text_add(text, "\n");
	place_words_set(text, "CPU", "CPUs", offline);
	text_add(text, " offline\n");
}

void plan_drawing(struct text *text, const struct plan_view *view, const struct plan_style *style)
{
	struct picture picture;
	picture_make(&picture, view);
	if (plan_cells_count_rows(&picture, style) <= MOST_ROWS)
		plan_cells_draw(text, &picture, style);
	else if (plan_groups_count(&picture, PLACE_L3CACHE) <= MOST_ROWS)
		plan_groups_list(text, &picture, PLACE_L3CACHE);
	else
		plan_groups_list(text, &picture,
		                 plan_groups_count(&picture, PLACE_NUMA) <= MOST_ROWS ? PLACE_NUMA : PLACE_PACKAGE);
	add_other_nodes(text, view->machine);
	add_offline(text, &picture.offline);
	picture_finish(&picture);
}
