/* SPDX-License-Identifier: MIT
 *
 * units: see units.h.
 */
#include "spec/units.h"

#include "base/error.h"
#include "spec/choice_guess.h"
#include "spec/nearest.h"
#include "spec/shown.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* In the order in which a duration names them. */
static const struct unit duration_units[] = {{"h", 3600 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}};

static const struct unit size_units[] = {
	{"B", 1},
	{"KB", 1000},
	{"MB", 1000 * 1000},
	{"GB", 1000 * 1000 * 1000},
	{"TB", INT64_C(1000) * 1000 * 1000 * 1000},
	{"KiB", INT64_C(1) << 10},
	{"MiB", INT64_C(1) << 20},
	{"GiB", INT64_C(1) << 30},
	{"TiB", INT64_C(1) << 40},
};

#define COUNT_OF(table)     (sizeof(table) / sizeof *(table))
#define DURATION_FORM       "a duration like 500ms, 30s, 5m or 1h30m"
#define SIZE_FORM           "a size like 4096, 512KiB, 4GiB or 2GB"
#define HIGHEST_SIGNAL      64
#define FIRST_INTERNAL      32 /* glibc keeps 32 and 33 for itself */
#define FIRST_REALTIME_NAME 34 /* what SIGRTMIN is to every program that uses glibc */

/* Reads digits; false where there are none or the number does not fit. */
static bool read_digits(const char **at, int64_t *number, bool *too_large)
{
	if (!isdigit((unsigned char)**at))
		return false;
	int64_t value = 0;
	for (; isdigit((unsigned char)**at); (*at)++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, **at - '0', &value)) {
			*too_large = true;
			return false;
		}
	*number = value;
	return true;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == length && strncmp(units[i].name, name, length) == 0)
			return &units[i];
	return NULL;
}

/* One "30s" of a duration, whose unit must come after `previous` in duration_units. */
static const struct unit *read_duration_part(const char **at, const struct unit *previous, int64_t *sum,
                                             bool *too_large)
{
	int64_t number, part;
	if (!read_digits(at, &number, too_large))
		return NULL;
	size_t letters = strcspn(*at, "0123456789");
	const struct unit *unit = find_unit(duration_units, COUNT_OF(duration_units), *at, letters);
	if (unit == NULL || (previous != NULL && unit <= previous))
		return NULL;
	*at += letters;
	*too_large = __builtin_mul_overflow(number, unit->factor, &part) || __builtin_add_overflow(*sum, part, sum);
	return *too_large ? NULL : unit;
}

int duration_parse(const char *text, int64_t *milliseconds, struct error *err)
{
	int64_t sum = 0;
	bool too_large = false;
	const struct unit *unit = NULL;
	if (strcmp(text, "0") == 0) {
		*milliseconds = 0;
		return 0;
	}
	if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0')
		return error_set(err, -EINVAL, "%s has no unit: write %ss, or another duration like 500ms, 5m or 1h30m",
		                 SHOWN(text), SHOWN(text));
	const char *at = text;
	do {
		unit = read_duration_part(&at, unit, &sum, &too_large);
	} while (unit != NULL && *at != '\0');
	if (too_large)
		return error_set(err, -ERANGE, "\"%s\" is longer than a duration can be", SHOWN(text));
	if (unit == NULL)
		return error_set(err, -EINVAL, "\"%s\" is not " DURATION_FORM, SHOWN(text));
	*milliseconds = sum;
	return 0;
}

/* Of "50M", "50mib" and "50 MiB"; binary where only a letter says it. NULL: none is like it. */
static const struct unit *size_unit_meant(const char *typed)
{
	size_t length = strlen(typed);
	for (size_t i = COUNT_OF(size_units); length > 0 && i > 0; i--)
		if (strncasecmp(size_units[i - 1].name, typed, length) == 0)
			return &size_units[i - 1];
	return NULL;
}

static int refuse_size(const char *text, struct error *err)
{
	int digits = (int)strspn(text, "0123456789");
	const char *typed = text + digits + strspn(text + digits, " ");
	const struct unit *meant = digits > 0 ? size_unit_meant(typed) : NULL;
	if (meant != NULL)
		return error_set(err, -EINVAL, "\"%s\" is not " SIZE_FORM "; did you mean \"%.*s%s\"?", SHOWN(text),
		                 digits, text, meant->name);
	return error_set(err, -EINVAL, "\"%s\" is not " SIZE_FORM, SHOWN(text));
}

int size_parse(const char *text, int64_t *bytes, struct error *err)
{
	int64_t number, size;
	bool too_large = false;
	const char *at = text;
	bool has_number = read_digits(&at, &number, &too_large);
	if (too_large)
		return error_set(err, -ERANGE, "\"%s\" is larger than a size can be", SHOWN(text));
	const struct unit *unit =
		*at == '\0' ? &size_units[0] : find_unit(size_units, COUNT_OF(size_units), at, strlen(at));
	if (!has_number || unit == NULL)
		return refuse_size(text, err);
	if (__builtin_mul_overflow(number, unit->factor, &size))
		return error_set(err, -ERANGE, "\"%s\" is larger than a size can be", SHOWN(text));
	*bytes = size;
	return 0;
}

static int find_signal(const char *name)
{
	for (int number = 1; number < FIRST_INTERNAL; number++) {
		const char *known = sigabbrev_np(number);
		if (known != NULL && strcmp(known, name) == 0)
			return number;
	}
	if (strcmp(name, "RTMIN") == 0)
		return FIRST_REALTIME_NAME;
	int64_t offset;
	if (strncmp(name, "RTMIN+", 6) == 0 && number_parse(name + 6, &offset, NULL) == 0 && offset >= 0 &&
	    offset <= HIGHEST_SIGNAL - FIRST_REALTIME_NAME)
		return FIRST_REALTIME_NAME + (int)offset;
	return 0;
}

