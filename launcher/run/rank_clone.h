/* SPDX-License-Identifier: MIT
 *
 * rank_clone: makes a rank's process, on this process's memory and a stack of its own, inside a control group.
 *
 * clone3 can do what clone cannot: let a process be born in a control group (CLONE_INTO_CGROUP), which costs nothing,
 * where a move costs as much as all the rest of a start. libc has no wrapper of it that takes a stack.
 */
#ifndef MUSTER_RUN_RANK_CLONE_H
#define MUSTER_RUN_RANK_CLONE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rank_stack {
	char *lowest;
	size_t bytes; /* a multiple of 16 */
};

/* The child runs `body(argument)` and ends with what that returns. Shares memory; gives a pidfd; the kernel clears
 * `tid` when the child has left this memory. Negative errno on failure: -ENOSYS where this is not to be had at all. */
pid_t rank_clone_into(int cgroup, const struct rank_stack *stack, int (*body)(void *), void *argument, int *pidfd,
                      volatile int32_t *tid);

#endif
