/* SPDX-License-Identifier: MIT
 *
 * supervisor_table: the whole table as text, every pair that it leaves out with the reason, and what holds for all of
 * it: whatever happens the group ends, and nothing that a process does or does not do can keep it from ending.
 */
#include "unit_test.h"

#include "run/supervisor_table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const action_names[] = {
	[ACTION_NONE] = "nothing",
	[ACTION_ASK_RANKS] = "ask ranks",
	[ACTION_KILL_RANKS] = "kill ranks",
	[ACTION_GIVE_UP_RANKS] = "give up ranks",
	[ACTION_ASK_LEFTOVERS] = "ask leftovers",
	[ACTION_CLEAR] = "clear",
	[ACTION_ABANDON_OUTPUT] = "abandon output",
	[ACTION_WAIT_BACKOFF] = "wait backoff",
	[ACTION_START_GROUP] = "start group",
	[ACTION_FINISH] = "finish",
};

static const char whole_table[] = "starting: started -> running, nothing\n"
				  "starting: start failed -> stopping, ask ranks\n"
				  "starting: rank failed -> stopping, ask ranks\n"
				  "starting: stop requested -> stopping, ask ranks\n"
				  "starting: kill requested -> killing, kill ranks\n"
				  "starting: time limit -> stopping, ask ranks\n"
				  "running: start failed -> stopping, ask ranks\n"
				  "running: rank failed -> stopping, ask ranks\n"
				  "running: no rank left -> leaving, ask leftovers\n"
				  "running: stop requested -> stopping, ask ranks\n"
				  "running: kill requested -> killing, kill ranks\n"
				  "running: time limit -> stopping, ask ranks\n"
				  "stopping: no rank left -> leaving, ask leftovers\n"
				  "stopping: kill requested -> killing, kill ranks\n"
				  "stopping: grace over -> killing, kill ranks\n"
				  "killing: no rank left -> leaving, ask leftovers\n"
				  "killing: patience over -> ended, give up ranks\n"
				  "leaving: kill requested -> clearing, clear\n"
				  "leaving: drained -> clearing, clear\n"
				  "leaving: drain over -> clearing, clear\n"
				  "clearing: stop requested -> clearing, abandon output\n"
				  "clearing: kill requested -> clearing, abandon output\n"
				  "clearing: cleared -> ended, finish\n"
				  "clearing: cleared, restart -> backoff, wait backoff\n"
				  "clearing: patience over -> ended, finish\n"
				  "backoff: stop requested -> ended, finish\n"
				  "backoff: kill requested -> ended, finish\n"
				  "backoff: time limit -> ended, finish\n"
				  "backoff: backoff over -> starting, start group\n";

#define IN(state)   (1u << (GROUP_##state))
#define EVERY_STATE ((1u << GROUP_STATE_COUNT) - 1)

struct ignored {
	enum group_event event;
	unsigned int states;
	const char *reason;
};

