/* SPDX-License-Identifier: MIT
 *
 * ranks: see ranks.h.
 */
#include "ranks_run.h"

#include "futex.h"
#include "ranks_path.h"
#include "unit_test.h"
#include "world.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void ranks_fail(const char *what)
{
	fprintf(stderr, "ranks: %s: %s\n", what, strerror(errno));
	exit(2);
}

int64_t ranks_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TIME_FACTOR = 4 };
#else
enum { TIME_FACTOR = 1 };
#endif

int64_t ranks_limit_ns(int ms)
{
	const char *factor = getenv("TEST_TIME_FACTOR");
	int times = factor != NULL && atoi(factor) > 0 ? atoi(factor) : TIME_FACTOR;
	return (int64_t)ms * times * 1000000;
}

void *ranks_share(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		ranks_fail("mmap");
	return memory;
}

/* --- the segment --- */

static size_t segment_bytes(const struct ranks_options *options, uint32_t domains)
{
	size_t needed = segment_bytes_needed((uint32_t)options->ranks, domains);
	size_t bytes = options->segment_bytes != 0 ? options->segment_bytes : (size_t)64 << 20;
	return segment_round(bytes > needed ? bytes : needed, SEGMENT_PAGE);
}

int ranks_make_segment(const struct ranks_options *options)
{
	uint32_t count = (uint32_t)options->ranks;
	uint32_t domains = options->domains > 0 ? (uint32_t)options->domains : 1;
	size_t bytes = segment_bytes(options, domains);
	int fd = memfd_create("ranks", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		ranks_fail("memfd_create");
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (base == MAP_FAILED)
		ranks_fail("mmap of the segment");
	struct segment_header *header = base;
	segment_header_fill(header, count, domains, bytes);
	struct segment_rank *ranks = (struct segment_rank *)((char *)base + header->ranks_offset);
	bool crowded = !options->roomy && options->ranks > (int)sysconf(_SC_NPROCESSORS_ONLN);
	for (uint32_t rank = 0; rank < count; rank++)
		ranks[rank].place = (struct segment_place){.crowded = crowded, .domain = rank * domains / count};
	munmap(base, bytes);
	return fd;
}

/* Threads that are ranks map one segment once: ThreadSanitizer knows memory by its address. */
static void *mapped_for_threads;
static int mapped_fd;

void *__real_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t bytes);
int __wrap_munmap(void *address, size_t bytes);

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	if (mapped_for_threads != NULL && fd == mapped_fd)
		return mapped_for_threads;
	return __real_mmap(address, bytes, protection, flags, fd, offset);
}

int __wrap_munmap(void *address, size_t bytes)
{
	return address == mapped_for_threads ? 0 : __real_munmap(address, bytes);
}

static void open_segment(struct run *run)
{
	run->fd = ranks_make_segment(run->options);
	run->bytes = (size_t)lseek(run->fd, 0, SEEK_END);
	run->header = mmap(NULL, run->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, run->fd, 0);
	if (run->header == MAP_FAILED)
		ranks_fail("mmap of the segment");
	run->ranks = (struct segment_rank *)((char *)run->header + run->header->ranks_offset);
}

/* --- what a rank does --- */

static int live(const struct run *run, int rank)
{
	muster_world *world;
	bool steps = run->options->path_attach && rank == run->options->victim;
	if (steps)
		ranks_path_begin();
	int rc = muster_attach(run->fd, rank, &world);
	if (steps)
		ranks_path_end();
	if (rc < 0) {
		fprintf(stderr, "ranks: rank %d cannot attach: %s\n", rank, muster_error_text());
		return 3;
	}
	int code = run->body(world, run->context);
	if (!run->options->leaves)
		muster_barrier(world, MUSTER_FOREVER, "end of the test");
	muster_finalize(world);
	return code;
}

/* --- what a body waits for --- */

/* There is no word that changes then. */
void ranks_await_call(const muster_world *world, int rank, enum rank_activity call)
{
	while (atomic_load(&world_rank(world, (uint32_t)rank)->activity.kind) != (uint32_t)call)
		usleep(20);
}

