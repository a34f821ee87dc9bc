/* SPDX-License-Identifier: MIT
 *
 * findings: what trials come to, and how findings are printed.
 */
#include "unit_test.h"

#include "base/text.h"
#include "doctor/finding.h"
#include "doctor/findings_json.h"
#include "doctor/findings_text.h"
#include "doctor/trial.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* --- trials --- */

static int succeed(void)
{
	return 0;
}

static int be_refused(void)
{
	return -EPERM;
}

static int be_killed(void)
{
	signal(SIGSYS, SIG_DFL); /* cmocka minds it */
	return raise(SIGSYS);
}

static int be_untried(void)
{
	return -TRIAL_UNTRIED;
}

static void a_trial_tells_how_it_ended(void **state)
{
	(void)state;
	char words[TRIAL_WORDS_SIZE];
	struct trial_result fine = trial_make(succeed), refused = trial_make(be_refused),
			    killed = trial_make(be_killed);
	struct trial_result untried = trial_make(be_untried);
	assert_true(untried.untried);
	assert_false(fine.untried || refused.untried || killed.untried);
	assert_true(trial_succeeded(&fine));
	assert_false(trial_succeeded(&refused));
	assert_string_equal(trial_words(&refused, words), "Operation not permitted");
	assert_int_equal(killed.signal, SIGSYS);
	assert_string_equal(trial_words(&killed, words), "killed by SIGSYS: a seccomp filter");
}

/* --- what is printed --- */

static void findings_are_printed_by_groups_with_a_verdict(void **state)
{
	(void)state;
	struct findings findings = {0};
	struct text text = {0};
	findings_add(&findings, "cpus.allowed", "CPUs 0-3");
	findings_add(&findings, "memory.limit", "none");
	findings_text(&text, &findings, 80, false);
	assert_string_equal(text.bytes, "CPUs\n  ok       CPUs 0-3\n\nMemory\n  ok       none\n\n"
	                                "Jobs can run here: nothing was found that would hurt them.\n");
	text.length = 0;
	findings_add(&findings, "cpus.quota", "none");
	finding_grade_as(findings_add(&findings, "cpus.held", "all, \033[31mby somebody"), FINDING_PROBLEM,
	                 "no job can run", "wait until it is over, or ask");
	finding_grade_as(findings_add(&findings, "memory.shm", "small"), FINDING_NOTE, "less", "more");
	findings_text(&text, &findings, 32, false);
	assert_string_equal(
		text.bytes,
		"CPUs\n  problem  all, ?[31mby somebody\n           no job can run\n"
		"           do: wait until it is\n           over, or ask\n"
		"  ok       CPUs 0-3; none\n\nMemory\n  note     small\n           less\n           do: more\n"
		"  ok       none\n\nJobs cannot run here as they should: 1 problem, 1 note.\n");
	text.length = 0;
	findings_text(&text, &findings, 32, true);
	assert_non_null(strstr(text.bytes, "\033[1;31mproblem\033[0m  all"));
	text_finish(&text);
	findings_finish(&findings);
}

static void findings_are_json_with_stable_members(void **state)
{
	(void)state;
	struct findings findings = {0};
	finding_set_value(findings_add(&findings, "cpus.allowed", "CPUs 0-3"), 4);
	finding_grade_as(findings_add(&findings, "cpus.held", "some"), FINDING_WARNING, "slow", "wait");
	json_t *document = findings_json(&findings);
	json_t *expected = json_pack("{s:s, s:s, s:{s:i, s:i, s:i, s:i}, s:[{s:s, s:s, s:s, s:n, s:n, s:f}, {s:s, s:s, "
	                             "s:s, s:s, s:s, s:n}]}",
	                             "schema", "muster.doctor/1", "verdict", "warning", "counts", "ok", 1, "note", 0,
	                             "warning", 1, "problem", 0, "findings", "id", "cpus.allowed", "grade", "ok",
	                             "found", "CPUs 0-3", "meaning", "remedy", "value", 4.0, "id", "cpus.held", "grade",
	                             "warning", "found", "some", "meaning", "slow", "remedy", "wait", "value");
	assert_non_null(expected);
	assert_true(json_equal(document, expected));
	json_decref(document);
	json_decref(expected);
	findings_finish(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trial_tells_how_it_ended),
		cmocka_unit_test(findings_are_printed_by_groups_with_a_verdict),
		cmocka_unit_test(findings_are_json_with_stable_members),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