static const struct ignored ignored_on_purpose[] = {
	{EVENT_STARTED, EVERY_STATE & ~IN(STARTING), "ranks are started in one state alone"},
	{EVENT_START_FAILED, IN(STOPPING) | IN(KILLING), "the group is being stopped; the result has the failure"},
	{EVENT_START_FAILED, IN(LEAVING) | IN(CLEARING) | IN(BACKOFF) | IN(ENDED), "no rank is left that could fail"},
	{EVENT_RANK_FAILED, IN(STOPPING) | IN(KILLING), "the group is being stopped; the result has the failure"},
	{EVENT_RANK_FAILED, IN(LEAVING) | IN(CLEARING) | IN(BACKOFF) | IN(ENDED), "no rank is left that could fail"},
	{EVENT_NO_RANK_LEFT, IN(STARTING), "more are to come; it is posted again after the last"},
	{EVENT_NO_RANK_LEFT, IN(LEAVING) | IN(CLEARING) | IN(BACKOFF) | IN(ENDED), "it is known: it led here"},
	{EVENT_STOP_REQUESTED, IN(STOPPING) | IN(KILLING) | IN(LEAVING), "it is being done; told_to_end remembers it"},
	{EVENT_STOP_REQUESTED, IN(ENDED), "the job is over"},
	{EVENT_KILL_REQUESTED, IN(KILLING), "it is being done"},
	{EVENT_KILL_REQUESTED, IN(ENDED), "the job is over"},
	{EVENT_TIME_LIMIT, IN(STOPPING) | IN(KILLING) | IN(LEAVING) | IN(CLEARING),
         "the group is ending; told_to_end remembers it"},
	{EVENT_TIME_LIMIT, IN(ENDED), "the job is over"},
	{EVENT_GRACE_OVER, EVERY_STATE & ~IN(STOPPING), "a grace runs while ranks are asked to stop"},
	{EVENT_DRAINED, EVERY_STATE & ~IN(LEAVING), "looked for in one state alone"},
	{EVENT_DRAIN_OVER, EVERY_STATE & ~IN(LEAVING), "the deadline of one state"},
	{EVENT_CLEARED, EVERY_STATE & ~IN(CLEARING), "looked for in one state alone"},
	{EVENT_CLEARED_RESTART, EVERY_STATE & ~IN(CLEARING), "looked for in one state alone"},
	{EVENT_PATIENCE_OVER, EVERY_STATE & ~(IN(KILLING) | IN(CLEARING)), "a patience runs after a SIGKILL"},
	{EVENT_BACKOFF_OVER, EVERY_STATE & ~IN(BACKOFF), "the deadline of one state"},
};

static bool is_answered(enum group_state state, enum group_event event)
{
	struct group_step step = group_step(state, event);
	return step.action != ACTION_NONE || step.next != state;
}

static void the_table_is_this_text(void **unused)
{
	(void)unused;
	static char text[8192];
	size_t length = 0;
	for (enum group_state state = 0; state < GROUP_STATE_COUNT; state++) {
		for (enum group_event event = 0; event < GROUP_EVENT_COUNT; event++) {
			struct group_step step = group_step(state, event);
			if (!is_answered(state, event))
				continue;
			length += (size_t)snprintf(text + length, sizeof text - length, "%s: %s -> %s, %s\n",
			                           group_state_name(state), group_event_name(event),
			                           group_state_name(step.next), action_names[step.action]);
		}
	}
	assert_string_equal(text, whole_table);
}

static unsigned int states_that_ignore(enum group_event event)
{
	unsigned int states = 0;
	for (size_t i = 0; i < COUNT_OF(ignored_on_purpose); i++) {
		if (ignored_on_purpose[i].event != event)
			continue;
		assert_int_equal(states & ignored_on_purpose[i].states, 0); /* one reason a pair */
		assert_true(strlen(ignored_on_purpose[i].reason) > 0);
		states |= ignored_on_purpose[i].states;
	}
	return states;
}

static void a_pair_is_answered_or_ignored_for_a_reason(void **unused)
{
	(void)unused;
	for (enum group_event event = 0; event < GROUP_EVENT_COUNT; event++) {
		unsigned int ignoring = states_that_ignore(event);
		for (enum group_state state = 0; state < GROUP_STATE_COUNT; state++) {
			bool ignored = (ignoring & (1u << state)) != 0;
			if (ignored == is_answered(state, event))
				fail_msg("%s while %s is %s", group_event_name(event), group_state_name(state),
				         ignored ? "answered, though listed as ignored" : "lost without a reason");
		}
	}
}

#define ALL_EVENTS  ((1u << GROUP_EVENT_COUNT) - 1)
#define EVENT(name) (1u << (EVENT_##name))

