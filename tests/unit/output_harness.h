/* SPDX-License-Identifier: MIT
 *
 * output_harness: an output with its event loop, whose ranks are the test itself: it holds the write ends. Descriptors
 * 1 and 2 may be put in place for the time; nothing is checked meanwhile (cmocka would print there), only noted.
 */
#ifndef MUSTER_TESTS_OUTPUT_HARNESS_H
#define MUSTER_TESTS_OUTPUT_HARNESS_H

#include "run_fixture.h"

#include "run/output.h"

#include <signal.h>
#include <uv.h>

enum { TO_STDOUT, TO_STDERR, PUMP_DEADLINE_MS = 20000 };

struct harness {
	struct run_fixture f;
	struct output *output;
	uv_loop_t loop;
	int ends[FIXTURE_RANKS][OUTPUT_STREAMS];
	int saved[2]; /* the test's own 1 and 2, while they are replaced */
	int changes;
};

static inline void harness_begin(struct harness *h, uint32_t nprocs)
{
	memset(h, 0, sizeof *h);
	fixture_begin(&h->f, nprocs);
	signal(SIGPIPE, SIG_IGN);
	h->saved[0] = h->saved[1] = -1;
}

/* Sends a stream of a rank to these, NULL meaning the terminal, "" /dev/null, others a file in the test's directory. */
static inline void harness_send_to(struct harness *h, uint32_t rank, int stream, const char *first, const char *second)
{
	const char *const names[] = {first, second};
	struct rank_sinks *sinks =
		stream == TO_STDOUT ? &h->f.ranks[rank].stdout_sinks : &h->f.ranks[rank].stderr_sinks;
	sinks->count = second == NULL ? 1 : 2;
	for (uint32_t i = 0; i < sinks->count; i++) {
		const char *name = names[i];
		struct rank_sink *sink = &sinks->items[i];
		if (name == NULL)
			*sink = (struct rank_sink){.kind = SINK_TERMINAL};
		else if (name[0] == '\0')
			*sink = (struct rank_sink){.kind = SINK_NULL};
		else
			*sink = (struct rank_sink){.kind = SINK_PATH,
			                           .path = name[0] == '/' ? fixture_text(&h->f, name)
			                                                  : fixture_path(&h->f, name)};
	}
}

/* Puts `fd` (which it closes) in the place of muster's stdout or stderr. */
static inline void harness_replace(struct harness *h, int target, int fd)
{
	fflush(NULL);
	h->saved[target - 1] = fcntl(target, F_DUPFD_CLOEXEC, 10);
	dup2(fd, target);
	close(fd);
}

static inline void harness_restore(struct harness *h)
{
	fflush(NULL);
	for (int target = 1; target <= 2; target++) {
		if (h->saved[target - 1] < 0)
			continue;
		dup2(h->saved[target - 1], target);
		close(h->saved[target - 1]);
		h->saved[target - 1] = -1;
	}
}

static inline void harness_changed(void *context)
{
	struct harness *h = context;
	h->changes++;
}

static inline void harness_open_first(struct harness *h, uint32_t count)
{
	struct error err;
	assert_int_equal(uv_loop_init(&h->loop), 0);
	assert_int_equal(output_create(&h->output, &h->f.plan, NULL, &err), 0);
	assert_int_equal(output_attach(h->output, &h->loop, harness_changed, h, &err), 0);
	for (uint32_t r = 0; r < count; r++)
		assert_int_equal(output_open_rank(h->output, r, h->ends[r], &err), 0);
}

static inline void harness_open(struct harness *h)
{
	harness_open_first(h, h->f.plan.nprocs);
}

/* Begins with two ranks, whose standard output goes to the file "all". */
static inline void harness_open_two_into_one(struct harness *h)
{
	harness_begin(h, 2);
	harness_send_to(h, 0, TO_STDOUT, "all", NULL);
	harness_send_to(h, 1, TO_STDOUT, "all", NULL);
	harness_open(h);
}

