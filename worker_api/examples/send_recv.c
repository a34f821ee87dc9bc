/* SPDX-License-Identifier: MIT
 *
 * send_recv: messages with a tag. Rank 0 takes results of any rank as they come, and answers each by its own; a message
 * says where it is from and how long it is.
 *
 *     $ muster run configs/libmuster/send_recv.yaml
 *     [1] rank 1 asked for 'apples', got 6
 *     [2] rank 2 asked for 'pears', got 5
 *     [3] rank 3 asked for 'plums', got 5
 */
#include <muster.h>

#include <stdio.h>
#include <string.h>

enum { QUESTION = 1, ANSWER = 2 };

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

static int answer_all(muster_world *world)
{
	for (int i = 1; i < muster_size(world); i++) {
		char question[64];
		struct muster_message message;
		if (muster_recv(world, MUSTER_ANY, QUESTION, question, sizeof question, &message, MUSTER_FOREVER) < 0)
			return -1;
		int length = (int)message.bytes;
		if (muster_send(world, message.source, ANSWER, &length, sizeof length, MUSTER_FOREVER) < 0)
			return -1;
	}
	return 0;
}

static int ask(muster_world *world)
{
	static const char *const fruit[] = {"cherries", "apples", "pears", "plums"};
	const char *question = fruit[muster_rank(world) % 4];
	int length;
	if (muster_send(world, 0, QUESTION, question, strlen(question), MUSTER_FOREVER) < 0 ||
	    muster_recv(world, 0, ANSWER, &length, sizeof length, NULL, MUSTER_FOREVER) < 0)
		return -1;
	printf("rank %d asked for '%s', got %d\n", muster_rank(world), question, length);
	return 0;
}

int main(void)
{
	muster_world *world;
	if (muster_init(&world) < 0)
		return fail();
	if ((muster_rank(world) == 0 ? answer_all(world) : ask(world)) < 0)
		return fail();
	muster_finalize(world);
	return 0;
}
