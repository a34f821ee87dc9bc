/* SPDX-License-Identifier: MIT
 *
 * kills_primitives: see kills_primitives.h.
 */
#include "kills_primitives.h"

#include <string.h>

static int meet(muster_world *world, int64_t round)
{
	(void)round;
	return muster_barrier(world, MUSTER_FOREVER, "kills");
}

/* What each rank has to say in a round about its `i`th element to `other`, or to all. */
static int64_t said(int rank, int64_t round, size_t i, int other)
{
	return (round * 1000 + rank) * 1000003 + (int64_t)i * 31 + other;
}

enum { MANY = 6000, ELEMENTS_MAX = 16 * MANY };

static int64_t in[ELEMENTS_MAX], out[ELEMENTS_MAX];

static size_t elements_of(int64_t round)
{
	return round % 3 == 0 ? 1 : round % 3 == 1 ? 7 : MANY / 16;
}

/* Of what goes to or comes from one rank only, now and then so much that it is read where it lies. */
static size_t many_elements_of(int64_t round)
{
	return round % 8 == 7 ? ELEMENTS_MAX : round % 3 == 2 ? MANY : elements_of(round);
}

static void say(muster_world *world, int64_t round, size_t count)
{
	for (size_t i = 0; i < count; i++)
		in[i] = said(muster_rank(world), round, i, 0);
	memset(out, 0xee, count * sizeof *out);
}

static bool heard(int rank, int64_t round, const int64_t *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (from[i] != said(rank, round, i, 0))
			return false;
	return true;
}

static bool heard_sums(const muster_world *world, int64_t round, const int64_t *from, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t sum = 0;
		for (int rank = 0; rank < muster_size(world); rank++)
			sum += said(rank, round, first + i, 0);
		if (from[i] != sum)
			return false;
	}
	return true;
}

static bool heard_all(const muster_world *world, int64_t round, const int64_t *from, size_t count)
{
	bool good = true;
	for (int rank = 0; rank < muster_size(world); rank++)
		good = good && heard(rank, round, from + (size_t)rank * count, count);
	return good;
}

static int checked(int rc, bool good)
{
	return rc < 0 ? rc : good ? 0 : WRONG;
}

static int root_of(const muster_world *world, int64_t round)
{
	return (int)(round % muster_size(world));
}

static bool is_root(const muster_world *world, int64_t round)
{
	return muster_rank(world) == root_of(world, round);
}

static int broadcasts(muster_world *world, int64_t round)
{
	size_t count = many_elements_of(round);
	int root = root_of(world, round);
	say(world, round, count);
	int rc = muster_broadcast(world, in, count, MUSTER_INT64, root, MUSTER_FOREVER);
	return checked(rc, heard(root, round, in, count));
}

static int reduces(muster_world *world, int64_t round)
{
	size_t count = elements_of(round);
	say(world, round, count);
	int rc = muster_reduce(world, in, out, count, MUSTER_INT64, MUSTER_SUM, root_of(world, round), MUSTER_FOREVER);
	return checked(rc, !is_root(world, round) || heard_sums(world, round, out, 0, count));
}

static int allreduces(muster_world *world, int64_t round)
{
	size_t count = many_elements_of(round);
	say(world, round, count);
	int rc = muster_allreduce(world, in, out, count, MUSTER_INT64, MUSTER_SUM, MUSTER_FOREVER);
	return checked(rc, heard_sums(world, round, out, 0, count));
}

static int reduces_and_scatters(muster_world *world, int64_t round)
{
	size_t count = elements_of(round);
	say(world, round, count * (size_t)muster_size(world));
	int rc = muster_reduce_scatter(world, in, out, count, MUSTER_INT64, MUSTER_SUM, MUSTER_FOREVER);
	return checked(rc, heard_sums(world, round, out, (size_t)muster_rank(world) * count, count));
}

static int gathers(muster_world *world, int64_t round)
{
	size_t count = elements_of(round);
	say(world, round, count);
	int rc = muster_gather(world, in, out, count, MUSTER_INT64, root_of(world, round), MUSTER_FOREVER);
	return checked(rc, !is_root(world, round) || heard_all(world, round, out, count));
}

