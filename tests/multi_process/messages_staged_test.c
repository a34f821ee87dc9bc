/* SPDX-License-Identifier: MIT
 *
 * Large messages that come in blocks: when they do; and how they end in pairs: taken back, cut short or through in one
 * turn of the receiver, while one of them is received and the other comes aside because nobody waits for it any more.
 *
 * Both ranks go from barrier to barrier, and move messages only where it says so.
 */
#include "message_ways.h"
#include "messages.h"
#include "unit_test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { SENDER, RECEIVER, BYSTANDER };

/* All blocks of it fill the bulk memory: the sender puts them there in one turn, and nothing else. */
enum { LARGE = BULK_BYTES };

static int meet(muster_world *world)
{
	return muster_barrier(world, MUSTER_FOREVER, NULL);
}

static unsigned char *begin(muster_world *world)
{
	const enum way way = STAGED;
	return take_way(world, &way);
}

static int offer(muster_world *world, int tag, unsigned char *data, muster_request **request)
{
	fill_message(data, LARGE, (unsigned)tag);
	return muster_isend(world, RECEIVER, tag, data, LARGE, request);
}

/* What the time limit of muster_send does. */
static int take_back(muster_world *world, muster_request **request)
{
	messages_cancel(world->segment->messages, *request, -ETIMEDOUT);
	return muster_wait(world, request, NULL, MUSTER_FOREVER);
}

/* Asks for a message and goes away: its blocks are to come aside. */
static int give_up(muster_world *world, int tag, unsigned char *data)
{
	return muster_recv(world, SENDER, tag, data, LARGE, NULL, 0);
}

static void each_kind(ranks_body *body, void *context)
{
	for (int threads = RANKS_FIRST_KIND; threads < 2; threads++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .threads = threads, .limit_ms = 10000}, body,
		                      context, NULL));
}

/* --- when --- */

/* The first message that needs the bulk memory is the one in question; `context` is the way. */
static int sends_one_very_large(muster_world *world, void *context)
{
	enum { VERY_LARGE = 9 << 20 };
	enum way way = *(enum way *)context;
	unsigned char *data = take_way(world, context);
	muster_request *request;
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	if (muster_rank(world) == 0) {
		fill_message(data, VERY_LARGE, 1);
		CHECK(muster_isend(world, 1, TAG, data, VERY_LARGE, &request) == 0);
		CHECK(muster_wait(world, &request, NULL, MUSTER_FOREVER) == 0);
		CHECK(muster_send(world, 1, TAG, data, VERY_LARGE, MUSTER_FOREVER) == 0);
		CHECK(muster_send(world, 1, TAG, data, VERY_LARGE, MUSTER_FOREVER) == 0);
		CHECK(muster_send(world, 1, TAG, data, VERY_LARGE, 1000) == 0);
		return 0;
	}
	CHECK(muster_recv(world, 0, TAG, data, VERY_LARGE, NULL, MUSTER_FOREVER) == 0);
	const struct reader *reader = world->segment->messages->inbox.readers[0];
	CHECK((reader->bulk != NULL) == (way == STAGED)); /* its sender might do something else */
	CHECK(muster_irecv(world, 0, TAG, data, VERY_LARGE, &request) == 0);
	CHECK(muster_wait(world, &request, NULL, MUSTER_FOREVER) == 0);
	CHECK((reader->bulk != NULL) == (way == STAGED)); /* I might */
	int rc;
	do
		rc = muster_recv(world, 0, TAG, data, VERY_LARGE, NULL, 1);
	while (rc == -ETIMEDOUT);
	CHECK(rc == 0 && (reader->bulk != NULL) == (way == STAGED)); /* a millisecond may not be enough */
	memset(data, 0, VERY_LARGE);
	CHECK(muster_recv(world, 0, TAG, data, VERY_LARGE, NULL, MUSTER_FOREVER) == 0);
	CHECK((reader->bulk != NULL) == (way == STAGED || way == BOTH_COPY));
	CHECK(is_message(data, VERY_LARGE, 1) || way == IN_SEGMENT);
	return 0;
}