/* The states that can be reached from `from` by the events given, itself among them. */
static unsigned int reachable(enum group_state from, unsigned int events)
{
	unsigned int seen = 1u << from, before = 0;
	while (seen != before) {
		before = seen;
		for (enum group_state state = 0; state < GROUP_STATE_COUNT; state++)
			for (enum group_event event = 0; event < GROUP_EVENT_COUNT; event++)
				if ((before & (1u << state)) != 0 && (events & (1u << event)) != 0)
					seen |= 1u << group_step(state, event).next;
	}
	return seen;
}

static void every_state_can_end(void **unused)
{
	(void)unused;
	for (enum group_state state = 0; state < GROUP_STATE_COUNT; state++)
		assert_true(reachable(state, ALL_EVENTS) & IN(ENDED));
}

static void every_state_is_reached(void **unused)
{
	(void)unused;
	assert_int_equal(reachable(GROUP_STARTING, ALL_EVENTS), EVERY_STATE);
}

static void an_ended_group_stays_ended(void **unused)
{
	(void)unused;
	assert_int_equal(reachable(GROUP_ENDED, ALL_EVENTS), IN(ENDED));
}

/* No rank, no leftover and no reader has a say in these. */
static void timers_alone_end_a_group_that_is_being_ended(void **unused)
{
	(void)unused;
	static const enum group_state ending[] = {GROUP_STOPPING, GROUP_KILLING, GROUP_LEAVING, GROUP_CLEARING};
	const unsigned int timers = EVENT(GRACE_OVER) | EVENT(DRAIN_OVER) | EVENT(PATIENCE_OVER);
	for (size_t i = 0; i < COUNT_OF(ending); i++)
		assert_true(reachable(ending[i], timers) & IN(ENDED));
}

/* "cleared, restart" is the one decision that the supervisor takes beside the table: never once the job must end. */
static void after_a_kill_no_rank_is_started(void **unused)
{
	(void)unused;
	for (enum group_state state = 0; state < GROUP_STATE_COUNT; state++) {
		enum group_state next = group_step(state, EVENT_KILL_REQUESTED).next;
		unsigned int later = reachable(next, ALL_EVENTS & ~EVENT(CLEARED_RESTART));
		assert_false(later & (IN(STARTING) | IN(RUNNING) | IN(BACKOFF)));
	}
}

static void a_group_is_started_again_only_after_everything_is_cleared(void **unused)
{
	(void)unused;
	for (enum group_state state = 0; state < GROUP_STATE_COUNT; state++) {
		for (enum group_event event = 0; event < GROUP_EVENT_COUNT; event++) {
			struct group_step step = group_step(state, event);
			if (step.next == GROUP_STARTING && state != GROUP_STARTING)
				assert_int_equal(state, GROUP_BACKOFF);
			if (step.next == GROUP_BACKOFF && state != GROUP_BACKOFF)
				assert_int_equal(state, GROUP_CLEARING);
			assert_int_equal(step.action == ACTION_START_GROUP,
			                 state == GROUP_BACKOFF && event == EVENT_BACKOFF_OVER);
		}
	}
}

static void states_and_events_have_names_of_their_own(void **unused)
{
	(void)unused;
	for (enum group_state a = 0; a < GROUP_STATE_COUNT; a++)
		for (enum group_state b = 0; b < a; b++)
			assert_string_not_equal(group_state_name(a), group_state_name(b));
	for (enum group_event a = 0; a < GROUP_EVENT_COUNT; a++)
		for (enum group_event b = 0; b < a; b++)
			assert_string_not_equal(group_event_name(a), group_event_name(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_this_text),
		cmocka_unit_test(a_pair_is_answered_or_ignored_for_a_reason),
		cmocka_unit_test(every_state_can_end),
		cmocka_unit_test(every_state_is_reached),
		cmocka_unit_test(an_ended_group_stays_ended),
		cmocka_unit_test(timers_alone_end_a_group_that_is_being_ended),
		cmocka_unit_test(after_a_kill_no_rank_is_started),
		cmocka_unit_test(a_group_is_started_again_only_after_everything_is_cleared),
		cmocka_unit_test(states_and_events_have_names_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
