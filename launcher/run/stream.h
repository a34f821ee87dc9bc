/* SPDX-License-Identifier: MIT
 *
 * stream: one output stream of one rank: bytes from a pipe become whole lines in sinks.
 *
 * Where streams meet in a sink, and where lines are decorated (label, time), only whole lines are handed on: a partial
 * one is held until its newline, or its rank's end, which gives it one. A line that grows beyond its share claims
 * its sinks and passes through, while the other streams wait: not for ever (output_silence.c). A stream that alone has
 * a sink, undecorated, is passed on byte for byte. Knows nothing of events: output_pipes.c reads, this decides what
 * becomes of what was read.
 */
#ifndef MUSTER_RUN_STREAM_H
#define MUSTER_RUN_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct output;
struct sink;

#define LINE_HELD_MAX   ((size_t)1 << 20)
#define LINE_HELD_LEAST ((size_t)16 << 10)
#define TAIL_BYTES      ((size_t)8 << 10)
#define TAIL_LINES      20

struct stream {
	struct output *output;
	uint32_t rank; /* for the label */
	uint32_t local_rank;
	int fd;      /* read end; -1: closed */
	bool polled; /* fd is in the event loop */
	bool waits;  /* in the output's list of those that wait for the end of another's long line */
	struct stream *next_waiting;
	bool enlarged; /* the pipe was given its larger size */
	size_t owed;   /* once the output is closing: bytes that were in the pipe by then, and are not read yet */
	bool keeps_tail;
	bool in_line;         /* in the middle of a line that has claimed its sinks */
	bool may_be_broken;   /* it claimed them only because its rank fell silent: anybody else may go on */
	bool awaited;         /* somebody has something to say, and waits for the end of its long line */
	uint32_t kept_ticks;  /* of output's clock, for which its long line kept somebody waiting */
	uint32_t quiet_ticks; /* of the same, since something was read */
	bool timestamp;
	struct sink **sinks;
	uint32_t sink_count;
	char *held; /* the partial line */
	size_t held_length;
	size_t held_capacity;
	size_t held_most; /* a share of what all may hold: LINE_HELD_LEAST to LINE_HELD_MAX */
	size_t in_flight; /* bytes in queues of sinks */
	size_t taken;     /* of what was read last, and the bytes that it became in its sinks */
	size_t sent;
	char *tail; /* ring of the last TAIL_BYTES; NULL until something came */
	size_t tail_total;
	int64_t traceback_ns; /* on the monotonic clock: when Python began its last traceback; 0: none */
	size_t traceback_at;  /* and where: tail_total at that time */
	uv_poll_t poll;
};

/* May what is read now be handed on? Not while another stream is in the middle of a long line. */
bool stream_may_take(const struct stream *stream);

void stream_take(struct stream *stream, const char *bytes, size_t length);

/* How much may be taken so that no more than `room` is sent, should it grow by labels and times as the last did. */
size_t stream_fits(const struct stream *stream, size_t room);

/* The end of the stream: a partial line gets its newline. */
void stream_end(struct stream *stream);

/* The state of a progress bar, as a line of its own, where somebody reads along; false: there is none. */
bool stream_show_progress(struct stream *stream);

/* A partial line whose rank says no more is shown (a prompt) where somebody reads along: on a terminal. In files and
 * pipes no line is torn, however long a rank pauses between two blocks of its stdio buffer. */
void stream_show_partial(struct stream *stream);

/* Has it a partial line, held or begun, that time must look after? */
bool stream_has_partial(const struct stream *stream);

/* Breaks a long line off, so that others come through; what follows begins a new line. */
void stream_break_line(struct stream *stream);

/* The last lines, at most TAIL_LINES, NULL-terminated, each on the heap; NULL when there is nothing. */
char **stream_tail_lines(const struct stream *stream);

/* When a traceback of Python began that is still in the tail, on the monotonic clock; 0: none is. */
int64_t stream_traceback_ns(const struct stream *stream);

void stream_release(struct stream *stream); /* memory only */

#endif