static void two_cores_copy_a_very_large_message_when_both_wait(void **state)
{
	(void)state;
	every_way(sends_one_very_large, 2);
}

/* --- one is received, the other comes aside --- */

static int dies_with_both(muster_world *world, void *context)
{
	unsigned char *data = begin(world);
	muster_request *first, *second;
	(void)context;
	if (muster_rank(world) == SENDER) {
		CHECK(offer(world, TAG, data, &first) == 0 && offer(world, OTHER_TAG, data + LARGE, &second) == 0);
		CHECK(meet(world) == 0 && meet(world) == 0);
		raise(SIGKILL);
	}
	CHECK(meet(world) == 0);
	CHECK(give_up(world, TAG, data) == -ETIMEDOUT);
	CHECK(muster_irecv(world, SENDER, OTHER_TAG, data, LARGE, &second) == 0);
	CHECK(meet(world) == 0);
	ranks_await_end(world, SENDER);
	CHECK(muster_wait(world, &second, NULL, MUSTER_FOREVER) == MUSTER_EGONE);
	return 0;
}

static void both_are_cut_short_by_the_death_of_their_sender(void **state)
{
	struct ranks_outcome outcome[2];
	(void)state;
	if (RANKS_FIRST_KIND != 0)
		skip();
	ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true, .limit_ms = 10000}, dies_with_both, NULL,
	          outcome);
	assert_int_equal(outcome[SENDER].signal, SIGKILL);
	assert_int_equal(outcome[RECEIVER].exit_code, 0);
}

static int takes_both_back(muster_world *world, void *context)
{
	unsigned char *data = begin(world);
	muster_request *first, *second;
	(void)context;
	if (muster_rank(world) == SENDER) {
		CHECK(offer(world, TAG, data, &first) == 0 && offer(world, OTHER_TAG, data + LARGE, &second) == 0);
		CHECK(meet(world) == 0 && meet(world) == 0);
		CHECK(take_back(world, &first) == -ETIMEDOUT && take_back(world, &second) == -ETIMEDOUT);
		CHECK(meet(world) == 0 && meet(world) == 0);
		return muster_send(world, RECEIVER, OTHER_TAG, "third", 6, MUSTER_FOREVER);
	}
	struct muster_message message;
	CHECK(meet(world) == 0);
	CHECK(give_up(world, TAG, data) == -ETIMEDOUT);
	CHECK(muster_irecv(world, SENDER, OTHER_TAG, data, LARGE, &second) == 0);
	CHECK(meet(world) == 0 && meet(world) == 0);
	CHECK(muster_test(world, &second, NULL) == 0);
	CHECK(meet(world) == 0);
	CHECK(muster_wait(world, &second, &message, MUSTER_FOREVER) == 0 && message.bytes == 6);
	return 0;
}

static void both_are_taken_back(void **state)
{
	(void)state;
	each_kind(takes_both_back, NULL);
}

/* The one that is received is taken back, and what wanted it takes the other one; `context` says whether all of that
 * has come aside by then, or is still to come. */
static int takes_one_back(muster_world *world, void *context)
{
	bool other_has_come = *(bool *)context;
	unsigned char *data = begin(world);
	muster_request *taken_back, *other, *any;
	if (muster_rank(world) == SENDER) {
		CHECK(offer(world, TAG, data, &taken_back) == 0);
		CHECK(offer(world, OTHER_TAG, data + LARGE, &other) == 0);
		CHECK(meet(world) == 0 && meet(world) == 0);
		if (!other_has_come) /* the first one's blocks are there, but for nothing */
			CHECK(muster_test(world, &other, NULL) == 0);
		CHECK(take_back(world, &taken_back) == -ETIMEDOUT);
		if (other_has_come)
			CHECK(muster_test(world, &other, NULL) == 0);
		CHECK(meet(world) == 0 && meet(world) == 0);
		return muster_wait(world, &other, NULL, MUSTER_FOREVER);
	}
	struct muster_message message;
	CHECK(meet(world) == 0);
	CHECK(muster_irecv(world, SENDER, MUSTER_ANY, data, LARGE, &any) == 0);
	CHECK(give_up(world, OTHER_TAG, data + LARGE) == -ETIMEDOUT);
	CHECK(meet(world) == 0 && meet(world) == 0);
	CHECK(muster_test(world, &any, &message) == (other_has_come ? 1 : 0));
	CHECK(meet(world) == 0);
	if (!other_has_come)
		CHECK(muster_wait(world, &any, &message, MUSTER_FOREVER) == 0);
	CHECK(message.tag == OTHER_TAG && message.bytes == LARGE && is_message(data, LARGE, OTHER_TAG));
	return 0;
}

