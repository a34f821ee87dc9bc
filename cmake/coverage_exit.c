/* SPDX-License-Identifier: MIT
 *
 * coverage_exit: writes the counters of gcov before a process ends by _exit(), as the supervisor does. Only in builds
 * with MUSTER_COVERAGE, whose linker sends every _exit() here.
 */
#include <gcov.h>

_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);

void __wrap__exit(int code)
{
	__gcov_dump();
	__real__exit(code);
}
