/* SPDX-License-Identifier: MIT
 *
 * steps: how members of a group hand one another data, the ground of all collectives.
 */
#ifndef MUSTER_STEPS_H
#define MUSTER_STEPS_H

struct steps;

/* NULL is fine. */
void steps_destroy(struct steps *steps);

#endif
