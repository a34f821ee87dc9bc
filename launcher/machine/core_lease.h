/* SPDX-License-Identifier: MIT
 *
 * core_lease: which cores of this host the jobs of muster hold, in one file that all of them lock parts of.
 *
 *     core_lease_open(&lease, LEASE_TO_TAKE, &err);
 *     core_lease_take_turn(&lease);
 *     core_lease_look(&lease, cpu_limit, &holds);          what others hold: place around it
 *     core_lease_take(&lease, &cpus, &holds, &note);       -EAGAIN: somebody was faster, look again
 *     core_lease_end_turn(&lease);
 *
 * The locks are of the open file description (F_OFD_SETLK): they belong to all who inherited the descriptor, and are
 * gone with the last of them, however it ended. Nothing is ever stale, and nothing has to be cleaned up.
 *
 * A hardware thread has LEASE_PLACES bytes in the file, one for each job that may be on it at a time: byte
 * place * LEASE_STRIDE + cpu. A job takes the first that it saw free, so that of two jobs which both saw a thread free
 * one gets it, and jobs that share one are all seen. The last, LEASE_PLACE_OF_MANY, is for any number of jobs at once
 * (a shared lock): that it is held is seen as long as any of them lives. Beside the lock stands a note with the job's
 * name, there with that of the latest. The byte behind all of these is the turn: jobs look, place and lock one after
 * another. It is courtesy: nobody waits for it long.
 *
 * The file is muster-cores in MUSTER_LEASE_DIR, else in the first of /run/lock, /dev/shm and /tmp in which any user may
 * make files and only their owners remove them: the same one for all users. Who may not write there can be kept from
 * holding cores, and can keep others; no more than that.
 */
#ifndef MUSTER_MACHINE_CORE_LEASE_H
#define MUSTER_MACHINE_CORE_LEASE_H

#include "base/index_set.h"
#include "machine/lease_note.h"

#include <stdint.h>

struct error;

enum { LEASE_PLACES = 16, LEASE_PLACE_OF_MANY = LEASE_PLACES - 1, LEASE_STRIDE = INDEX_SET_MAX + 1 };

enum lease_use {
	LEASE_TO_LOOK,
	LEASE_TO_TRY, /* could they be taken? Makes no file */
	LEASE_TO_TAKE,
};

/* A lease that was never opened is {.fd = -1}. */
struct core_lease {
	int fd;
	struct index_set cpus; /* what it holds */
};

/* One lock of another job. */
struct core_hold {
	uint32_t cpu;
	uint32_t place;
	struct lease_note note;
};

struct core_holds {
	struct core_hold *items;
	uint32_t count;
	uint32_t capacity;
};

/* -ENOENT when it is only looked for and there is none: nobody holds a core. Any error says why cores cannot be held
 * here: no place to write to, something strange in the file's place, no such locks. */
int core_lease_open(struct core_lease *lease, enum lease_use use, struct error *err);

/* Gives up what is held, unless another process has the descriptor too. */
void core_lease_close(struct core_lease *lease);

void core_lease_take_turn(const struct core_lease *lease);
void core_lease_end_turn(const struct core_lease *lease);

/* What others hold of CPUs below `cpu_limit`, in no order. `holds` is filled anew; it needs core_holds_finish. */
int core_lease_look(const struct core_lease *lease, uint32_t cpu_limit, struct core_holds *holds);
void core_holds_finish(struct core_holds *holds);

/* Takes a place on each of the CPUs, beside the holders in `seen`. All of them or none; -EAGAIN when another job was
 * faster. */
int core_lease_take(struct core_lease *lease, const struct index_set *cpus, const struct core_holds *seen,
                    const struct lease_note *note);

/* 0: cores could be held here, for all that can be known without making the file; else as core_lease_open. */
int core_lease_try(struct error *err);

/* Who holds which hardware thread now, for those who only want to know: opens, looks, closes. No lease file: nobody. */
int core_lease_list(uint32_t cpu_limit, struct core_holds *holds, struct error *err);

#endif