void ranks_await_end(const muster_world *world, int rank)
{
	_Atomic uint32_t *events = &world->segment->header->events;
	for (;;) {
		uint32_t seen = atomic_load(events);
		if (atomic_load(&world_rank(world, (uint32_t)rank)->presence) >= RANK_LEFT)
			return;
		futex_wait(events, seen, NULL);
	}
}

/* --- muster's part --- */

static void announce(struct run *run)
{
	atomic_fetch_add(&run->header->events, 1);
	futex_wake(&run->header->events, INT_MAX);
}

/* Two steps, as there: that it is gone, then how. */
static void note_end(struct run *run, int rank)
{
	struct segment_rank *its = &run->ranks[rank];
	uint32_t attached = RANK_ATTACHED, started = RANK_STARTED, dying = RANK_DYING;
	if (!run->options->unwatched && (atomic_compare_exchange_strong(&its->presence, &attached, RANK_DYING) ||
	                                 atomic_compare_exchange_strong(&its->presence, &started, RANK_DYING))) {
		its->end_order = atomic_fetch_add(&run->header->events, 1) + 1;
		announce(run);
	}
	int status;
	if (waitpid(run->pids[rank], &status, 0) < 0)
		ranks_fail("waitpid");
	struct ranks_outcome outcome = {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	                                .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
	run->outcome[rank].exit_code = outcome.exit_code;
	run->outcome[rank].signal = outcome.signal;
	close(run->pidfds[rank]);
	run->pidfds[rank] = -1;
	if (run->options->unwatched)
		return;
	its->exit_code = outcome.exit_code;
	its->signal = outcome.signal;
	atomic_compare_exchange_strong(&its->presence, &dying, outcome.exit_code == 0 ? RANK_LEFT : RANK_ENDED);
	announce(run); /* also of one that left: it may have died before it could */
}

int ranks_note_ends(struct run *run, int timeout_ms)
{
	struct pollfd polls[RANKS_MAX];
	int count = run->options->ranks, alive = 0;
	for (int rank = 0; rank < count; rank++)
		polls[rank] = (struct pollfd){.fd = run->pidfds[rank], .events = POLLIN};
	int ready = poll(polls, (nfds_t)count, timeout_ms);
	for (int rank = 0; rank < count; rank++) {
		if (ready > 0 && polls[rank].fd >= 0 && polls[rank].revents != 0)
			note_end(run, rank);
		alive += run->pidfds[rank] >= 0;
	}
	return alive;
}

static void kill_all(struct run *run)
{
	for (int rank = 0; rank < run->options->ranks; rank++)
		if (run->pidfds[rank] >= 0)
			kill(run->pids[rank], SIGKILL);
}

static void wait_until_all_attached(const struct run *run)
{
	while (atomic_load(&run->header->attached) < (uint32_t)run->options->ranks && ranks_now_ns() < run->deadline_ns)
		sched_yield();
}

/* After a time that may be shorter than a sleep can be. */
static void kill_victim(struct run *run)
{
	const struct ranks_options *options = run->options;
	wait_until_all_attached(run);
	int64_t instant = ranks_now_ns() + (int64_t)options->kill_after_us * 1000 + options->kill_after_ns;
	while (ranks_now_ns() < instant)
		if (instant - ranks_now_ns() > 5000)
			sched_yield();
	run->outcome[options->victim].killed_ns = ranks_now_ns();
	kill(run->pids[options->victim], options->stop_ms > 0 ? SIGSTOP : SIGKILL);
	if (options->stop_ms == 0)
		return;
	usleep((useconds_t)options->stop_ms * 1000);
	kill(run->pids[options->victim], SIGCONT);
}

static bool watch(struct run *run)
{
	bool in_time = true;
	for (;;) {
		int64_t left_ms = (run->deadline_ns - ranks_now_ns()) / 1000000;
		int alive = ranks_note_ends(run, !in_time ? -1 : left_ms > 0 ? (int)left_ms : 0);
		if (alive == 0)
			return in_time;
		if (in_time && ranks_now_ns() >= run->deadline_ns) {
			fprintf(stderr, "ranks: %d of %d ranks still run after the time limit; killed\n", alive,
			        run->options->ranks);
			in_time = false;
			kill_all(run);
		}
	}
}

/* --- processes and threads --- */

/* cmocka would go on with the next test in a rank that crashed. */
static void crash_alone(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_DFL);
}