static int allgathers(muster_world *world, int64_t round)
{
	size_t count = elements_of(round);
	say(world, round, count);
	int rc = muster_allgather(world, in, out, count, MUSTER_INT64, MUSTER_FOREVER);
	return checked(rc, heard_all(world, round, out, count));
}

/* The same to everybody: part r of root's is what r gets. */
static bool heard_part(int from, int64_t round, size_t part, const int64_t *got, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (got[i] != said(from, round, part * count + i, 0))
			return false;
	return true;
}

static int scatters(muster_world *world, int64_t round)
{
	size_t count = elements_of(round), mine = (size_t)muster_rank(world);
	int root = root_of(world, round);
	say(world, round, count * (size_t)muster_size(world));
	int rc = muster_scatter(world, in, out, count, MUSTER_INT64, root, MUSTER_FOREVER);
	return checked(rc, heard_part(root, round, mine, out, count));
}

static int exchanges(muster_world *world, int64_t round)
{
	size_t count = elements_of(round), mine = (size_t)muster_rank(world);
	say(world, round, count * (size_t)muster_size(world));
	int rc = muster_alltoall(world, in, out, count, MUSTER_INT64, MUSTER_FOREVER);
	bool good = true;
	for (int rank = 0; rank < muster_size(world); rank++)
		good = good && heard_part(rank, round, mine, out + (size_t)rank * count, count);
	return checked(rc, good);
}

static int splits(muster_world *world, int64_t round)
{
	muster_world *part = NULL;
	int odd = muster_rank(world) % 2, mine = muster_rank(world);
	int rc = muster_split(world, odd, -mine, &part, MUSTER_FOREVER);
	if (rc < 0)
		return rc;
	bool good = muster_size(part) == (muster_size(world) + 1 - odd) / 2 &&
	            muster_job_rank(part, muster_rank(part)) == mine;
	int64_t sum, expected = 0, my_part = mine + round;
	for (int rank = odd; rank < muster_size(world); rank += 2)
		expected += rank + round;
	rc = muster_allreduce(part, &my_part, &sum, 1, MUSTER_INT64, MUSTER_SUM, MUSTER_FOREVER);
	muster_world_free(part);
	return checked(rc, good && sum == expected);
}

/* Takes, fills, looks, gives back; meets the others now and then. */
static int allocates(muster_world *world, int64_t round)
{
	enum { PIECES = 20 };
	unsigned char *pieces[PIECES];
	size_t bytes[PIECES];
	bool good = true;
	int mark = muster_rank(world) * 16 + (int)(round % 16);
	for (int i = 0; i < PIECES; i++) {
		bytes[i] = (size_t)1 << (i + round) % 15;
		pieces[i] = muster_alloc(world, bytes[i]);
		if (pieces[i] != NULL)
			memset(pieces[i], mark, bytes[i]);
	}
	for (int i = 0; i < PIECES; i++) {
		for (size_t k = 0; pieces[i] != NULL && k < bytes[i]; k++)
			good = good && pieces[i][k] == (unsigned char)mark;
		muster_free(world, pieces[i]);
	}
	return checked(muster_barrier(world, MUSTER_FOREVER, NULL), good);
}

static int allocates_together(muster_world *world, int64_t round)
{
	void *memory = NULL;
	int mine = muster_rank(world), size = muster_size(world);
	int rc = muster_alloc_shared(world, (size_t)size * sizeof(int64_t), &memory, MUSTER_FOREVER);
	if (rc < 0)
		return rc;
	int64_t *slots = memory;
	bool good = slots[mine] == 0;
	slots[mine] = said(mine, round, 0, 0);
	rc = muster_barrier(world, MUSTER_FOREVER, NULL);
	for (int rank = 0; rc == 0 && rank < size; rank++)
		good = good && slots[rank] == said(rank, round, 0, 0);
	if (rc == 0)
		rc = muster_barrier(world, MUSTER_FOREVER, NULL);
	if (mine == root_of(world, round))
		muster_free(world, memory);
	return checked(rc, good);
}

/* Round the ring: to the next, from the one before. */
enum { TAG = 5 };

static size_t message_of(int64_t round)
{
	return round % 8 == 7 ? ELEMENTS_MAX : round % 3 == 2 ? MANY : round % 3 == 1 ? 100 : 1;
}

