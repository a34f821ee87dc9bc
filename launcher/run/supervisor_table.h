/* SPDX-License-Identifier: MIT
 *
 * supervisor_table: what a group of ranks does next. A state and an event give an action and the next state; the table
 * is const data that a reader can audit and a test can walk. The supervisor turns descriptors and timers into events
 * and carries out the actions; it decides nothing that is written here.
 */
#ifndef MUSTER_RUN_SUPERVISOR_TABLE_H
#define MUSTER_RUN_SUPERVISOR_TABLE_H

enum group_state {
	GROUP_STARTING, /* ranks are being started, one after another */
	GROUP_RUNNING,
	GROUP_STOPPING, /* asked to stop; the grace runs */
	GROUP_KILLING,  /* SIGKILL was sent to what is left of the ranks */
	GROUP_LEAVING,  /* no rank is left; leftovers are asked to stop, output is drained */
	GROUP_CLEARING, /* leftovers were sent SIGKILL */
	GROUP_BACKOFF,  /* nothing is left; the next incarnation waits for its time */
	GROUP_ENDED,
	GROUP_STATE_COUNT,
};

enum group_event {
	EVENT_STARTED,        /* the last rank was started */
	EVENT_START_FAILED,   /* a rank could not be started */
	EVENT_RANK_FAILED,    /* and the policy is not `continue` */
	EVENT_NO_RANK_LEFT,   /* the last rank that was started has ended */
	EVENT_STOP_REQUESTED, /* a signal to muster; a second one counts while output is written */
	EVENT_KILL_REQUESTED, /* a second interrupt; or muster's guard is gone */
	EVENT_TIME_LIMIT,
	EVENT_GRACE_OVER,
	EVENT_DRAINED,         /* output is written and no process is left */
	EVENT_DRAIN_OVER,      /* the time that leftovers may hold the job up has passed */
	EVENT_CLEARED,         /* no process is left, and the group is not to be started again */
	EVENT_CLEARED_RESTART, /* the same, and it is */
	EVENT_PATIENCE_OVER,   /* what was sent SIGKILL did not go */
	EVENT_BACKOFF_OVER,
	GROUP_EVENT_COUNT,
};

enum group_action {
	ACTION_NONE,
	ACTION_ASK_RANKS,      /* stop signal and SIGCONT, start the grace */
	ACTION_KILL_RANKS,     /* SIGKILL to every rank and what is below it, start the patience */
	ACTION_GIVE_UP_RANKS,  /* describe those that cannot be killed, and leave */
	ACTION_ASK_LEFTOVERS,  /* by `leftovers`; start the drain time */
	ACTION_CLEAR,          /* SIGKILL to leftovers, close idle output */
	ACTION_ABANDON_OUTPUT, /* what waits for a reader is dropped */
	ACTION_WAIT_BACKOFF,
	ACTION_START_GROUP,
	ACTION_FINISH,
};

struct group_step {
	enum group_action action;
	enum group_state next;
};

/* Every pair has an answer; an event that does not concern a state leaves it as it is, with ACTION_NONE. */
struct group_step group_step(enum group_state state, enum group_event event);

const char *group_state_name(enum group_state state);
const char *group_event_name(enum group_event event);

#endif
