/* SPDX-License-Identifier: MIT
 *
 * topology: any text as an hwloc XML file or a synthetic description, and plans for what it describes. What is refused
 * is said why; for what is accepted, every rank has CPUs, all of them allowed, and the plan can be shown.
 */
#include "fuzz.h"

#include "base/error.h"
#include "base/text.h"
#include "machine/machine.h"
#include "plan/placement.h"
#include "report/plan_view.h"
#include "spec/job_spec.h"

#include <string.h>

static void show(const struct job_spec *spec, const struct machine *machine, const struct placement *placement)
{
	const struct plan_view view = {spec, machine, placement};
	struct text text = {0};
	plan_text(&text, &view, &(struct plan_style){.utf8 = true});
	plan_json(&text, &view);
	plan_svg(&text, &view);
	plan_bindings_text(&text, &view);
	EXPECT(text.length > 0);
	text_finish(&text);
}

static void plan(const struct machine *machine, enum place_level map_by, enum place_level bind_to, uint32_t width)
{
	struct job_spec spec;
	struct placement placement = {0};
	struct error err = {0};
	job_spec_init(&spec);
	spec.nprocs = width == 1 ? 5 : NPROCS_AUTO;
	spec.placement.map_by = map_by;
	spec.placement.bind_to = bind_to;
	spec.placement.cpus_per_rank = width;
	if (placement_make(&placement, &spec, machine, &err) < 0) {
		EXPECT(err.text[0] != '\0');
	} else {
		for (uint32_t rank = 0; rank < placement.nprocs; rank++) {
			EXPECT(!index_set_is_empty(&placement.ranks[rank].cpus));
			EXPECT(index_set_contains(&machine->allowed, &placement.ranks[rank].cpus));
		}
		show(&spec, machine, &placement);
	}
	placement_finish(&placement);
	job_spec_finish(&spec);
}

/* Hundreds of CPUs say all that thousands do, and hwloc is slow with them. */
static bool has_a_long_number(const char *text)
{
	size_t digits = 0;
	for (; *text != '\0' && digits < 3; text++)
		digits = *text >= '0' && *text <= '9' ? digits + 1 : 0;
	return digits >= 3;
}

static int load(struct machine *machine, const char *text, struct error *err)
{
	if (text[0] == '<')
		return machine_load_xml(machine, text, err);
	bool is_file = strchr(text, '/') != NULL || strstr(text, ".xml") != NULL;
	if (is_file || has_a_long_number(text))
		return error_set(err, -1, "left out");
	return machine_load(machine, text, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct machine machine = {0};
	struct error err = {0};
	if (load(&machine, text, &err) < 0) {
		EXPECT(err.text[0] != '\0');
	} else {
		EXPECT(machine.thread_count > 0 && machine.core_count <= machine.thread_count);
		plan(&machine, PLACE_CORE, PLACE_CORE, 1);
		plan(&machine, PLACE_NUMA, PLACE_NUMA, 2);
		plan(&machine, PLACE_L3CACHE, PLACE_HWTHREAD, 3);
		plan(&machine, PLACE_PACKAGE, PLACE_NONE, 1);
	}
	machine_finish(&machine);
	free(text);
	return 0;
}
