/* SPDX-License-Identifier: MIT
 *
 * plan_json: a plan for programs, schema "muster.plan/1": machine, nprocs, warnings and ranks are fixed, what stands
 * beside them may grow.
 */
#include "report/plan_view.h"

#include "base/memory.h"
#include "machine/machine.h"
#include "plan/place_words.h"
#include "plan/placement.h"
#include "report/json_text.h"
#include "spec/job_spec.h"

#include <jansson.h>

static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, json_made(value)) < 0)
		memory_exhausted();
}

static void append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, json_made(value)) < 0)
		memory_exhausted();
}

static json_t *numbers(const struct index_set *members)
{
	json_t *array = json_made(json_array());
	for (index_set_each(members, member))
		append(array, json_integer(member));
	return array;
}

static json_t *object_number(uint32_t number)
{
	return number == NO_OBJECT ? json_null() : json_integer(number);
}

static json_t *thread_json(const struct machine *machine, const struct hardware_thread *thread)
{
	json_t *object = json_made(json_object());
	set(object, "cpu", json_integer(thread->cpu));
	set(object, "core", object_number(thread->core));
	set(object, "l3cache", object_number(thread->l3cache));
	set(object, "numa",
	    thread->numa == NO_OBJECT ? json_null() : json_integer(machine->nodes[thread->numa].os_index));
	set(object, "package", object_number(thread->package));
	set(object, "kind", json_integer(thread->kind));
	set(object, "allowed", json_boolean(thread->access == THREAD_ALLOWED));
	if (thread->access != THREAD_ALLOWED)
		set(object, "reason", json_string(thread_access_reason(thread->access)));
	return object;
}

static json_t *nodes_json(const struct machine *machine)
{
	json_t *array = json_made(json_array());
	for (uint32_t i = 0; i < machine->node_count; i++) {
		json_t *node = json_made(json_object());
		set(node, "numa", json_integer(machine->nodes[i].os_index));
		set(node, "memory_bytes",
		    machine->nodes[i].memory_bytes > 0 ? json_integer((json_int_t)machine->nodes[i].memory_bytes)
		                                       : json_null());
		set(node, "allowed", json_boolean(machine->nodes[i].allowed));
		append(array, node);
	}
	return array;
}

/* Other jobs of the host, and what they hold. */
static json_t *holders_json(const struct machine *machine)
{
	json_t *array = json_made(json_array());
	for (uint32_t i = 0; i < machine->holder_count; i++) {
		const struct core_holder *holder = &machine->holders[i];
		json_t *object = json_made(json_object());
		set(object, "job", holder->note.job[0] == '\0' ? json_null() : json_text(holder->note.job));
		set(object, "uid", json_integer(holder->note.uid));
		set(object, "exclusive", json_boolean(holder->note.exclusive));
		set(object, "cpus", json_set(&holder->cpus));
		append(array, object);
	}
	return array;
}

static json_t *quota_json(const struct machine *machine)
{
	if (machine->quota_millicpus == 0)
		return json_null();
	json_t *quota = json_made(json_object());
	set(quota, "cpus", json_real(machine->quota_millicpus / 1000.0));
	set(quota, "source", json_text(machine->quota_source));
	return quota;
}

static json_t *memory_limit_json(const struct machine *machine)
{
	if (machine->memory_limit_source == NULL)
		return json_null();
	json_t *limit = json_made(json_object());
	set(limit, "bytes", json_integer((json_int_t)machine->memory_limit_bytes));
	set(limit, "source", json_text(machine->memory_limit_source));
	return limit;
}

static json_t *machine_json(const struct machine *machine)
{
	json_t *object = json_made(json_object());
	set(object, "description", json_text(machine->description));
	set(object, "is_this_machine", json_boolean(machine->is_this_machine));
	set(object, "packages", json_integer(machine->package_count));
	set(object, "l3caches", json_integer(machine->l3cache_count));
	set(object, "cores", json_integer(machine->core_count));
	set(object, "kinds", json_integer(machine->kind_count));
	set(object, "allowed", json_set(&machine->allowed));
	set(object, "quota", quota_json(machine));
	if (machine->memory_limit_known)
		set(object, "memory_limit", memory_limit_json(machine));
	set(object, "nodes", nodes_json(machine));
	set(object, "holders", holders_json(machine));
	json_t *threads = json_made(json_array());
	for (uint32_t i = 0; i < machine->thread_count; i++)
		append(threads, thread_json(machine, &machine->threads[i]));
	set(object, "threads", threads);
	return object;
}

static json_t *request_json(const struct placement_spec *request)
{
	json_t *object = json_made(json_object());
	set(object, "bind_to", json_string(place_level_name(request->bind_to)));
	set(object, "map_by", json_string(place_level_name(request->map_by)));
	set(object, "cpus_per_rank", json_integer(request->cpus_per_rank));
	set(object, "smt", json_string(smt_use_name(request->smt)));
	set(object, "cores", json_string(core_choice_name(request->cores)));
	set(object, "memory", json_string(memory_policy_name(request->memory)));
	set(object, "explicit", json_boolean(request->rank_cpus != NULL));
	set(object, "cpu_set", index_set_is_empty(&request->cpu_set) ? json_null() : json_set(&request->cpu_set));
	return object;
}

static json_t *rank_json(const struct rank_placement *place, uint32_t rank)
{
	json_t *object = json_made(json_object());
	set(object, "rank", json_integer(rank));
	set(object, "cpus", json_set(&place->cpus));
	set(object, "cores", numbers(&place->cores));
	set(object, "numa", numbers(&place->nodes));
	set(object, "bound", json_boolean(place->bound));
	set(object, "shared", json_boolean(place->shared));
	set(object, "why", json_text(place->why));
	return object;
}

static json_t *plan_object(const struct plan_view *view)
{
	const struct placement *placement = view->placement;
	json_t *plan = json_made(json_object());
	set(plan, "schema", json_string("muster.plan/1"));
	set(plan, "machine", machine_json(view->machine));
	set(plan, "request", request_json(&view->spec->placement));
	set(plan, "nprocs", json_integer(placement->nprocs));
	set(plan, "nprocs_why", json_text(placement->nprocs_why));
	json_t *warnings = json_made(json_array());
	for (uint32_t i = 0; i < placement->warning_count; i++)
		append(warnings, json_text(placement->warnings[i]));
	set(plan, "warnings", warnings);
	set(plan, "shared", json_set(&placement->shared));
	json_t *ranks = json_made(json_array());
	for (uint32_t rank = 0; rank < placement->nprocs; rank++)
		append(ranks, rank_json(&placement->ranks[rank], rank));
	set(plan, "ranks", ranks);
	return plan;
}

static int add_piece(const char *bytes, size_t length, void *text)
{
	text_add_bytes(text, bytes, length);
	return 0;
}

void plan_json(struct text *text, const struct plan_view *view)
{
	json_t *plan = plan_object(view);
	if (json_dump_callback(plan, add_piece, text, JSON_INDENT(1) | JSON_PRESERVE_ORDER) < 0)
		memory_exhausted();
	text_add(text, "\n");
	json_decref(plan);
}
