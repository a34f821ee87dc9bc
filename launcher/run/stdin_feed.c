/* SPDX-License-Identifier: MIT
 *
 * stdin_feed: see stdin_feed.h.
 */
#include "run/stdin_feed.h"

#include "base/error.h"
#include "base/memory.h"
#include "plan/launch_plan.h"
#include "run/process_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024, FOREGROUND_CHECK_MS = 200 };

enum feed_way {
	FEED_NOTHING, /* /dev/null for everybody */
	FEED_HAND_OVER,
	FEED_REOPEN, /* a regular file: every rank reads it for itself, from the same place */
	FEED_COPY,
};

struct reader {
	struct stdin_feed *feed;
	int fd;       /* write end; -1: closed, or does not read */
	size_t taken; /* of the chunk */
	bool polled;
	bool has_handle;
	uv_poll_t poll;
};

struct stdin_feed {
	const struct launch_plan *plan;
	uv_loop_t *loop;
	pid_t guard;
	enum feed_way way;
	bool is_terminal;
	bool source_open;
	bool has_source_handle;
	int source_epoll; /* holds descriptor 0: uv_poll would make that one non-blocking, for the user's shell too */
	uv_poll_t source;
	uv_timer_t foreground; /* looks whether the terminal is muster's again */
	uint32_t handles_closing;
	struct reader *readers; /* by local rank; FEED_COPY only */
	size_t length;          /* of the chunk */
	char *chunk;
};

static enum feed_way choose_way(const struct launch_plan *plan, bool is_terminal)
{
	struct stat status;
	if (plan->spec->stdin_to == STDIN_NONE || fstat(STDIN_FILENO, &status) < 0)
		return FEED_NOTHING;
	bool for_all = plan->spec->stdin_to == STDIN_ALL && plan->nprocs > 1;
	if (for_all && S_ISREG(status.st_mode))
		return FEED_REOPEN;
	return for_all || is_terminal ? FEED_COPY : FEED_HAND_OVER;
}

static int watch_source(struct stdin_feed *feed)
{
	struct epoll_event event = {.events = EPOLLIN};
	feed->source_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (feed->source_epoll < 0)
		return -errno;
	if (epoll_ctl(feed->source_epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0) {
		if (errno != EPERM)
			return -errno;
		feed->way = FEED_REOPEN; /* a device that never blocks, such as /dev/null */
		return 0;
	}
	int rc = uv_poll_init(feed->loop, &feed->source, feed->source_epoll);
	feed->source.data = feed;
	feed->has_source_handle = feed->source_open = rc == 0;
	return rc;
}

int stdin_feed_create(struct stdin_feed **made, const struct launch_plan *plan, uv_loop_t *loop, pid_t guard,
                      struct error *err)
{
	struct stdin_feed *feed = memory_zeroed(sizeof *feed);
	feed->plan = plan;
	feed->loop = loop;
	feed->guard = guard;
	feed->is_terminal = isatty(STDIN_FILENO) == 1;
	feed->way = choose_way(plan, feed->is_terminal);
	feed->source_epoll = -1;
	*made = feed;
	if (feed->way != FEED_COPY)
		return 0;
	feed->readers = memory_zeroed(plan->nprocs * sizeof *feed->readers);
	feed->chunk = memory_zeroed(CHUNK_BYTES);
	for (uint32_t r = 0; r < plan->nprocs; r++)
		feed->readers[r] = (struct reader){.feed = feed, .fd = -1};
	uv_timer_init(loop, &feed->foreground);
	feed->foreground.data = feed;
	int rc = watch_source(feed);
	return rc < 0 ? error_set(err, rc, "cannot watch standard input: %s", uv_strerror(rc)) : 0;
}

static int reopen_file(int *end, struct error *err)
{
	*end = open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC);
	if (*end < 0)
		return error_set(err, -errno, "cannot open standard input once more for each rank: %s",
		                 strerror(errno));
	off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	if (at > 0)
		lseek(*end, at, SEEK_SET);
	return 0;
}

static int open_copy(struct stdin_feed *feed, uint32_t local_rank, int *end, struct error *err)
{
	struct reader *reader = &feed->readers[local_rank];
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, -errno, "cannot make a pipe for standard input: %s", strerror(errno));
	int rc = uv_poll_init(feed->loop, &reader->poll, ends[1]);
	if (rc < 0) {
		close(ends[0]);
		close(ends[1]);
		return error_set(err, rc, "cannot watch a rank's standard input: %s", uv_strerror(rc));
	}
	reader->poll.data = reader;
	reader->has_handle = true;
	reader->fd = ends[1];
	reader->taken = feed->length;
	*end = ends[0];
	return 0;
}

int stdin_feed_open_rank(struct stdin_feed *feed, uint32_t local_rank, int *end, struct error *err)
{
	enum feed_way way = feed->plan->ranks[local_rank].gets_stdin ? feed->way : FEED_NOTHING;
	switch (way) {
	case FEED_HAND_OVER:
		*end = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return *end < 0 ? error_set(err, -errno, "cannot hand standard input on: %s", strerror(errno)) : 0;
	case FEED_REOPEN:
		return reopen_file(end, err);
	case FEED_COPY:
		return open_copy(feed, local_rank, end, err);
	case FEED_NOTHING:
		break;
	}
	*end = -1;
	return 0;
}

static void handle_closed(uv_handle_t *handle)
{
	struct stdin_feed *feed = handle->data;
	feed->handles_closing--;
}

