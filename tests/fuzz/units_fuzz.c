/* SPDX-License-Identifier: MIT
 *
 * units: any text as a duration, a size, a signal, a mask, a number. What is accepted is in range, and what is written
 * of it is read back as the same value; what is refused is said why.
 */
#include "fuzz.h"

#include "base/error.h"
#include "base/printable.h"
#include "spec/shown.h"
#include "spec/units.h"

#include <string.h>

static void try_duration(const char *text)
{
	struct error err = {0};
	int64_t value, again;
	char written[UNIT_TEXT_BYTES];
	if (duration_parse(text, &value, &err) < 0) {
		EXPECT(err.text[0] != '\0');
		return;
	}
	EXPECT(value >= 0);
	EXPECT(duration_parse(duration_format(value, written), &again, NULL) == 0 && again == value);
}

static void try_size(const char *text)
{
	struct error err = {0};
	int64_t value, again;
	char written[UNIT_TEXT_BYTES];
	if (size_parse(text, &value, &err) < 0) {
		EXPECT(err.text[0] != '\0');
		return;
	}
	EXPECT(value >= 0);
	EXPECT(size_parse(size_format(value, written), &again, NULL) == 0 && again == value);
}

static void try_signal(const char *text)
{
	struct error err = {0};
	int value, again;
	char written[UNIT_TEXT_BYTES];
	if (signal_parse(text, &value, &err) < 0) {
		EXPECT(err.text[0] != '\0');
		return;
	}
	EXPECT(value > 0 && value <= 64);
	EXPECT(signal_parse(signal_format(value, written), &again, NULL) == 0 && again == value);
}

static void try_mask_and_number(const char *text)
{
	struct error err = {0};
	mode_t mask;
	int64_t value;
	EXPECT(umask_parse(text, &mask, &err) < 0 ? err.text[0] != '\0' : mask <= 0777);
	char written[32];
	if (number_parse(text, &value, &err) == 0) {
		snprintf(written, sizeof written, "%lld", (long long)value);
		EXPECT(strcmp(written, text) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	try_duration(text);
	try_size(text);
	try_signal(text);
	try_mask_and_number(text);
	EXPECT(strlen(SHOWN(text)) < sizeof(struct shown));
	make_printable(text);
	free(text);
	return 0;
}
