/* SPDX-License-Identifier: MIT
 *
 * error: this thread's last error in words. Whoever first knows the cause words it, and returns the code on the same
 * line: return error_set(-ENOMEM, "...").
 */
#ifndef MUSTER_LIBRARY_ERROR_H
#define MUSTER_LIBRARY_ERROR_H

void error_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A macro, so that whoever reads its caller alone, a compiler or an analyser, sees that the code comes back. */
#define error_set(code, ...) (error_say(__VA_ARGS__), (code))

#endif
