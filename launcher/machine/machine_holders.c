/* SPDX-License-Identifier: MIT
 *
 * machine_holders: see machine_holders.h.
 */
#include "machine/machine_holders.h"

#include "base/memory.h"
#include "base/text.h"
#include "machine/core_lease.h"

#include <stdlib.h>
#include <string.h>

static struct core_holder *holder_of(struct machine *machine, const struct lease_note *note)
{
	for (uint32_t i = 0; i < machine->holder_count; i++) {
		struct core_holder *holder = &machine->holders[i];
		if (strcmp(holder->note.job, note->job) == 0 && holder->note.uid == note->uid &&
		    holder->note.exclusive == note->exclusive)
			return holder;
	}
	machine->holders = memory_resized(machine->holders, machine->holder_count + 1, sizeof *machine->holders);
	struct core_holder *added = &machine->holders[machine->holder_count++];
	*added = (struct core_holder){.note = *note};
	return added;
}

void machine_holders_set(struct machine *machine, const struct core_holds *holds, const char *outer_jobs)
{
	machine_holders_clear(machine);
	for (uint32_t i = 0; i < holds->count; i++)
		if (!words_have(outer_jobs, holds->items[i].note.job))
			index_set_add(&holder_of(machine, &holds->items[i].note)->cpus, holds->items[i].cpu);
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		struct hardware_thread *thread = &machine->threads[i];
		for (uint32_t j = 0; j < machine->holder_count; j++) {
			if (!index_set_has(&machine->holders[j].cpus, thread->cpu))
				continue;
			thread->holder_count++;
			thread->held_exclusively |= machine->holders[j].note.exclusive;
		}
	}
}

void machine_holders_clear(struct machine *machine)
{
	for (uint32_t i = 0; i < machine->holder_count; i++)
		index_set_finish(&machine->holders[i].cpus);
	free(machine->holders);
	machine->holders = NULL;
	machine->holder_count = 0;
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		machine->threads[i].holder_count = 0;
		machine->threads[i].held_exclusively = false;
	}
}

void machine_held_cpus(const struct machine *machine, struct index_set *cpus)
{
	for (uint32_t i = 0; i < machine->holder_count; i++)
		index_set_union(cpus, &machine->holders[i].cpus);
}

void machine_whole_cores(const struct machine *machine, const struct index_set *cpus, struct index_set *whole)
{
	bool *taken = memory_zeroed((machine->core_count + 1) * sizeof *taken);
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].core != NO_OBJECT && index_set_has(cpus, machine->threads[i].cpu))
			taken[machine->threads[i].core] = true;
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].core != NO_OBJECT && taken[machine->threads[i].core])
			index_set_add(whole, machine->threads[i].cpu);
	free(taken);
}
