/* SPDX-License-Identifier: MIT
 *
 * error: this thread's last error in words. Whoever first knows the cause words it, and returns the code on the same
 * line: return error_set(-ENOMEM, "...").
 */
#ifndef MUSTER_LIBRARY_ERROR_H
#define MUSTER_LIBRARY_ERROR_H

int error_set(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
