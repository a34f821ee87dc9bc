/* SPDX-License-Identifier: MIT
 *
 * findings_json: see findings_json.h.
 */
#include "doctor/findings_json.h"

#include "report/json_text.h"

#include <math.h>

/* What is measured is not known any better; what is counted is whole. */
static double to_thousandths(double value)
{
	return value == floor(value) ? value : round(value * 1000) / 1000;
}

static json_t *describe(const struct finding *finding)
{
	return json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:o}", "id", finding->id, "grade",
	                 finding_grade_name(finding->grade), "found", json_text(finding->found), "meaning",
	                 finding->meaning, "remedy", finding->remedy, "value",
	                 finding->has_value ? json_real(to_thousandths(finding->value)) : json_null());
}

json_t *findings_json(const struct findings *findings)
{
	json_t *counts = json_object(), *list = json_array();
	for (enum finding_grade grade = FINDING_OK; grade <= FINDING_PROBLEM; grade++)
		json_object_set_new(counts, finding_grade_name(grade), json_integer(findings_count(findings, grade)));
	for (uint32_t i = 0; i < findings->count; i++)
		json_array_append_new(list, describe(&findings->items[i]));
	return json_pack("{s:s, s:s, s:o, s:o}", "schema", "muster.doctor/1", "verdict",
	                 finding_grade_name(findings_worst(findings)), "counts", counts, "findings", list);
}
