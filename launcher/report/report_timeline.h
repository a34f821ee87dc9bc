/* SPDX-License-Identifier: MIT
 *
 * report_timeline: when each rank of a report lived and what it did, as a picture within a page.
 */
#ifndef MUSTER_REPORT_REPORT_TIMELINE_H
#define MUSTER_REPORT_REPORT_TIMELINE_H

#include <jansson.h>
#include <stdint.h>

struct text;

enum { TIMELINE_RANKS_MAX = 256 };

/* What may be seen there. */
enum timeline_piece {
	PIECE_LIFE,
	PIECE_FAILED_LIFE,
	PIECE_FAILURE, /* the moment of the first */
	PIECE_PHASE,
	PIECE_BARRIER,
	PIECE_COLLECTIVE,
	PIECE_UNFINISHED_BARRIER,
	PIECE_UNFINISHED_COLLECTIVE,
	PIECE_UNFINISHED_MESSAGE,
	TIMELINE_PIECES
};

/* For a style sheet: "life bad". */
const char *timeline_piece_class(enum timeline_piece piece);

/* An svg element, of the first TIMELINE_RANKS_MAX ranks. What was drawn: a bit for each piece, 1 << PIECE_LIFE first.
 */
uint32_t report_timeline(struct text *text, const json_t *report);

#endif
