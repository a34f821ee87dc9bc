/* SPDX-License-Identifier: MIT
 *
 * messages: what a rank has to do with muster/message.h: its inbox and its outbox. One for each rank, made by the first
 * call, shared by its worlds.
 */
#ifndef MUSTER_MESSAGES_H
#define MUSTER_MESSAGES_H

#include "world.h"

struct messages;

/* Takes back, drops and frees all that belongs to a world which is about to go. */
void messages_forget_world(struct segment *segment, const muster_world *world);

/* After the last world has gone. NULL is fine. */
void messages_destroy(struct messages *messages);

#endif
