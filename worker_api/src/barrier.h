/* SPDX-License-Identifier: MIT
 *
 * barrier: the counter behind muster_barrier, by which collectives of crowds meet, too, and splits are decided (struct
 * group_header.gate).
 */
#ifndef MUSTER_LIBRARY_BARRIER_H
#define MUSTER_LIBRARY_BARRIER_H

#include "world.h"

struct wait;

enum { BARRIER_GIVEN_UP = -6000 }; /* somebody else did; lies outside of all codes that users see */

struct barrier_place {
	struct group_barrier *barrier;
	struct group_domain *domains; /* NULL: everybody comes to the barrier itself */
	uint32_t *generation;         /* which one this is; the caller counts it up afterwards */
	uint32_t *guess;
	uint32_t members;
	/* What the last to arrive does before anybody goes on; all others' work is visible to it. */
	void (*before_opening)(void *context);
	void *context;
	uint64_t arrived_ticks; /* when it began to wait; 0: it did not */
};

/* Arrives, and waits as `wait` says. 0, BARRIER_GIVEN_UP, or what ended the wait, when the generation may be undecided.
 */
int barrier_cross(struct barrier_place *at, struct wait *wait);

/* After a wait in it ended with `code`: gives the generation up for all, unless it is decided. 0: it had been passed;
 * BARRIER_GIVEN_UP: somebody else had given it up; else `code`. */
int barrier_give_up(struct barrier_place *at, const muster_world *world, int code);

#endif
