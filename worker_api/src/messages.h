/* SPDX-License-Identifier: MIT
 *
 * messages: channels between ranks, the ground of muster/message.h.
 */
#ifndef MUSTER_MESSAGES_H
#define MUSTER_MESSAGES_H

struct messages;

/* NULL is fine. */
void messages_destroy(struct messages *messages);

#endif
