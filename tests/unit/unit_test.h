/* SPDX-License-Identifier: MIT
 *
 * unit_test: cmocka with what it wants included before it, and the count of a table.
 */
#ifndef MUSTER_TESTS_UNIT_TEST_H
#define MUSTER_TESTS_UNIT_TEST_H

/* cmocka.h needs these first, in this order. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define COUNT_OF(table) (sizeof(table) / sizeof *(table))

#endif
