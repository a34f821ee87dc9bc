/* SPDX-License-Identifier: MIT
 *
 * stdin_fixture: a stdin_feed whose ranks are the test.
 */
#ifndef MUSTER_TESTS_STDIN_FIXTURE_H
#define MUSTER_TESTS_STDIN_FIXTURE_H

#include "run_fixture.h"

#include "run/stdin_feed.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <uv.h>

enum { RANKS = 3, QUIET_ROUNDS = 3 };

/* A feed whose ranks are the test: it holds the ends that they would read from. Descriptor 0 is replaced meanwhile. */
struct feeding {
	struct run_fixture f;
	uv_loop_t loop;
	struct stdin_feed *feed;
	int saved;  /* the test's own stdin */
	int source; /* what writes to the new one; -1: not a pipe, or closed */
	int ends[RANKS];
};

static inline void feeding_begin(struct feeding *t, enum stdin_to to, int fd)
{
	memset(t, 0, sizeof *t);
	fixture_begin(&t->f, RANKS);
	signal(SIGPIPE, SIG_IGN);
	t->f.spec.stdin_to = to;
	for (uint32_t r = 0; r < RANKS; r++) {
		t->f.ranks[r].gets_stdin = to == STDIN_ALL || (to == STDIN_RANK && r == 1);
		t->ends[r] = -1;
	}
	t->source = -1;
	assert_int_equal(uv_loop_init(&t->loop), 0);
	t->saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		close(fd);
	} else {
		close(STDIN_FILENO);
	}
}

static inline void feeding_open_ranks(struct feeding *t)
{
	struct error err;
	for (uint32_t r = 0; r < RANKS; r++)
		assert_int_equal(stdin_feed_open_rank(t->feed, r, &t->ends[r], &err), 0);
}

static inline void feeding_start(struct feeding *t)
{
	struct error err;
	assert_int_equal(stdin_feed_create(&t->feed, &t->f.plan, &t->loop, getpid(), &err), 0);
	feeding_open_ranks(t);
	stdin_feed_start(t->feed);
}

static inline void feeding_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void feeding_end(struct feeding *t)
{
	for (uint32_t r = 0; r < RANKS; r++)
		feeding_close(&t->ends[r]);
	feeding_close(&t->source);
	stdin_feed_destroy(t->feed);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	dup2(t->saved, STDIN_FILENO);
	close(t->saved);
	fixture_end(&t->f);
}

/* Turns the loop until nothing happens any more. */
static inline void feeding_pump(struct feeding *t)
{
	struct pollfd backend = {.fd = uv_backend_fd(&t->loop), .events = POLLIN};
	for (int quiet = 0; quiet < QUIET_ROUNDS; quiet = poll(&backend, 1, 0) == 1 ? 0 : quiet + 1)
		uv_run(&t->loop, UV_RUN_NOWAIT);
}

static inline size_t feeding_bytes_waiting(int fd)
{
	int waiting = -1;
	assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
	return (size_t)waiting;
}

#endif