/* Turns the loop until nothing happens any more; what a turn begins to watch is watched from the next one on. */
static inline void harness_pump(struct harness *h)
{
	struct pollfd backend = {.fd = uv_backend_fd(&h->loop), .events = POLLIN};
	for (int quiet = 0; quiet < 2; quiet = poll(&backend, 1, 0) == 1 ? 0 : quiet + 1)
		uv_run(&h->loop, UV_RUN_NOWAIT);
}

static inline int64_t harness_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same until `done` holds; false when it took too long. */
static inline bool harness_pump_until(struct harness *h, bool (*done)(struct harness *h))
{
	int64_t deadline = harness_now_ms() + PUMP_DEADLINE_MS;
	struct pollfd backend = {.fd = uv_backend_fd(&h->loop), .events = POLLIN};
	for (;;) {
		harness_pump(h);
		if (done(h))
			return true;
		if (harness_now_ms() > deadline)
			return false;
		poll(&backend, 1, 20);
	}
}

/* Everything, through a pipe that may be smaller than it. */
static inline void harness_feed(struct harness *h, uint32_t rank, int stream, const char *bytes, size_t length)
{
	while (length > 0) {
		size_t piece = length < 32768 ? length : 32768;
		ssize_t wrote = write(h->ends[rank][stream], bytes, piece);
		if (wrote < 0 && errno == EINTR)
			continue;
		assert_true(wrote > 0);
		bytes += wrote;
		length -= (size_t)wrote;
		harness_pump(h);
	}
}

static inline void harness_say(struct harness *h, uint32_t rank, int stream, const char *text)
{
	harness_feed(h, rank, stream, text, strlen(text));
}

/* As a rank's end does it: the write end goes. */
static inline void harness_end_stream(struct harness *h, uint32_t rank, int stream)
{
	if (h->ends[rank][stream] >= 0)
		close(h->ends[rank][stream]);
	h->ends[rank][stream] = -1;
	harness_pump(h);
}

static inline void harness_end_all(struct harness *h)
{
	for (uint32_t r = 0; r < h->f.plan.nprocs; r++)
		for (int s = 0; s < OUTPUT_STREAMS; s++)
			harness_end_stream(h, r, s);
}

static inline bool harness_is_drained(struct harness *h)
{
	return output_is_drained(h->output);
}

/* What the supervisor does at the end; true when everything was written. */
static inline bool harness_close(struct harness *h)
{
	harness_end_all(h);
	bool drained = harness_pump_until(h, harness_is_drained);
	output_detach(h->output);
	return drained;
}

static inline void harness_end(struct harness *h)
{
	harness_restore(h);
	output_destroy(h->output);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	fixture_end(&h->f);
}

static inline char *harness_file(struct harness *h, const char *name, size_t *length)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", h->f.directory, name);
	return fixture_read_file(path, length);
}

static inline void assert_file_is(struct harness *h, const char *name, const char *expected)
{
	char *bytes = harness_file(h, name, NULL);
	assert_string_equal(bytes, expected);
	free(bytes);
}

static inline int harness_open_file(struct harness *h, const char *name)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", h->f.directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	return fd;
}

/* All that ranks print, to one sink. */
static inline void harness_send_all_to(struct harness *h, const char *name)
{
	for (uint32_t r = 0; r < h->f.plan.nprocs; r++)
		for (int s = 0; s < OUTPUT_STREAMS; s++)
			harness_send_to(h, r, s, name, NULL);
}

/* Puts a pipe in the place of stdout; returns its read end. */
static inline int harness_replace_stdout(struct harness *h)
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	harness_replace(h, STDOUT_FILENO, ends[1]);
	return ends[0];
}

static inline char *harness_make_long(size_t length)
{
	char *bytes = malloc(length + 1);
	assert_non_null(bytes);
	memset(bytes, 'x', length);
	bytes[length] = '\0';
	return bytes;
}

#endif
