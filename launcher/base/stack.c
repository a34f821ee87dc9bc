/* SPDX-License-Identifier: MIT
 *
 * stack: see stack.h.
 */
#include "base/stack.h"

#include "base/error.h"

#include <errno.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/resource.h>

/* Twice what a run was seen to need, and more than any refusal of a spec. */
enum { NEEDED_BYTES = 64 * 1024 };

int stack_check(struct error *err)
{
	struct rlimit limit;
	uintptr_t top = getauxval(AT_EXECFN), here = (uintptr_t)&limit; /* the kernel puts that text at the very top */
	if (top < here || getrlimit(RLIMIT_STACK, &limit) < 0)
		return 0;
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= top - here + NEEDED_BYTES)
		return 0;
	return error_set(err, -ENOMEM,
	                 "the limit of the stack is too low: %llu KiB, of which arguments and environment take %llu; "
	                 "raise it by %llu KiB or more (ulimit -s)",
	                 (unsigned long long)limit.rlim_cur / 1024, (unsigned long long)(top - here) / 1024,
	                 (unsigned long long)(top - here + NEEDED_BYTES - limit.rlim_cur) / 1024 + 1);
}
