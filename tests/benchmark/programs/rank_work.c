/* SPDX-License-Identifier: MIT
 *
 * rank_work: what ranks do with one another, timed by rank 0.
 *
 *     rank_work WORK BYTES MILLISECONDS
 *
 * Repeats WORK for about so many milliseconds, in batches, and prints the median over the batches of nanoseconds an
 * operation. Every result is checked once, so that nobody is fast by doing nothing.
 */
#include "rank_comm.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCHES_MAX = 4000 };

static struct comm me;
static size_t bytes;
static char *in, *out;

static double now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void insist(int fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "rank_work: rank %d: wrong result of %s\n", me.rank, what);
	exit(1);
}

static void make_buffers(void *(*input)(size_t), void *(*output)(size_t))
{
	in = input(bytes);
	out = output(bytes * (size_t)me.size);
	memset(in, me.rank + 1, bytes);
	memset(out, 0, bytes * (size_t)me.size);
	for (size_t i = 0; i < bytes / sizeof(double); i++)
		((double *)in)[i] = me.rank + 1;
}

static void *plain(size_t size)
{
	void *memory = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
	insist(memory != NULL, "aligned_alloc");
	return memory;
}

/* --- works --- */

static void allreduce(void)
{
	comm_allreduce((double *)in, (double *)out, bytes / sizeof(double));
}

static void check_allreduce(void)
{
	double sum = me.size * (me.size + 1) / 2.0;
	insist(((double *)out)[0] == sum && ((double *)out)[bytes / sizeof(double) - 1] == sum, "allreduce");
}

static void broadcast(void)
{
	comm_broadcast(in, bytes, 0);
}

static void check_broadcast(void)
{
	insist(((double *)in)[bytes / sizeof(double) - 1] == 1, "broadcast");
}

static void allgather(void)
{
	comm_allgather(in, out, bytes);
}

static void check_allgather(void)
{
	for (int rank = 0; rank < me.size; rank++)
		insist(*(double *)(out + (size_t)(rank + 1) * bytes - sizeof(double)) == rank + 1, "allgather");
}

static void round_trip(void)
{
	if (me.rank == 0) {
		comm_send(in, bytes, 1);
		comm_receive(out, bytes, 1);
	} else if (me.rank == 1) {
		comm_receive(out, bytes, 0);
		comm_send(in, bytes, 0);
	}
}

static void check_round_trip(void)
{
	if (me.rank < 2)
		insist(*(double *)(out + bytes - sizeof(double)) == 2 - me.rank, "round trip");
}

static void nothing_to_check(void)
{
}

static const struct work {
	const char *name;
	void (*once)(void);
	void (*check)(void);
	void *(*input)(size_t), *(*output)(size_t);
} works[] = {
	{"barrier", comm_barrier, nothing_to_check, plain, plain},
	{"allreduce", allreduce, check_allreduce, plain, plain},
	{"allreduce-in-segment", allreduce, check_allreduce, comm_memory, comm_memory},
	{"allreduce-shared-result", allreduce, check_allreduce, comm_memory, comm_memory_of_all},
	{"broadcast", broadcast, check_broadcast, plain, plain},
	{"broadcast-in-segment", broadcast, check_broadcast, comm_memory, plain},
	{"allgather", allgather, check_allgather, plain, plain},
	{"round-trip", round_trip, check_round_trip, plain, plain},
};

/* --- batches --- */

static int by_value(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double batch_ns(const struct work *work, double count)
{
	double begin = now_ns();
	for (double i = 0; i < count; i++)
		work->once();
	comm_barrier();
	return now_ns() - begin;
}

/* How many operations make a batch of about a hundredth of the time; the same on every rank. The shortest of a few
 * counts: at first ranks are still starting, and others may have the CPU. */
static double batch_size(const struct work *work, double total_ns)
{
	enum { TRIES = 4 };
	double count = 1, shortest = 0;
	while (shortest < total_ns / 100 && count < 1e6) {
		shortest = batch_ns(work, count);
		for (int i = 1; i < TRIES; i++) {
			double ns = batch_ns(work, count);
			shortest = ns < shortest ? ns : shortest;
		}
		comm_broadcast(&shortest, sizeof shortest, 0);
		count *= 2;
	}
	return count / 2;
}

static double measure(const struct work *work, double total_ns)
{
	static double batches[BATCHES_MAX];
	double count = batch_size(work, total_ns), goes_on = 1;
	double end = now_ns() + total_ns;
	int taken = 0;
	while (goes_on > 0) {
		comm_barrier();
		double begin = now_ns();
		for (double i = 0; i < count; i++)
			work->once();
		batches[taken++] = (now_ns() - begin) / count;
		goes_on = now_ns() < end && taken < BATCHES_MAX;
		comm_broadcast(&goes_on, sizeof goes_on, 0);
	}
	qsort(batches, (size_t)taken, sizeof *batches, by_value);
	return batches[taken / 2];
}

/* --- sleepers --- */

/* How long after rank 1 came to the barrier rank 0, asleep in it for a millisecond, is back. */
static double wake_up(void)
{
	static double samples[201], stamps[2];
	int count = 201;
	for (int i = 0; i < count; i++) {
		struct timespec pause = {0, 1000000};
		double stamp = 0;
		comm_barrier();
		if (me.rank == 1) {
			nanosleep(&pause, NULL);
			stamp = now_ns();
		}
		comm_barrier();
		if (me.rank == 0)
			stamp = now_ns();
		comm_allgather(&stamp, stamps, sizeof stamp);
		samples[i] = stamps[0] - stamps[1];
	}
	qsort(samples, (size_t)count, sizeof *samples, by_value);
	return samples[count / 2];
}

/* CPU time that rank 0 burns while it waits for a second. */
static double idle_cost(void)
{
	struct rusage before, after;
	struct timespec pause = {1, 0};
	comm_barrier();
	getrusage(RUSAGE_SELF, &before);
	if (me.rank == 1)
		nanosleep(&pause, NULL);
	comm_barrier();
	getrusage(RUSAGE_SELF, &after);
	return (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
	                before.ru_stime.tv_sec) *
	               1e9 +
	       (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
	                before.ru_stime.tv_usec) *
	               1e3;
}

/* --- main --- */

static double do_work(const char *name, double total_ns)
{
	for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
		if (strcmp(works[i].name, name) != 0)
			continue;
		make_buffers(works[i].input, works[i].output);
		double ns = measure(&works[i], total_ns);
		works[i].check();
		return ns;
	}
	if (strcmp(name, "wake-up") == 0)
		return wake_up();
	if (strcmp(name, "idle-cost") == 0)
		return idle_cost();
	if (strcmp(name, "first-barrier") == 0) {
		comm_barrier();
		return 0;
	}
	fprintf(stderr, "rank_work: no work '%s'\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: rank_work WORK BYTES MILLISECONDS\n");
		return 2;
	}
	bytes = strtoull(argv[2], NULL, 10);
	me = comm_begin();
	double ns = do_work(argv[1], strtod(argv[3], NULL) * 1e6);
	if (me.rank == 0)
		printf("%.2f\n", ns);
	comm_end();
	return 0;
}
