/* SPDX-License-Identifier: MIT
 *
 * barrier: muster_barrier of worker_api/src/barrier.c, the waiting of wait.c, the leaving of segment.c and muster's telling
 * of deaths (launcher/run/life_words.c, job_segment.c), as far as they decide who gets which outcome and who sleeps.
 *
 * Every rank calls BARRIERS barriers, leaves where it likes, is killed between any two steps (DEATHS in all) and runs
 * out of time while it waits (TIMEOUTS in all). Each atomic block is one access to shared memory or one system call, and
 * what its rank concludes from it. A compare and exchange that is tried until it holds is one step; so is a look over all
 * presences, for those only ever rise.
 *
 * DOMAINS: ranks of one cache, or of one CPU, meet among themselves first, and the last of them comes for all.
 *
 * NOBODY_LEAVES: ranks live on after their last barrier, so that no news of them wakes a sleeper that others forgot.
 *
 * What must hold: see README.md. WITHOUT_... takes a part of the protocol away, to show that it is needed.
 */

#ifndef RANKS
#define RANKS 3
#endif
#ifndef BARRIERS
#define BARRIERS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 1
#endif

#ifndef VICTIMS
#define VICTIMS RANKS /* who may be killed; one is like another */
#endif
#ifdef NOBODY_LEAVES
#define LEAVERS 0
#endif
#ifndef LEAVERS
#define LEAVERS 1 /* earlier than the others expect */
#endif

#ifndef DOMAINS
#define DOMAINS 1 /* 1: all come to the barrier itself; else rank r is in domain r * DOMAINS / RANKS */
#endif

#define ALL ((1 << RANKS) - 1)
#define FIRST_OF(d) (((d) * RANKS + DOMAINS - 1) / DOMAINS)
#define SIZE_OF(d) (FIRST_OF((d) + 1) - FIRST_OF(d))

mtype = { ATTACHED, LEFT, DYING };
#define has_ended(r) (presence[r] == LEFT || presence[r] == DYING)

/* The codes of muster/error.h; 0 is success. */
#define UNKNOWN 9
#define ETIMEDOUT 1
#define EGONE 2
#define ELEFT 3

/* struct group_barrier.state: one word, hence changed in one step. */
byte generation;
bit sleeper;
byte closing; /* 0, EGONE, ELEFT */
byte breaks;
byte arrived;

#if DOMAINS > 1
byte domain_generation[DOMAINS]; /* struct group_domain.arrived: one word */
byte domain_arrived[DOMAINS];
#endif

byte events;             /* struct segment_header */
mtype presence[RANKS];   /* struct segment_rank */
bit killed[RANKS];
byte over;               /* a set of ranks: their processes have ended */
byte told;               /* muster has told of them */
byte asleep;             /* a set: in futex_waitv, on the upper half of the state and on events */
byte deaths_left = DEATHS;
byte timeouts_left = TIMEOUTS;
byte leavers_left = LEAVERS;

/* What is to be proven. */
byte outcome[BARRIERS];  /* the first that was told; all must be the same */
byte came[BARRIERS];     /* a set of ranks */

inline wake_all() { /* futex_wake; who sleeps does so on both words */
	asleep = 0
}

/* outcome_of(): of a generation that is decided. */
inline learn_outcome(g, rc) {
	if
	:: closing != 0 && generation == g + 1 -> rc = closing
	:: else ->
		if
		:: breaks == generation - g - 1 -> rc = 0
		:: else -> rc = ETIMEDOUT
		fi
	fi
#ifdef WITHOUT_CODE_IN_WORD /* why it was given up is guessed from who has ended by now */
	;
	if
	:: rc != 0 ->
		find_ended(rc);
		if :: rc == 0 -> rc = ETIMEDOUT :: else fi
	:: else
	fi
#endif
}

