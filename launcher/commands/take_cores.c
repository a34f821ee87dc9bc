/* SPDX-License-Identifier: MIT
 *
 * take_cores: see take_cores.h. What is said is said patiently: what would end a write that hangs is held, or may be.
 */
#include "commands/take_cores.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/patient_write.h"
#include "base/text.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "machine/machine_holders.h"
#include "plan/place_held.h"
#include "plan/placement.h"
#include "run/signals.h"
#include "spec/job_spec.h"
#include "spec/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

struct waiting {
	const struct core_taking *taking;
	struct core_wait *wait;
	int64_t began_ms;
	int64_t pause_ms;
	struct text for_whom; /* as it was told */
};

/* Each time that others are in the way than before. */
static void tell_for_whom(struct waiting *waiting)
{
	const struct machine *machine = waiting->taking->machine;
	struct text *told = &waiting->for_whom, text = {0};
	struct index_set held = {0};
	machine_held_cpus(machine, &held);
	place_held_add_holders(&text, machine, &held);
	if (!waiting->taking->quiet && (told->bytes == NULL || strcmp(text.bytes, told->bytes) != 0))
		patient_say_format("muster: waiting for cores: %s\n", text.bytes);
	text_finish(told);
	*told = text;
	index_set_finish(&held);
}

static int stop_waiting(struct waiting *waiting, int signal, struct error *err)
{
	char name[UNIT_TEXT_BYTES];
	waiting->wait->ended_by = CAUSE_STOPPED;
	waiting->wait->stop_signal = signal;
	return error_set(err, -EINTR, "stopped by %s while waiting for cores: %s", signal_format(signal, name),
	                 waiting->for_whom.bytes);
}

static int time_out(struct waiting *waiting, struct error *err)
{
	char limit[UNIT_TEXT_BYTES];
	waiting->wait->ended_by = CAUSE_TIME_LIMIT;
	return error_set(err, -ETIME, "timeout: the job was still waiting for cores after %s: %s",
	                 duration_format(waiting->taking->spec->timeout_ms, limit), waiting->for_whom.bytes);
}

static int64_t left_of(const struct waiting *waiting, int64_t limit_ms)
{
	return limit_ms == NOT_SET ? INT64_MAX : limit_ms - (clock_ms() - waiting->began_ms);
}

/* A little: 1. 0: it has waited for as long as it was to; negative: it must not be started any more. */
static int wait_on(struct waiting *waiting, struct error *err)
{
	const struct core_taking *taking = waiting->taking;
	int64_t left_ms = left_of(waiting, taking->spec->placement.wait_for_cores_ms);
	int64_t time_left_ms = left_of(waiting, taking->spec->timeout_ms);
	if (left_ms <= 0 && time_left_ms > 0)
		return 0;
	if (taking->spec->daemon && getppid() != taking->owner)
		return error_set_key(err, -ESRCH, "daemon", "the process that started muster has ended");
	tell_for_whom(waiting);
	if (time_left_ms <= 0)
		return time_out(waiting, err);
	int64_t most_ms = time_left_ms < left_ms ? time_left_ms : left_ms;
	int signal = signals_await_stop(waiting->pause_ms < most_ms ? waiting->pause_ms : most_ms);
	waiting->pause_ms = waiting->pause_ms * 2 < LONGEST_PAUSE_MS ? waiting->pause_ms * 2 : LONGEST_PAUSE_MS;
	return signal != 0 ? stop_waiting(waiting, signal, err) : 1;
}

static int wait_and_take(struct placement *placement, struct core_lease *lease, struct waiting *waiting,
                         struct error *err)
{
	const struct core_taking *taking = waiting->taking;
	int64_t wait_ms = taking->spec->placement.wait_for_cores_ms;
	bool waits = wait_ms != NOT_SET;
	int rc;
	if (waits)
		signals_hold_stops();
	while ((rc = try_in_turn(placement, lease, taking, waits, err)) == -EAGAIN && waits) {
		rc = wait_on(waiting, err);
		if (rc < 0)
			break;
		waits = rc > 0; /* else once more, as without waiting */
	}
	if (waiting->for_whom.bytes != NULL)
		waiting->wait->ms = clock_ms() - waiting->began_ms;
	if (rc == 0 && waiting->wait->ms > 0 && taking->verbose)
		patient_say_format("muster: waited %.1f s for cores\n", (double)waiting->wait->ms / 1e3);
	if (rc == -EAGAIN && wait_ms != NOT_SET) {
		char waited[UNIT_TEXT_BYTES];
		error_prefix(err, "waited %s for cores", duration_format(wait_ms, waited));
	}
	return rc;
}

int take_cores(struct placement *placement, struct core_lease *lease, const struct core_taking *taking,
               struct core_wait *wait, struct error *err)
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
			patient_say_format("muster: other jobs are not minded: cores cannot be held here: %s\n",
			                   err->text);
		return placement_make(placement, taking->spec, taking->machine, err);
	}
	struct waiting waiting = {taking, wait, .began_ms = clock_ms() - wait->ms, .pause_ms = FIRST_PAUSE_MS};
	rc = wait_and_take(placement, lease, &waiting, err);
	text_finish(&waiting.for_whom);
	if (rc < 0)
		core_lease_close(lease);
	return rc;
}
