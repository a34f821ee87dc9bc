/* SPDX-License-Identifier: MIT
 *
 * offer: fetches a large message from where its sender has it: out of the segment, or out of the sender's memory.
 */
#ifndef MUSTER_LIBRARY_OFFER_H
#define MUSTER_LIBRARY_OFFER_H

#include "reader.h"

enum offer_outcome {
	OFFER_FETCHED,
	OFFER_STAGED, /* it was asked for in blocks */
	OFFER_VOID,   /* withdrawn, or its sender is gone: the request's memory may hold some of it */
};

/* Into the request's memory, which has room. */
enum offer_outcome offer_fetch(struct segment *segment, struct reader *reader, const struct slot_offer *offer,
                               const muster_request *request);

/* Nobody is going to want it, its world was freed: its sender goes on as if it had been received. */
void offer_drop(struct segment *segment, const struct reader *reader, uint32_t number, uint64_t state);

/* Whether the message is still there to be fetched. */
bool offer_stands(const struct reader *reader, const struct slot_offer *offer);

#endif
