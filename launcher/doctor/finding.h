/* SPDX-License-Identifier: MIT
 *
 * finding: one thing that was looked at, for `muster doctor`: what was found, how bad that is, what it means for a job
 * and what to do about it. The names and the order are part of the interface (muster-doctor(1)).
 *
 *     struct finding *finding = findings_add(findings, "memory.shm", "/dev/shm has %s", size);
 *     if (...)
 *             finding_grade_as(finding, FINDING_WARNING, "programs that ... die", "docker run --shm-size=1g");
 */
#ifndef MUSTER_DOCTOR_FINDING_H
#define MUSTER_DOCTOR_FINDING_H

#include <stdbool.h>
#include <stdint.h>

enum finding_grade {
	FINDING_OK,
	FINDING_NOTE,    /* good to know */
	FINDING_WARNING, /* jobs run, and some of them slower or otherwise than their users expect */
	FINDING_PROBLEM, /* jobs do not run */
};

struct finding {
	const char *id; /* "GROUP.NAME" */
	enum finding_grade grade;
	char *found;         /* one printable line */
	const char *meaning; /* for a job; NULL when all is well */
	const char *remedy;
	bool has_value; /* the number behind it, in the unit that the manual page says */
	double value;
};

struct findings {
	struct finding *items;
	uint32_t count;
	uint32_t capacity;
};

/* One that is FINDING_OK so far. It stays where it is until the next one is added. `id` must stay. */
struct finding *findings_add(struct findings *findings, const char *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void findings_finish(struct findings *findings);

void finding_set_value(struct finding *finding, double value);

/* Both texts must stay. */
void finding_grade_as(struct finding *finding, enum finding_grade grade, const char *meaning, const char *remedy);

uint32_t findings_count(const struct findings *findings, enum finding_grade grade);
enum finding_grade findings_worst(const struct findings *findings);
const char *finding_grade_name(enum finding_grade grade);

#endif