static void reader_handle_closed(uv_handle_t *handle)
{
	struct reader *reader = handle->data;
	reader->has_handle = false;
	reader->feed->handles_closing--;
}

static void close_reader(struct reader *reader)
{
	if (reader->fd < 0)
		return;
	reader->feed->handles_closing++;
	uv_close((uv_handle_t *)&reader->poll, reader_handle_closed);
	close(reader->fd);
	reader->fd = -1;
	reader->polled = false;
}

static void close_source(struct stdin_feed *feed)
{
	if (feed->has_source_handle) {
		feed->has_source_handle = false;
		feed->handles_closing++;
		uv_close((uv_handle_t *)&feed->source, handle_closed);
	}
	feed->source_open = false;
}

static void on_source(uv_poll_t *handle, int status, int events);
static void on_room(uv_poll_t *poll, int status, int events);

static bool everybody_has_the_chunk(struct stdin_feed *feed)
{
	for (uint32_t r = 0; r < feed->plan->nprocs; r++)
		if (feed->readers[r].fd >= 0 && feed->readers[r].taken < feed->length)
			return false;
	return true;
}

static bool anybody_reads(struct stdin_feed *feed)
{
	for (uint32_t r = 0; r < feed->plan->nprocs; r++)
		if (feed->readers[r].fd >= 0)
			return true;
	return false;
}

/* After the last chunk went out: the end of file for everybody, or on with the source. */
static void go_on(struct stdin_feed *feed)
{
	if (!everybody_has_the_chunk(feed))
		return;
	if (!anybody_reads(feed))
		close_source(feed);
	if (feed->source_open) {
		uv_poll_start(&feed->source, UV_READABLE, on_source);
		return;
	}
	for (uint32_t r = 0; r < feed->plan->nprocs; r++)
		close_reader(&feed->readers[r]);
}

static void write_chunk(struct reader *reader)
{
	struct stdin_feed *feed = reader->feed;
	while (reader->fd >= 0 && reader->taken < feed->length) {
		ssize_t wrote = write(reader->fd, feed->chunk + reader->taken, feed->length - reader->taken);
		if (wrote < 0 && errno == EAGAIN)
			break;
		if (wrote < 0)
			close_reader(reader); /* EPIPE: it does not want more */
		else
			reader->taken += (size_t)wrote;
	}
	bool wanted = reader->fd >= 0 && reader->taken < feed->length;
	if (wanted && !reader->polled)
		uv_poll_start(&reader->poll, UV_WRITABLE, on_room);
	else if (!wanted && reader->polled && reader->fd >= 0)
		uv_poll_stop(&reader->poll);
	reader->polled = wanted;
}

static void on_room(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct reader *reader = poll->data;
	write_chunk(reader);
	go_on(reader->feed);
}

static bool guard_is_in_foreground(pid_t guard)
{
	struct process_stat stat;
	if (process_own_number() != getpid())
		return true; /* this /proc calls it otherwise: not to be told, and the foreground is what is usual */
	if (!process_stat_read(guard, &stat))
		return false;
	return stat.foreground == -1 || stat.foreground == stat.group; /* without a terminal nobody else types there */
}

static void on_foreground_check(uv_timer_t *timer)
{
	struct stdin_feed *feed = timer->data;
	if (feed->source_open && !guard_is_in_foreground(feed->guard))
		return;
	uv_timer_stop(timer);
	if (feed->source_open)
		uv_poll_start(&feed->source, UV_READABLE, on_source);
}

static void on_source(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	struct stdin_feed *feed = handle->data;
	struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
	uv_poll_stop(handle);
	if (feed->is_terminal && !guard_is_in_foreground(feed->guard)) {
		uv_timer_start(&feed->foreground, on_foreground_check, FOREGROUND_CHECK_MS, FOREGROUND_CHECK_MS);
		return;
	}
	errno = EAGAIN;
	ssize_t got = poll(&ready, 1, 0) == 1 ? read(STDIN_FILENO, feed->chunk, CHUNK_BYTES) : -1;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		uv_poll_start(handle, UV_READABLE, on_source);
		return;
	}
	feed->length = got > 0 ? (size_t)got : 0;
	if (got <= 0)
		close_source(feed);
	for (uint32_t r = 0; r < feed->plan->nprocs; r++) {
		feed->readers[r].taken = 0;
		write_chunk(&feed->readers[r]);
	}
	go_on(feed);
}

void stdin_feed_start(struct stdin_feed *feed)
{
	if (feed->way == FEED_COPY)
		go_on(feed);
}

void stdin_feed_close_ranks(struct stdin_feed *feed)
{
	if (feed->way != FEED_COPY)
		return;
	for (uint32_t r = 0; r < feed->plan->nprocs; r++)
		close_reader(&feed->readers[r]);
	uv_timer_stop(&feed->foreground); /* or it would go on reading, for nobody */
	if (feed->has_source_handle)
		uv_poll_stop(&feed->source);
}

void stdin_feed_destroy(struct stdin_feed *feed)
{
	if (feed == NULL)
		return;
	stdin_feed_close_ranks(feed);
	close_source(feed);
	if (feed->readers != NULL) {
		feed->handles_closing++;
		uv_close((uv_handle_t *)&feed->foreground, handle_closed);
	}
	while (feed->handles_closing > 0)
		uv_run(feed->loop, UV_RUN_ONCE);
	if (feed->source_epoll >= 0)
		close(feed->source_epoll);
	free(feed->readers);
	free(feed->chunk);
	free(feed);
}
