/* SPDX-License-Identifier: MIT
 *
 * probe: look at a message before it is received, to make room for it, and do something else while none is there.
 *
 *     $ muster run configs/libmuster/probe.yaml
 *     [0] 300000 bytes of rank 1, the last is 7
 */
#include <muster.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 1, BYTES = 300000 };

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

int main(void)
{
	muster_world *world;
	if (muster_init(&world) < 0)
		return fail();

	if (muster_rank(world) == 0) {
		struct muster_message message;
		int rc;
		while ((rc = muster_probe(world, MUSTER_ANY, TAG, &message, 10)) == -ETIMEDOUT)
			; /* none within 10 ms: here one does something else */
		unsigned char *data = rc == 0 ? malloc(message.bytes) : NULL;
		if (data == NULL ||
		    muster_recv(world, message.source, TAG, data, message.bytes, NULL, MUSTER_FOREVER) < 0)
			return fail();
		printf("%zu bytes of rank %d, the last is %d\n", message.bytes, message.source,
		       data[message.bytes - 1]);
		free(data);
	} else {
		static unsigned char data[BYTES];
		muster_request *request;
		memset(data, 7, sizeof data);
		if (muster_isend(world, 0, TAG, data, sizeof data, &request) < 0)
			return fail();
		/* muster_test looks, and does not wait; this waits. */
		if (muster_wait(world, &request, NULL, MUSTER_FOREVER) < 0)
			return fail();
	}
	muster_finalize(world);
	return 0;
}