/* Other tests may have reached the limit of processes just now. */
static pid_t fork_patiently(void)
{
	pid_t pid;
	for (int tries = 0; (pid = fork()) < 0 && errno == EAGAIN && tries < 300; tries++)
		usleep(10000);
	return pid;
}

static void start_processes(struct run *run)
{
	fflush(NULL);
	for (int rank = 0; rank < run->options->ranks; rank++) {
		pid_t pid = fork_patiently();
		if (pid < 0)
			ranks_fail("fork");
		if (pid == 0) {
			crash_alone();
			int code = live(run, rank);
			fflush(NULL);
			_exit(code);
		}
		run->pids[rank] = pid;
		run->pidfds[rank] = (int)syscall(SYS_pidfd_open, pid, 0);
		if (run->pidfds[rank] < 0)
			ranks_fail("pidfd_open");
	}
}

static bool run_processes(struct run *run)
{
	start_processes(run);
	if (run->options->path != NULL)
		ranks_path_lead(run);
	if (run->options->kills)
		kill_victim(run);
	return watch(run);
}

struct thread {
	struct run *run;
	int rank;
	pthread_t id;
};

static void *live_as_thread(void *argument)
{
	struct thread *thread = argument;
	thread->run->outcome[thread->rank].exit_code = live(thread->run, thread->rank);
	return NULL;
}

static bool run_threads(struct run *run)
{
	static struct thread threads[RANKS_MAX];
	struct timespec deadline;
	for (int rank = 0; rank < run->options->ranks; rank++) {
		threads[rank] = (struct thread){.run = run, .rank = rank};
		errno = pthread_create(&threads[rank].id, NULL, live_as_thread, &threads[rank]);
		if (errno != 0)
			ranks_fail("pthread_create");
	}
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += (run->deadline_ns - ranks_now_ns()) / 1000000000 + 1;
	for (int rank = 0; rank < run->options->ranks; rank++)
		if (pthread_timedjoin_np(threads[rank].id, NULL, &deadline) != 0) {
			fprintf(stderr, "ranks: rank %d, a thread, still runs after the time limit\n", rank);
			abort();
		}
	return true;
}

/* --- the run --- */

bool ranks_run(const struct ranks_options *options, ranks_body *body, void *context, struct ranks_outcome *outcome)
{
	static struct run run;
#if defined(__SANITIZE_THREAD__)
	if (!options->threads && !options->own_threads) {
		if (outcome == NULL)
			return true;
		skip();
	}
#endif
	memset(&run, 0, sizeof run);
	run.options = options;
	run.body = body;
	run.context = context;
	if (options->ranks < 1 || options->ranks > RANKS_MAX) {
		errno = EINVAL;
		ranks_fail("count of ranks");
	}
	open_segment(&run);
	run.deadline_ns = ranks_now_ns() + ranks_limit_ns(options->limit_ms > 0 ? options->limit_ms : 30000);
	mapped_fd = run.fd;
	mapped_for_threads = options->threads ? run.header : NULL;
	bool good = options->threads ? run_threads(&run) : run_processes(&run);
	mapped_for_threads = NULL;
	munmap(run.header, run.bytes);
	close(run.fd);
	for (int rank = 0; rank < options->ranks; rank++) {
		bool spared =
			((options->kills && options->stop_ms == 0) || options->path != NULL) && rank == options->victim;
		good = good && (spared || run.outcome[rank].exit_code == 0);
		if (outcome != NULL)
			outcome[rank] = run.outcome[rank];
	}
	return good;
}
