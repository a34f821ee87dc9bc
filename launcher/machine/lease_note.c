/* SPDX-License-Identifier: MIT
 *
 * lease_note: see lease_note.h.
 */
#include "machine/lease_note.h"

#include "base/printable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A job's name in an id has no blanks. */
void lease_note_write(char bytes[static LEASE_NOTE_BYTES], const struct lease_note *note)
{
	memset(bytes, 0, LEASE_NOTE_BYTES);
	snprintf(bytes, LEASE_NOTE_BYTES, "%s %" PRIu32 " %s\n", note->job, note->uid,
	         note->exclusive ? "exclusive" : "shared");
}

void lease_note_read(struct lease_note *note, const char bytes[static LEASE_NOTE_BYTES])
{
	char line[LEASE_NOTE_BYTES + 1], *end;
	memcpy(line, bytes, LEASE_NOTE_BYTES);
	line[LEASE_NOTE_BYTES] = '\0';
	*note = (struct lease_note){0};
	char *blank = strchr(line, ' ');
	if (blank == NULL || blank == line || blank - line >= LEASE_JOB_SIZE)
		return;
	*blank = '\0';
	unsigned long uid = strtoul(blank + 1, &end, 10);
	bool exclusive = strcmp(end, " exclusive\n") == 0;
	if (end == blank + 1 || uid > UINT32_MAX || (!exclusive && strcmp(end, " shared\n") != 0))
		return;
	make_printable(line);
	*note = (struct lease_note){.uid = (uint32_t)uid, .exclusive = exclusive};
	memcpy(note->job, line, strlen(line));
}
