/* SPDX-License-Identifier: MIT
 *
 * finding: see finding.h.
 */
#include "doctor/finding.h"

#include "base/memory.h"
#include "base/printable.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FOUND_BYTES = 1024 };

struct finding *findings_add(struct findings *findings, const char *id, const char *format, ...)
{
	char found[FOUND_BYTES];
	va_list args;
	va_start(args, format);
	vsnprintf(found, sizeof found, format, args);
	va_end(args);
	make_printable(found);
	if (findings->count == findings->capacity) {
		findings->capacity = findings->capacity == 0 ? 64 : findings->capacity * 2;
		findings->items = memory_resized(findings->items, findings->capacity, sizeof *findings->items);
	}
	struct finding *finding = &findings->items[findings->count++];
	*finding = (struct finding){.id = id, .grade = FINDING_OK, .found = memory_copy_text(found)};
	return finding;
}

void findings_finish(struct findings *findings)
{
	for (uint32_t i = 0; i < findings->count; i++)
		free(findings->items[i].found);
	free(findings->items);
	*findings = (struct findings){0};
}

void finding_set_value(struct finding *finding, double value)
{
	finding->has_value = true;
	finding->value = value;
}

void finding_grade_as(struct finding *finding, enum finding_grade grade, const char *meaning, const char *remedy)
{
	finding->grade = grade;
	finding->meaning = meaning;
	finding->remedy = remedy;
}

uint32_t findings_count(const struct findings *findings, enum finding_grade grade)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < findings->count; i++)
		count += findings->items[i].grade == grade;
	return count;
}

enum finding_grade findings_worst(const struct findings *findings)
{
	enum finding_grade worst = FINDING_OK;
	for (uint32_t i = 0; i < findings->count; i++)
		if (findings->items[i].grade > worst)
			worst = findings->items[i].grade;
	return worst;
}

const char *finding_grade_name(enum finding_grade grade)
{
	static const char *const names[] = {"ok", "note", "warning", "problem"};
	return names[grade];
}
