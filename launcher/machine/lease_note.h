/* SPDX-License-Identifier: MIT
 *
 * lease_note: who holds a hardware thread, as the holder wrote it beside its lock. Anybody may write anything there: it
 * is believed as a name to tell users, and nothing more; what is read of it can be printed.
 */
#ifndef MUSTER_MACHINE_LEASE_NOTE_H
#define MUSTER_MACHINE_LEASE_NOTE_H

#include <stdbool.h>
#include <stdint.h>

enum { LEASE_JOB_SIZE = 80, LEASE_NOTE_BYTES = 128 };

struct lease_note {
	char job[LEASE_JOB_SIZE]; /* its id; "": unknown */
	uint32_t uid;
	bool exclusive; /* it shares with nobody */
};

/* "train-0f3k9q2x7c 1000 exclusive\n", and zeros behind it. */
void lease_note_write(char bytes[static LEASE_NOTE_BYTES], const struct lease_note *note);

/* What is no note gives an unknown job. */
void lease_note_read(struct lease_note *note, const char bytes[static LEASE_NOTE_BYTES]);

#endif
