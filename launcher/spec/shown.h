/* SPDX-License-Identifier: MIT
 *
 * shown: a value of the user's as it may stand in a message: cut to a length that leaves the message readable, without
 * control characters that a terminal would obey, and always valid UTF-8 so that it can go into JSON.
 *
 *     error_set(err, -EINVAL, "\"%s\" is not a duration", SHOWN(text));
 */
#ifndef MUSTER_SPEC_SHOWN_H
#define MUSTER_SPEC_SHOWN_H

enum { SHOWN_BYTES_MAX = 60 };

struct shown {
	char text[SHOWN_BYTES_MAX + 4]; /* with "..." where it was cut */
};

/* Lives as long as the block that it is written in. */
#define SHOWN(value) shown_text(&(struct shown){{0}}, (value))

const char *shown_text(struct shown *shown, const char *value);

#endif
