/* SPDX-License-Identifier: MIT
 *
 * findings_text: see findings_text.h. What is well is told in one paragraph for each group.
 */
#include "doctor/findings_text.h"

#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum { INDENT = 11 }; /* behind "  warning  " */

static const struct {
	const char *prefix;
	const char *title;
} groups[] = {
	{"job.", "A job"},
	{"cpus.", "CPUs"},
	{"memory.", "Memory"},
	{"kernel.", "System calls and kernel"},
	{"cleanup.", "Clean-up"},
	{"limits.", "Limits"},
	{"places.", "Files and directories"},
	{"environment.", "Environment"},
};

static const char *const colours[] = {"\033[32m", "\033[36m", "\033[33m", "\033[1;31m"};

/* Words up to `width`, further lines indented. The first line begins at the column `INDENT`. */
static void add_wrapped(struct text *text, const char *words, uint32_t width)
{
	size_t column = INDENT;
	for (bool first = true; *words != '\0'; first = false) {
		size_t length = strcspn(words, " ");
		if (!first && column + 1 + length > width) {
			text_add(text, "\n");
			text_add_repeated(text, " ", INDENT);
			column = INDENT;
		} else if (!first) {
			text_add(text, " ");
			column++;
		}
		text_add_bytes(text, words, length);
		column += length;
		words += length + (words[length] == ' ');
	}
	text_add(text, "\n");
}

static void add_advice(struct text *text, const char *label, const char *words, uint32_t width)
{
	struct text line = {0};
	if (words == NULL)
		return;
	text_add_repeated(text, " ", INDENT);
	text_add_format(&line, "%s%s", label, words);
	add_wrapped(text, line.bytes, width);
	text_finish(&line);
}

static void add_grade(struct text *text, enum finding_grade grade, bool colour)
{
	const char *name = finding_grade_name(grade);
	text_add_format(text, "  %s%s%s%*s", colour ? colours[grade] : "", name, colour ? "\033[0m" : "",
	                INDENT - 2 - (int)strlen(name), "");
}

static void add_finding(struct text *text, const struct finding *finding, uint32_t width, bool colour)
{
	add_grade(text, finding->grade, colour);
	add_wrapped(text, finding->found, width);
	add_advice(text, "", finding->meaning, width);
	add_advice(text, "do: ", finding->remedy, width);
}

static bool is_of(const struct finding *finding, const char *prefix)
{
	return strncmp(finding->id, prefix, strlen(prefix)) == 0;
}

static void add_group(struct text *text, const struct findings *findings, const char *prefix, uint32_t width,
                      bool colour)
{
	struct text well = {0};
	for (uint32_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		if (is_of(finding, prefix) && finding->grade == FINDING_OK)
			text_add_format(&well, "%s%s", well.length > 0 ? "; " : "", finding->found);
		else if (is_of(finding, prefix))
			add_finding(text, finding, width, colour);
	}
	if (well.length > 0) {
		add_grade(text, FINDING_OK, colour);
		add_wrapped(text, well.bytes, width);
	}
	text_finish(&well);
}

static void add_count(struct text *text, uint32_t count, const char *noun, const char **joint)
{
	if (count == 0)
		return;
	text_add_format(text, "%s%" PRIu32 " %s%s", *joint, count, noun, count == 1 ? "" : "s");
	*joint = ", ";
}

static void add_verdict(struct text *text, const struct findings *findings, bool colour)
{
	enum finding_grade worst = findings_worst(findings);
	const char *joint = ": ";
	text_add_format(text, "%s%s%s", colour ? colours[worst] : "",
	                worst == FINDING_PROBLEM ? "Jobs cannot run here as they should" : "Jobs can run here",
	                colour ? "\033[0m" : "");
	for (enum finding_grade grade = FINDING_PROBLEM; grade > FINDING_OK; grade--)
		add_count(text, findings_count(findings, grade), finding_grade_name(grade), &joint);
	text_add(text, worst == FINDING_OK ? ": nothing was found that would hurt them.\n" : ".\n");
}

void findings_text(struct text *text, const struct findings *findings, uint32_t width, bool colour)
{
	for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
		struct text group = {0};
		add_group(&group, findings, groups[g].prefix, width, colour);
		if (group.length > 0)
			text_add_format(text, "%s\n%s\n", groups[g].title, group.bytes);
		text_finish(&group);
	}
	add_verdict(text, findings, colour);
}