static void one_is_taken_back_in_the_turn_in_which_the_other_is_through(void **state)
{
	bool other_has_come = true;
	(void)state;
	each_kind(takes_one_back, &other_has_come);
}

static void what_waited_for_one_takes_over_the_other_in_the_middle(void **state)
{
	bool other_has_come = false;
	(void)state;
	each_kind(takes_one_back, &other_has_come);
}

/* --- a number that is used again --- */

/* What the receiver has for the message that is taken back. */
enum wanted { IN_PLACE, ASIDE, TAKEN_OVER };

/* The sender takes a message back and sends another one in its place: the receiver hears first of the other one, for
 * what wants that was posted first. */
static int sends_another_in_its_place(muster_world *world, void *context)
{
	const enum wanted wanted = *(enum wanted *)context;
	unsigned char *data = begin(world);
	muster_request *first, *second;
	if (muster_rank(world) == SENDER) {
		CHECK(offer(world, TAG, data, &first) == 0);
		CHECK(meet(world) == 0 && meet(world) == 0);
		CHECK(take_back(world, &first) == -ETIMEDOUT);
		CHECK(offer(world, OTHER_TAG, data, &second) == 0);
		CHECK(meet(world) == 0);
		return muster_wait(world, &second, NULL, MUSTER_FOREVER);
	}
	CHECK(meet(world) == 0);
	CHECK(muster_irecv(world, SENDER, OTHER_TAG, data, LARGE, &second) == 0);
	if (wanted != IN_PLACE)
		CHECK(give_up(world, TAG, data + LARGE) == -ETIMEDOUT);
	if (wanted != ASIDE)
		CHECK(muster_irecv(world, SENDER, TAG, data + LARGE, LARGE, &first) == 0);
	CHECK(meet(world) == 0 && meet(world) == 0);
	if (wanted != ASIDE)
		CHECK(muster_test(world, &first, NULL) == 0);
	CHECK(muster_wait(world, &second, NULL, MUSTER_FOREVER) == 0);
	CHECK(is_message(data, LARGE, OTHER_TAG));
	if (wanted == ASIDE)
		CHECK(give_up(world, TAG, data + LARGE) == -ETIMEDOUT);
	return 0; /* the first is left behind */
}

static void each_kind_with(enum wanted wanted)
{
	each_kind(sends_another_in_its_place, &wanted);
}

static void a_message_in_the_place_of_one_that_was_taken_back_arrives(void **state)
{
	(void)state;
	each_kind_with(IN_PLACE);
}

static void a_message_in_the_place_of_one_that_came_aside_arrives(void **state)
{
	(void)state;
	each_kind_with(ASIDE);
}

static void a_message_in_the_place_of_one_that_was_taken_over_arrives(void **state)
{
	(void)state;
	each_kind_with(TAKEN_OVER);
}