static const char *nearest_signal(const char *name)
{
	struct nearest nearest = nearest_to(name);
	for (int number = 1; number < FIRST_INTERNAL; number++) {
		const char *known = sigabbrev_np(number);
		if (known != NULL)
			nearest_offer(&nearest, known);
	}
	return nearest.best;
}

int signal_parse(const char *text, int *signal, struct error *err)
{
	int64_t number;
	if (number_parse(text, &number, NULL) == 0) {
		if (number < 1 || number > HIGHEST_SIGNAL || (number >= FIRST_INTERNAL && number < FIRST_REALTIME_NAME))
			return error_set(err, -ERANGE, "%s is not a signal: they are 1 to 31 and %d to %d", SHOWN(text),
			                 FIRST_REALTIME_NAME, HIGHEST_SIGNAL);
		*signal = (int)number;
		return 0;
	}
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int found = find_signal(name);
	if (found != 0) {
		*signal = found;
		return 0;
	}
	const char *guess = nearest_signal(name);
	if (guess != NULL)
		return error_set(err, -EINVAL, "\"%s\" is not a signal; did you mean \"%s\"?", SHOWN(text), guess);
	return error_set(err, -EINVAL, "\"%s\" is not a signal like TERM, SIGTERM or 15", SHOWN(text));
}

int umask_parse(const char *text, mode_t *mask, struct error *err)
{
	size_t digits = strspn(text, "01234567");
	mode_t value = 0;
	if (digits == 0 || digits > 4 || text[digits] != '\0')
		return error_set(err, -EINVAL, "\"%s\" is not an octal mask like \"022\"", SHOWN(text));
	for (size_t i = 0; i < digits; i++)
		value = value * 8 + (mode_t)(text[i] - '0');
	if (value > 0777)
		return error_set(err, -ERANGE, "\"%s\" is above \"777\", the widest mask there is", SHOWN(text));
	*mask = value;
	return 0;
}

int number_parse(const char *text, int64_t *number, struct error *err)
{
	const char *at = *text == '-' ? text + 1 : text;
	int64_t value;
	bool too_large = false;
	bool leading_zero = at[0] == '0' && at[1] != '\0';
	bool has_digits = !leading_zero && read_digits(&at, &value, &too_large);
	if (too_large && at[strspn(at, "0123456789")] == '\0')
		return error_set(err, -ERANGE, "%s is larger than a number can be", SHOWN(text));
	if (!has_digits || *at != '\0' || (*text == '-' && value == 0))
		return error_set(err, -EINVAL, "\"%s\" is not a whole number", SHOWN(text));
	*number = *text == '-' ? -value : value;
	return 0;
}

const char *choices_format(const struct choice *choices, char *buffer, size_t size)
{
	size_t length = 0;
	buffer[0] = '\0';
	for (; choices->word != NULL && length < size; choices++) {
		const char *between = length == 0 ? "" : choices[1].word == NULL ? " or " : ", ";
		length += (size_t)snprintf(buffer + length, size - length, "%s%s", between, choices->word);
	}
	return buffer;
}

int choice_parse(const char *text, const struct choice *choices, int64_t *value, struct error *err)
{
	for (const struct choice *choice = choices; choice->word != NULL; choice++) {
		if (strcmp(choice->word, text) == 0) {
			*value = choice->value;
			return 0;
		}
	}
	char words[160], guess[CHOICE_GUESS_BYTES];
	return error_set(err, -EINVAL, "\"%s\" is not %s%s", SHOWN(text), choices_format(choices, words, sizeof words),
	                 choice_guess(text, choices, guess));
}

const char *duration_format(int64_t milliseconds, char buffer[UNIT_TEXT_BYTES])
{
	assert(milliseconds >= 0);
	size_t length = 0;
	for (size_t i = 0; i < COUNT_OF(duration_units); i++) {
		int64_t count = milliseconds / duration_units[i].factor;
		milliseconds %= duration_units[i].factor;
		if (count > 0)
			length += (size_t)snprintf(buffer + length, UNIT_TEXT_BYTES - length, "%" PRId64 "%s", count,
			                           duration_units[i].name);
	}
	if (length == 0)
		strcpy(buffer, "0");
	return buffer;
}

const char *size_format(int64_t bytes, char buffer[UNIT_TEXT_BYTES])
{
	const struct unit *best = NULL;
	for (size_t i = 0; i < COUNT_OF(size_units) && bytes != 0; i++) {
		const struct unit *unit = &size_units[i];
		if (unit->factor > 1 && bytes % unit->factor == 0 && (best == NULL || unit->factor > best->factor))
			best = unit;
	}
	if (best == NULL)
		snprintf(buffer, UNIT_TEXT_BYTES, "%" PRId64, bytes);
	else
		snprintf(buffer, UNIT_TEXT_BYTES, "%" PRId64 "%s", bytes / best->factor, best->name);
	return buffer;
}

const char *signal_format(int signal, char buffer[UNIT_TEXT_BYTES])
{
	const char *name = signal > 0 && signal < FIRST_INTERNAL ? sigabbrev_np(signal) : NULL;
	if (name != NULL)
		snprintf(buffer, UNIT_TEXT_BYTES, "SIG%s", name);
	else if (signal >= FIRST_REALTIME_NAME && signal <= HIGHEST_SIGNAL)
		snprintf(buffer, UNIT_TEXT_BYTES, "SIGRTMIN+%d", signal - FIRST_REALTIME_NAME);
	else
		snprintf(buffer, UNIT_TEXT_BYTES, "signal %d", signal);
	return buffer;
}
