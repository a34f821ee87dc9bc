/* SPDX-License-Identifier: MIT
 *
 * take_cores: see take_cores.h.
 */
#include "commands/take_cores.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/printable.h"
#include "base/text.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "machine/machine_holders.h"
#include "plan/place_held.h"
#include "plan/placement.h"
#include "spec/job_spec.h"
#include "spec/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RACES_AT_MOST = 64, FIRST_PAUSE_MS = 1, LONGEST_PAUSE_MS = 50 };

static uint32_t cpu_limit(const struct machine *machine)
{
	uint32_t limit = 0;
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].cpu >= limit)
			limit = machine->threads[i].cpu + 1;
	return limit;
}

/* A variable that anybody may have set becomes text for ranks and for comparing, and no more. */
char *outer_jobs(void)
{
	const char *outer = getenv("MUSTER_OUTER_JOBS"), *job = getenv("MUSTER_JOB_ID");
	struct text text = {0};
	if (job == NULL || job[0] == '\0')
		return NULL; /* this is no rank of any */
	if (outer != NULL && outer[0] != '\0')
		text_add_format(&text, "%s ", outer);
	text_add(&text, job);
	return text.bytes;
}

void look_at_cores(struct machine *machine, const struct job_spec *spec)
{
	struct core_holds holds = {0};
	char *outer = outer_jobs();
	if (placement_minds_others(&spec->placement) && core_lease_list(cpu_limit(machine), &holds, NULL) == 0)
		machine_holders_set(machine, &holds, outer);
	core_holds_finish(&holds);
	free(outer);
}

/* --- once --- */

/* -ESTALE: another job was faster. */
static int hold(struct core_lease *lease, const struct placement *placement, const struct core_holds *seen,
                const struct core_taking *taking, struct error *err)
{
	struct lease_note note = {.uid = geteuid(), .exclusive = taking->spec->placement.exclusive};
	struct index_set cpus = {0};
	snprintf(note.job, sizeof note.job, "%s", taking->job_id);
	placement_cpus_to_hold(placement, taking->machine, &cpus);
	int rc = core_lease_take(lease, &cpus, seen, &note);
	index_set_finish(&cpus);
	if (rc == -EAGAIN)
		return -ESTALE;
	if (rc < 0 && note.exclusive)
		return error_set_key(err, rc, "placement.exclusive", "the cores cannot be held: %s", strerror(-rc));
	return 0;
}

/* Sees, places and holds. -EAGAIN: the job may not share, or does not want to as long as it waits. -ESTALE: another was
 * faster. */
static int try_once(struct placement *placement, struct core_lease *lease, const struct core_taking *taking, bool waits,
                    struct error *err)
{
	struct core_holds holds = {0};
	int rc = core_lease_look(lease, cpu_limit(taking->machine), &holds);
	if (rc < 0)
		holds.count = 0;
	machine_holders_set(taking->machine, &holds, taking->outer_jobs);
	struct job_spec wanted = *taking->spec;
	wanted.placement.exclusive |= waits; /* who waits does so for cores of his own */
	rc = placement_make(placement, &wanted, taking->machine, err);
	if (rc == 0) {
		rc = hold(lease, placement, &holds, taking, err);
		if (rc < 0)
			placement_finish(placement);
	}
	core_holds_finish(&holds);
	return rc;
}

static int try_in_turn(struct placement *placement, struct core_lease *lease, const struct core_taking *taking,
                       bool waits, struct error *err)
{
	int rc = -ESTALE;
	core_lease_take_turn(lease);
	for (int i = 0; i < RACES_AT_MOST && rc == -ESTALE; i++)
		rc = try_once(placement, lease, taking, waits, err);
	core_lease_end_turn(lease);
	return rc == -ESTALE ? error_set(err, rc, "other jobs take cores faster than this one can") : rc;
}

/* --- until it succeeds --- */

/* Each time that others are in the way than before. */
static void tell_for_whom(const struct core_taking *taking, struct text *told)
{
	struct index_set held = {0};
	struct text text = {0};
	for (uint32_t i = 0; i < taking->machine->holder_count; i++)
		index_set_union(&held, &taking->machine->holders[i].cpus);
	text_add(&text, "muster: waiting for cores: ");
	place_held_add_holders(&text, taking->machine, &held);
	if (!taking->quiet && (told->bytes == NULL || strcmp(text.bytes, told->bytes) != 0))
		fprintf(stderr, "%s\n", text.bytes);
	text_finish(told);
	*told = text;
	index_set_finish(&held);
}

static void pause_ms(int64_t ms)
{
	const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
	nanosleep(&pause, NULL);
}

static int wait_and_take(struct placement *placement, struct core_lease *lease, const struct core_taking *taking,
                         struct error *err)
{
	int64_t wait_ms = taking->spec->placement.wait_for_cores_ms, began = clock_ms(), pause = FIRST_PAUSE_MS;
	struct text told = {0};
	bool waits = wait_ms != NOT_SET;
	int rc;
	while ((rc = try_in_turn(placement, lease, taking, waits, err)) == -EAGAIN && waits) {
		int64_t left = wait_ms - (clock_ms() - began);
		waits = left > 0;
		if (!waits)
			continue; /* once more, as without waiting */
		if (taking->spec->daemon && getppid() != taking->owner) {
			rc = error_set_key(err, -ESRCH, "daemon", "the process that started muster has ended");
			break;
		}
		tell_for_whom(taking, &told);
		pause_ms(pause < left ? pause : left);
		pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
	}
	if (rc == 0 && told.bytes != NULL && taking->verbose)
		fprintf(stderr, "muster: waited %.1f s for cores\n", (double)(clock_ms() - began) / 1e3);
	if (rc == -EAGAIN && wait_ms != NOT_SET) {
		char waited[UNIT_TEXT_BYTES];
		error_prefix(err, "waited %s for cores", duration_format(wait_ms, waited));
	}
	text_finish(&told);
	return rc;
}

int take_cores(struct placement *placement, struct core_lease *lease, const struct core_taking *taking,
               struct error *err)
{
	const struct placement_spec *request = &taking->spec->placement;
	*lease = (struct core_lease){.fd = -1};
	if (!placement_minds_others(request))
		return placement_make(placement, taking->spec, taking->machine, err);
	int rc = core_lease_open(lease, LEASE_TO_TAKE, err);
	if (rc < 0 && request->exclusive) {
		error_about(err, "placement.exclusive");
		return error_prefix(err, "cores cannot be held here");
	}
	if (rc < 0) {
		if (taking->verbose || request->wait_for_cores_ms != NOT_SET)
			fprintf(stderr, "muster: other jobs are not minded: cores cannot be held here: %s\n",
			        err->text);
		return placement_make(placement, taking->spec, taking->machine, err);
	}
	rc = wait_and_take(placement, lease, taking, err);
	if (rc < 0)
		core_lease_close(lease);
	return rc;
}