/* What comes after it is read on behalf of a request before it, which waits for something else. */
static int sends_it_again(muster_world *world, void *context)
{
	unsigned char *data = begin(world);
	muster_request *unrelated, *first, *second;
	char text[6] = "", other_text[7] = "";
	(void)context;
	if (muster_rank(world) == SENDER) {
		CHECK(offer(world, TAG, data, &first) == 0);
		CHECK(meet(world) == 0 && meet(world) == 0);
		CHECK(take_back(world, &first) == -ETIMEDOUT);
		CHECK(muster_send(world, RECEIVER, TAG, "first", 6, MUSTER_FOREVER) == 0);
		CHECK(muster_send(world, RECEIVER, TAG, "second", 7, MUSTER_FOREVER) == 0);
		CHECK(meet(world) == 0);
		return muster_send(world, RECEIVER, OTHER_TAG, NULL, 0, MUSTER_FOREVER);
	}
	CHECK(meet(world) == 0);
	CHECK(muster_irecv(world, SENDER, OTHER_TAG, NULL, 0, &unrelated) == 0);
	CHECK(muster_irecv(world, SENDER, TAG, data, LARGE, &first) == 0);
	CHECK(muster_irecv(world, SENDER, TAG, other_text, sizeof other_text, &second) == 0);
	CHECK(meet(world) == 0 && meet(world) == 0);
	CHECK(muster_wait(world, &first, NULL, MUSTER_FOREVER) == 0);
	CHECK(muster_wait(world, &second, NULL, MUSTER_FOREVER) == 0);
	memcpy(text, data, sizeof text);
	CHECK(strcmp(text, "first") == 0 && strcmp(other_text, "second") == 0);
	return muster_wait(world, &unrelated, NULL, MUSTER_FOREVER);
}

static void what_was_posted_first_gets_first_what_is_sent_again(void **state)
{
	(void)state;
	each_kind(sends_it_again, NULL);
}

/* --- a sender that leaves --- */

/* As it is looked who has ended, what waits for any message loses that of one sender, which took it back and left, and
 * goes on to another sender's. */
static int goes_on_to_another_sender(muster_world *world, void *context)
{
	unsigned char *data = begin(world);
	muster_request *request;
	(void)context;
	if (muster_rank(world) == SENDER)
		CHECK(offer(world, TAG, data, &request) == 0);
	CHECK(meet(world) == 0);
	if (muster_rank(world) == RECEIVER)
		CHECK(muster_irecv(world, MUSTER_ANY, MUSTER_ANY, data, LARGE, &request) == 0);
	CHECK(meet(world) == 0);
	if (muster_rank(world) == BYSTANDER)
		CHECK(offer(world, OTHER_TAG, data, &request) == 0);
	CHECK(meet(world) == 0);
	if (muster_rank(world) == SENDER)
		return take_back(world, &request) == -ETIMEDOUT ? 0 : 1;
	if (muster_rank(world) == RECEIVER) {
		ranks_await_end(world, SENDER);
		inbox_end_lost(&world->segment->messages->inbox);
	}
	CHECK(muster_wait(world, &request, NULL, MUSTER_FOREVER) == 0);
	CHECK(is_message(data, LARGE, OTHER_TAG));
	return 0;
}

static void what_loses_a_message_gets_that_of_another_sender(void **state)
{
	(void)state;
	for (int threads = RANKS_FIRST_KIND; threads < 2; threads++)
		assert_true(ranks_run(
			&(struct ranks_options){.ranks = 3, .threads = threads, .leaves = true, .limit_ms = 10000},
			goes_on_to_another_sender, NULL, NULL));
}

/* --- no memory --- */

static _Thread_local bool no_memory;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

void *__wrap_malloc(size_t bytes)
{
	return no_memory ? NULL : __real_malloc(bytes);
}

/* Looks at what has come while there is no memory for what nobody waits for. */
static int probe_without_memory(muster_world *world, int tag)
{
	no_memory = true;
	int rc = muster_probe(world, SENDER, tag, NULL, 0);
	no_memory = false;
	return rc;
}

static int has_no_memory_to_move_it_aside(muster_world *world, void *context)
{
	char text[6];
	(void)context;
	if (muster_rank(world) == SENDER) {
		CHECK(muster_send(world, RECEIVER, TAG, "first", 6, MUSTER_FOREVER) == 0);
		return meet(world);
	}
	CHECK(meet(world) == 0);
	CHECK(probe_without_memory(world, OTHER_TAG) == -ENOMEM);
	CHECK(probe_without_memory(world, TAG) == 0);
	CHECK(muster_recv(world, SENDER, TAG, text, sizeof text, NULL, 0) == 0 && strcmp(text, "first") == 0);
	return 0;
}

