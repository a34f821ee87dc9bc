/* SPDX-License-Identifier: MIT
 *
 * descriptors: many of this process's at once, also before Linux 5.9 and behind filters that do not know close_range.
 */
#ifndef MUSTER_BASE_DESCRIPTORS_H
#define MUSTER_BASE_DESCRIPTORS_H

/* Closes those of [first, last] that are open. */
void descriptors_close(unsigned first, unsigned last);

/* All from `first` on are closed by the next exec. */
void descriptors_close_at_exec(unsigned first);

#endif
