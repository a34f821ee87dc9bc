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

#ifdef assert_uint_in_range /* cmocka 2, where the old name is deprecated */
#undef assert_in_range
#define assert_in_range assert_uint_in_range
#endif

#define COUNT_OF(table) (sizeof(table) / sizeof *(table))

#endif