static void a_message_that_was_found_stays_in_its_channel_when_there_is_no_memory(void **state)
{
	(void)state;
	each_kind(has_no_memory_to_move_it_aside, NULL);
}

/* Nobody waits but for the message that comes aside: there is nobody to be told. */
static int has_no_memory_for_the_next(muster_world *world, void *context)
{
	unsigned char *data = begin(world);
	muster_request *first, *sent;
	char text[7];
	(void)context;
	if (muster_rank(world) == SENDER) {
		CHECK(offer(world, TAG, data, &first) == 0);
		CHECK(meet(world) == 0 && meet(world) == 0);
		CHECK(muster_send(world, RECEIVER, OTHER_TAG, "second", 7, MUSTER_FOREVER) == 0);
		CHECK(meet(world) == 0);
		return muster_wait(world, &first, NULL, MUSTER_FOREVER);
	}
	CHECK(meet(world) == 0);
	CHECK(give_up(world, TAG, data) == -ETIMEDOUT);
	CHECK(muster_isend(world, SENDER, TAG, NULL, 0, &sent) == 0);
	CHECK(meet(world) == 0 && meet(world) == 0);
	no_memory = true;
	CHECK(muster_test(world, &sent, NULL) == 1);
	no_memory = false;
	CHECK(muster_recv(world, SENDER, OTHER_TAG, text, sizeof text, NULL, MUSTER_FOREVER) == 0);
	CHECK(strcmp(text, "second") == 0);
	CHECK(muster_recv(world, SENDER, TAG, data, LARGE, NULL, MUSTER_FOREVER) == 0);
	CHECK(is_message(data, LARGE, TAG));
	return 0;
}

static void a_message_that_comes_aside_is_kept_when_there_is_no_memory_for_the_next(void **state)
{
	(void)state;
	each_kind(has_no_memory_for_the_next, NULL);
}

/* The message is offered again, as often as nobody waits for it: for that no memory is needed. */
static int gives_up_without_memory(muster_world *world, void *context)
{
	unsigned char *data = begin(world);
	muster_request *sent;
	(void)context;
	if (muster_rank(world) == SENDER) {
		CHECK(offer(world, TAG, data, &sent) == 0);
		CHECK(meet(world) == 0 && meet(world) == 0);
		return muster_wait(world, &sent, NULL, MUSTER_FOREVER);
	}
	CHECK(meet(world) == 0);
	for (int times = 0; times < 3; times++) {
		no_memory = true;
		int rc = give_up(world, TAG, data);
		no_memory = false;
		CHECK(rc == -ETIMEDOUT);
	}
	CHECK(meet(world) == 0);
	CHECK(muster_recv(world, SENDER, TAG, data, LARGE, NULL, MUSTER_FOREVER) == 0);
	CHECK(is_message(data, LARGE, TAG));
	return 0;
}

static void a_message_that_is_given_up_without_memory_is_not_lost(void **state)
{
	(void)state;
	each_kind(gives_up_without_memory, NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_cores_copy_a_very_large_message_when_both_wait),
		cmocka_unit_test(both_are_cut_short_by_the_death_of_their_sender),
		cmocka_unit_test(both_are_taken_back),
		cmocka_unit_test(one_is_taken_back_in_the_turn_in_which_the_other_is_through),
		cmocka_unit_test(what_waited_for_one_takes_over_the_other_in_the_middle),
		cmocka_unit_test(a_message_in_the_place_of_one_that_was_taken_back_arrives),
		cmocka_unit_test(a_message_in_the_place_of_one_that_came_aside_arrives),
		cmocka_unit_test(a_message_in_the_place_of_one_that_was_taken_over_arrives),
		cmocka_unit_test(what_was_posted_first_gets_first_what_is_sent_again),
		cmocka_unit_test(what_loses_a_message_gets_that_of_another_sender),
		cmocka_unit_test(a_message_that_was_found_stays_in_its_channel_when_there_is_no_memory),
		cmocka_unit_test(a_message_that_comes_aside_is_kept_when_there_is_no_memory_for_the_next),
		cmocka_unit_test(a_message_that_is_given_up_without_memory_is_not_lost),
	};
	prepare_ways();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
