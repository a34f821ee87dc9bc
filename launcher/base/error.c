/* SPDX-License-Identifier: MIT
 *
 * error: see error.h.
 */
#include "base/error.h"

#include "base/printable.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_word(struct error *err, int code, const char *key, const char *format, ...)
{
	assert(code < 0);
	if (err == NULL)
		return code;
	va_list args;
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	make_printable(err->text);
	err->code = code;
	error_about(err, key);
	return code;
}

void error_about(struct error *err, const char *key)
{
	if (err != NULL)
		snprintf(err->key, sizeof err->key, "%s", key);
}

int error_prefix(struct error *err, const char *format, ...)
{
	if (err == NULL)
		return -1;
	char before[sizeof err->text];
	memcpy(before, err->text, sizeof before);
	va_list args;
	va_start(args, format);
	int used = vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	if (used >= 0 && (size_t)used < sizeof err->text)
		snprintf(err->text + used, sizeof err->text - (size_t)used, ": %s", before);
	make_printable(err->text);
	return err->code;
}
