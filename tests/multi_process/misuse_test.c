/* SPDX-License-Identifier: MIT
 *
 * What is answered to programs that use a world as it is not meant: in a forked child, after its end, by two threads at
 * once. An error that says what is wrong, and never a crash.
 */
#include "ranks.h"
#include "unit_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the order of calls --- */

static int forks(muster_world *world, void *context)
{
	int status;
	(void)context;
	pid_t pid = fork();
	if (pid == 0) {
		muster_world *second = NULL;
		bool good =
			muster_barrier(world, 0, NULL) == MUSTER_EFORKED && muster_mark(world, "x") == MUSTER_EFORKED &&
			muster_finalize(world) == MUSTER_EFORKED && muster_job_rank(world, 0) == MUSTER_EFORKED &&
			muster_allreduce(world, NULL, NULL, 1, 0, 0, 0) == MUSTER_EFORKED && muster_rank(world) >= 0 &&
			muster_attach(-1, 0, &second) < 0 && strlen(muster_error_text()) > 0;
		_exit(good ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(muster_barrier(world, MUSTER_FOREVER, "the parent is still a rank") == 0);
	return 0;
}

static void a_forked_child_has_no_world(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, forks, NULL, NULL));
}

static int uses_it_after_the_end(muster_world *world, void *context)
{
	(void)context;
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	CHECK(muster_finalize(world) == 0);
	CHECK(muster_barrier(world, 0, NULL) == MUSTER_EFINALIZED);
	CHECK(muster_mark(world, "late") == MUSTER_EFINALIZED);
	CHECK(muster_finalize(world) == MUSTER_EFINALIZED);
	CHECK(muster_barrier(NULL, 0, NULL) == -EINVAL);
	CHECK(muster_mark(NULL, "nobody") == -EINVAL);
	CHECK(muster_finalize(NULL) == 0);
	CHECK(muster_failure_of(NULL)->code == 0);
	CHECK(muster_rank(NULL) == -EINVAL && muster_size(NULL) == -EINVAL && muster_job_rank(NULL, 0) == -EINVAL);
	return 0;
}

static void a_world_is_over_after_finalize(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true}, uses_it_after_the_end, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true, .threads = true},
	                      uses_it_after_the_end, NULL, NULL));
}

/* --- threads --- */

static void *meets(void *world)
{
	return (void *)(intptr_t)muster_barrier(world, 300, "of the other thread");
}

static int is_used_by_two_threads(muster_world *world, void *context)
{
	_Atomic int *busy = context;
	pthread_t other;
	void *its;
	if (muster_rank(world) == 1) { /* whom the first thread of rank 0 waits for */
		while (atomic_load(busy) == 0)
			usleep(1000);
		return 0;
	}
	CHECK(pthread_create(&other, NULL, meets, world) == 0);
	ranks_await_call(world, 0, ACTIVITY_BARRIER);
	atomic_store(busy, muster_barrier(world, 0, NULL));
	CHECK(pthread_join(other, &its) == 0);
	CHECK(atomic_load(busy) == MUSTER_EBUSY);
	CHECK((int)(intptr_t)its == -ETIMEDOUT || (int)(intptr_t)its == MUSTER_ELEFT);
	return 0;
}

static void two_threads_at_once_are_told(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true, .own_threads = true},
	                      is_used_by_two_threads, ranks_share(sizeof(int)), NULL));
}

static void *finalizes(void *world)
{
	return (void *)(intptr_t)muster_finalize(world);
}

/* The first thread goes on living, with a list of robust mutexes that reached into the segment. */
static int hands_its_world_over(muster_world *world, void *context)
{
	pthread_t other;
	void *its;
	pthread_mutexattr_t robust;
	pthread_mutex_t mutex;
	(void)context;
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	CHECK(pthread_create(&other, NULL, finalizes, world) == 0 && pthread_join(other, &its) == 0);
	CHECK((intptr_t)its == 0);
	pthread_mutexattr_init(&robust);
	pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&mutex, &robust);
	CHECK(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
	return 0;
}

static void another_thread_may_finalize(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true, .own_threads = true},
	                      hands_its_world_over, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forked_child_has_no_world),
		cmocka_unit_test(a_world_is_over_after_finalize),
		cmocka_unit_test(two_threads_at_once_are_told),
		cmocka_unit_test(another_thread_may_finalize),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
