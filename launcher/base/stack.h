/* SPDX-License-Identifier: MIT
 *
 * stack: whether there is enough of it. A limit that is too low (ulimit -s) otherwise ends the program in the middle of
 * whatever it does, without a word.
 */
#ifndef MUSTER_BASE_STACK_H
#define MUSTER_BASE_STACK_H

struct error;

/* For main(), first of all: 0, or -ENOMEM with what to do. Arguments and environment stand on the stack, too. */
int stack_check(struct error *err);

#endif