static int ring(const muster_world *world, int by)
{
	return (muster_rank(world) + by + muster_size(world)) % muster_size(world);
}

static int sends(muster_world *world, int64_t round)
{
	size_t count = message_of(round), bytes = count * sizeof *in;
	int to = ring(world, 1), from = ring(world, -1), rc = 0;
	bool first = muster_rank(world) % 2 == 0;
	struct muster_message message = {0, 0, bytes};
	say(world, round, count);
	if (first)
		rc = muster_send(world, to, TAG, in, bytes, MUSTER_FOREVER);
	if (rc == 0)
		rc = muster_recv(world, from, TAG, out, sizeof out, &message, MUSTER_FOREVER);
	if (rc == 0 && !first)
		rc = muster_send(world, to, TAG, in, bytes, MUSTER_FOREVER);
	return checked(rc, message.bytes == bytes && heard(from, round, out, count));
}

static int sends_and_receives(muster_world *world, int64_t round)
{
	size_t count = message_of(round), bytes = count * sizeof *in;
	int from = ring(world, -1);
	say(world, round, count);
	int rc = muster_sendrecv(world, ring(world, 1), TAG, in, bytes, from, TAG, out, sizeof out, NULL,
	                         MUSTER_FOREVER);
	return checked(rc, heard(from, round, out, count));
}

static size_t question_of(int64_t round)
{
	return round % 5 == 4 ? MANY : 3;
}

/* Everybody to rank 0, which takes them as they come and answers. */
static int is_asked(muster_world *world)
{
	static int64_t rounds[RANKS_MAX]; /* of each that asks: one may be ahead of another */
	struct muster_message message;
	int rc = muster_recv(world, MUSTER_ANY, MUSTER_ANY, out, sizeof out, &message, MUSTER_FOREVER);
	if (rc < 0)
		return rc;
	int64_t round = rounds[message.source]++;
	size_t count = question_of(round);
	if (message.bytes != count * sizeof *out || message.tag != message.source ||
	    !heard(message.source, round, out, count))
		return WRONG;
	return muster_send(world, message.source, TAG, &round, sizeof round, MUSTER_FOREVER);
}

static int asks(muster_world *world, int64_t round)
{
	size_t count = question_of(round);
	int64_t answer = 0;
	if (muster_rank(world) == 0)
		return is_asked(world);
	say(world, round, count);
	int rc = muster_send(world, 0, muster_rank(world), in, count * sizeof *in, MUSTER_FOREVER);
	if (rc == 0)
		rc = muster_recv(world, 0, TAG, &answer, sizeof answer, NULL, MUSTER_FOREVER);
	return checked(rc, answer == round);
}

static int begins_and_waits(muster_world *world, int64_t round)
{
	size_t count = message_of(round), bytes = count * sizeof *in;
	int from = ring(world, -1);
	muster_request *requests[2] = {NULL, NULL};
	say(world, round, count);
	int rc = muster_irecv(world, from, TAG, out, sizeof out, &requests[0]);
	if (rc == 0)
		rc = muster_isend(world, ring(world, 1), TAG, in, bytes, &requests[1]);
	int all = muster_wait_all(world, requests, 2, MUSTER_FOREVER);
	return checked(rc < 0 ? rc : all, heard(from, round, out, count));
}

const struct primitive primitives[PRIMITIVES] = {
	{.name = "barrier", .round = meet, .together = true},
	{.name = "broadcast", .round = broadcasts},
	{.name = "reduce", .round = reduces},
	{.name = "allreduce", .round = allreduces},
	{.name = "reduce_scatter", .round = reduces_and_scatters},
	{.name = "gather", .round = gathers},
	{.name = "allgather", .round = allgathers},
	{.name = "scatter", .round = scatters},
	{.name = "alltoall", .round = exchanges},
	{.name = "split", .round = splits},
	{.name = "alloc", .round = allocates, .together = true},
	{.name = "alloc_shared", .round = allocates_together},
	{.name = "send", .round = sends},
	{.name = "sendrecv", .round = sends_and_receives},
	{.name = "recv any", .round = asks, .uneven = true},
	{.name = "isend", .round = begins_and_waits},
};
