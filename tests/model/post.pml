/* SPDX-License-Identifier: MIT
 *
 * post: how one rank waits for another one's word (wait.h, wait.c): wait_post, the sleeper's bit, futex_waitv on the
 * word and on events, and the last look after a death.
 *
 * The sender posts step 1, 2 ... POSTS and leaves; it is killed between any two steps, or not. The receiver waits for each. It
 * gets all that was posted, also by one who died right after, and hears of the end at the one that was not. As in
 * barrier.pml an atomic block is one access, WITHOUT_... takes a part away, and
 * NOBODY_LEAVES lets the sender live on.
 */

#ifndef POSTS
#define POSTS 3
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

mtype = { ATTACHED, LEFT, DYING };

/* The word: step << 1 | somebody sleeps. */
byte posted;
bit sleeper;

byte events;
mtype presence = ATTACHED; /* of the sender */
bit killed, over, asleep;

inline post(value) { /* wait_post() */
#ifdef WITHOUT_EXCHANGE
	had_sleeper = sleeper;
	atomic { posted = value; sleeper = 0 }
#else
	atomic { had_sleeper = sleeper; posted = value; sleeper = 0 }
#endif
	atomic { if :: had_sleeper -> asleep = 0 :: else fi; had_sleeper = 0 }
}

proctype sender() {
	byte value = 1;
	bit had_sleeper = 0;
	{
		do
		:: value <= POSTS -> post(value); value++
		:: else -> break
		od;
#ifdef NOBODY_LEAVES
end:		false;
#endif
		presence = LEFT; /* segment_leave() */
		events++;
		atomic { asleep = 0; over = 1 }
	} unless { killed }
}

proctype receiver() {
	byte wanted = 1, quiet = 0, now = 0;
	bit last_look = 0, ended = 0;
	skip;
next:	if
	:: wanted > POSTS -> goto done
	:: else
	fi;
wait:	atomic { if :: posted >= wanted -> wanted++; last_look = 0; goto next :: else fi }
	atomic { now = events; if :: now == quiet -> goto mark :: else fi }
	atomic {
		ended = (presence != ATTACHED);
		if
#ifdef WITHOUT_LAST_LOOK
		:: ended -> assert(posted < wanted); goto done
#endif
		:: ended && !last_look -> last_look = 1; goto wait
		:: ended && last_look -> assert(posted < wanted); goto done /* it was told of the end, and missed nothing */
		:: !ended -> quiet = now
		fi
	}
mark:	atomic { if :: posted < wanted -> sleeper = 1 :: else -> goto wait fi } /* wait_mark_sleeper() */
	atomic { /* futex_waitv */
		if
#ifdef WITHOUT_COMPARE
		:: true
#endif
#ifdef WITHOUT_EVENTS
		:: posted < wanted && sleeper == 1
#endif
		:: posted < wanted && sleeper == 1 && events == quiet
		:: else -> goto wait
		fi;
		asleep = 1
	}
	asleep == 0;
	goto wait;
done:	skip
}

proctype muster() {
end:	over;
	atomic { if :: presence != LEFT -> presence = DYING :: else fi }
	events++;
	asleep = 0
}

proctype killer() {
end:	atomic { DEATHS > 0 && !over -> killed = 1; over = 1 }
}

init {
	atomic { run sender(); run receiver(); run muster(); run killer() }
}
