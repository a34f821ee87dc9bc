/* SPDX-License-Identifier: MIT
 *
 * error: see error.h and muster/error.h.
 */
#include "error.h"

#include <muster/error.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char text[512];

void error_say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) clang 14 does not see that va_start was here */
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
}

const char *muster_error_text(void)
{
	return text;
}

static const struct {
	int code;
	const char *words;
} own_codes[] = {
	{-ETIMEDOUT, "a time limit passed"}, /* there are no connections here that could time out */
	{MUSTER_EGONE, "a rank that this call needs is gone"},
	{MUSTER_ELEFT, "a rank that this call needs left"},
	{MUSTER_EBROKEN, "an earlier collective of this world failed"},
	{MUSTER_EMISMATCH, "ranks called different collectives, or one with different arguments"},
	{MUSTER_ELAYOUT, "muster and libmuster are of versions that do not fit"},
	{MUSTER_EENVIRONMENT, "what muster left in the environment is damaged"},
	{MUSTER_EFORKED, "a forked child used its parent's world"},
	{MUSTER_EBUSY, "two threads used one world at once"},
	{MUSTER_EFINALIZED, "the world was finalized before"},
};

const char *muster_strerror(int code)
{
	if (code >= 0)
		return "success";
	for (size_t i = 0; i < sizeof own_codes / sizeof *own_codes; i++)
		if (own_codes[i].code == code)
			return own_codes[i].words;
	const char *words = code > INT_MIN ? strerrordesc_np(-code) : NULL;
	return words != NULL ? words : "unknown code";
}