inline find_ended(code) { /* wait_first_ended(), wait_tell_end() */
	d_step {
		code = 0;
		i = 0;
		do
		:: i < RANKS && code == 0 ->
			if
			:: presence[i] == LEFT -> code = ELEFT
			:: presence[i] == DYING -> code = EGONE
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

proctype rank(byte me) {
	byte g = 0;     /* world->generation */
	byte quiet = 0; /* world->quiet_events, wait->events */
	byte now = 0, rc = UNKNOWN, code = 0, i = 0;
	bit had_sleeper = 0, last_look = 0, timed_out = 0;
#if DOMAINS > 1
	byte domain = me * DOMAINS / RANKS, weight = 1;
#else
#define weight 1
#endif
	{
	skip;
call:		atomic {
			if
			:: g == BARRIERS -> goto leave
			:: 0 < g && g < BARRIERS && leavers_left > 0 -> leavers_left--; goto leave
			:: g < BARRIERS
			fi
#if DOMAINS > 1
			;
			if :: SIZE_OF(domain) > 1 -> weight = SIZE_OF(domain) :: else -> goto arrive fi
		}

		/* arrive_by_domain() */
		atomic { now = domain_generation[domain]; i = domain_arrived[domain] }
again:
#ifndef WITHOUT_LOOK_AT_STATE
		atomic { if :: generation != g -> now = 0; i = 0; goto decided :: else fi }
#endif
		atomic {
			if
			:: domain_generation[domain] == now && domain_arrived[domain] == i ->
#ifndef WITHOUT_DOMAIN_GENERATION
				if :: now != g -> i = 0 :: else fi;
#endif
				came[g] = came[g] | (1 << me);
				domain_generation[domain] = g;
				domain_arrived[domain] = i + 1;
				if
				:: i + 1 == weight -> now = 0; i = 0
				:: else -> now = 0; i = 0; goto wait
				fi
			:: else ->
				now = domain_generation[domain];
				i = domain_arrived[domain];
				goto again
			fi
		}

arrive:		atomic {
#else
			;
#endif
			/* arrive() */
			came[g] = came[g] | (1 << me);
			if
			:: generation != g -> goto decided
			:: generation == g && arrived + weight < RANKS -> arrived = arrived + weight; goto wait
			:: generation == g && arrived + weight == RANKS ->
				generation++;
				had_sleeper = sleeper;
				sleeper = 0; breaks = 0; arrived = 0;
				rc = 0
			fi
		}
		atomic {
#ifndef WITHOUT_WAKE_BY_LAST
			if :: had_sleeper -> wake_all() :: else fi;
#endif
			had_sleeper = 0;
			goto decided
		}

wait:		/* wait_for_outcome() */
		atomic { if :: generation != g -> goto decided :: else fi }
		/* wait_turn_slow() */
		atomic {
			now = events;
			if
			:: now == quiet && timed_out -> code = ETIMEDOUT; goto give_up
			:: now == quiet && !timed_out -> goto mark
			:: else
			fi
		}
		atomic { /* look_at_events() */
			find_ended(code);
			if
			:: code != 0 && !last_look -> last_look = 1; code = 0; now = 0; goto wait
			:: code != 0 && last_look -> goto give_up
			:: else -> last_look = 0; quiet = now
			fi
		}

mark:		atomic { /* the sleeper's bit */
			now = 0;
			if
			:: generation == g -> sleeper = 1
			:: else -> goto wait
			fi
		}
		atomic { /* futex_waitv: the kernel compares, and sleeps */
			if
#ifdef WITHOUT_COMPARE
			:: true
#endif
#ifdef WITHOUT_EVENTS
			:: generation == g && sleeper == 1
#endif
			:: generation == g && sleeper == 1 && events == quiet
			:: else -> goto wait
			fi;
			asleep = asleep | (1 << me)
		}
		atomic {
			if
			:: !(asleep & (1 << me))
			:: (asleep & (1 << me)) && timeouts_left > 0 ->
				timeouts_left--;
				asleep = asleep & ~(1 << me);
				timed_out = 1
			fi;
			goto wait
		}

give_up:	atomic {
			now = 0;
			if
#ifdef WITHOUT_GENERATION
			:: true ->
#else
			:: generation == g ->
#endif
				generation++;
				had_sleeper = sleeper;
				sleeper = 0; arrived = 0; breaks++;
				closing = (code == ETIMEDOUT -> 0 : code)
			:: else
			fi;
			code = 0
		}
		atomic {
			if :: had_sleeper -> wake_all() :: else fi;
			had_sleeper = 0
		}

decided:	atomic { /* tell_outcome() */
			if
			:: rc == UNKNOWN -> learn_outcome(g, rc)
			:: else
			fi;
			/* Everybody or nobody; and nobody before all have come. */
			assert(outcome[g] == UNKNOWN || outcome[g] == rc);
			assert(rc != 0 || came[g] == ALL);
			outcome[g] = rc;
			last_look = 0; timed_out = 0;
			if
			:: rc == 0 || rc == ETIMEDOUT -> rc = UNKNOWN; g++; goto call
			:: else -> rc = UNKNOWN /* closed: every later one fails alike */
			fi
		}

leave:
#ifdef NOBODY_LEAVES
end:		false;
#endif
		presence[me] = LEFT; /* segment_leave() */
		events++;
		atomic { wake_all(); over = over | (1 << me) }
	} unless { killed[me] }
}

/* Finds ended processes one by one, by their life words or their pidfds, and tells the others: mark_dying(),
 * job_segment_note_end(). */
proctype muster() {
	byte v = 0;
end:	do
	:: atomic { (over & ~told) != 0 ->
			v = 0;
			do
			:: (((over & ~told) >> v) & 1) -> break
			:: else -> v++
			od;
			told = told | (1 << v);
#ifdef WITHOUT_PRESENCE_FIRST
		}
		events++;
		wake_all();
		atomic {
#endif
			if :: presence[v] != LEFT -> presence[v] = DYING :: else fi
		}
#ifdef WITHOUT_NEWS_OF_LEAVERS
		if :: presence[v] == LEFT -> goto next :: else fi;
#endif
#ifndef WITHOUT_PRESENCE_FIRST
		events++; /* of one that left, too: it may have been killed before it could */
		wake_all();
#endif
next:		skip
	:: told == ALL -> break
	od
}

inline kill(v) {
	atomic { deaths_left > 0 && !(over & (1 << v)) ->
		deaths_left--;
		killed[v] = 1;
		asleep = asleep & ~(1 << v);
		over = over | (1 << v)
	}
}

proctype killer() {
end:	do
	:: kill(0)
#if VICTIMS > 1
	:: kill(1)
#endif
#if VICTIMS > 2
	:: kill(2)
#endif
	od
}

init {
	byte r;
	d_step {
		r = 0;
		do
		:: r < BARRIERS -> outcome[r] = UNKNOWN; r++
		:: else -> break
		od;
		r = 0;
		do
		:: r < RANKS -> presence[r] = ATTACHED; r++
		:: else -> break
		od;
		r = 0
	}
	atomic {
		do
		:: r < RANKS -> run rank(r); r++
		:: else -> break
		od;
		r = 0;
		run muster();
		run killer()
	}
}
