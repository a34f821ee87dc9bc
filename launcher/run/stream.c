/* SPDX-License-Identifier: MIT
 *
 * stream: see stream.h. One pass over the bytes: memchr finds the line ends, the decorated lines are laid into one
 * batch, and a batch is one write.
 */
#include "run/stream.h"

#include "base/clock.h"
#include "base/date.h"
#include "run/output.h"
#include "run/sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_BYTES = 512 * 1024, PREFIX_BYTES = 64 };

struct prefix {
	char bytes[PREFIX_BYTES];
	size_t length;
};

/* One for all streams: the event loop has one thread. */
static char batch[BATCH_BYTES];

static struct prefix make_prefix(const struct stream *stream, const struct sink *sink)
{
	struct prefix prefix = {.length = 0};
	if (stream->timestamp) {
		struct timespec now;
		char date[DATE_BYTES];
		clock_gettime(CLOCK_REALTIME, &now);
		prefix.length = (size_t)snprintf(prefix.bytes, sizeof prefix.bytes, "%s ", date_format(date, &now, 6));
	}
	if (sink->label)
		prefix.length += (size_t)snprintf(prefix.bytes + prefix.length, sizeof prefix.bytes - prefix.length,
		                                  "[%" PRIu32 "] ", stream->rank);
	return prefix;
}

/* Alone in its sink and undecorated: its bytes are not touched. */
static bool passes_bytes(const struct stream *stream, const struct sink *sink)
{
	return sink->users <= 1 && !sink->label && !stream->timestamp;
}

static void pass_on(struct stream *stream, struct sink *sink, const char *bytes, size_t length)
{
	stream->sent += length;
	stream->in_flight += sink_write(sink, stream, bytes, length);
}

/* A progress bar goes back with a carriage return and writes over itself, and would write over the label too. On a
 * terminal its last state stands for the line: where that begins. */
static size_t last_state(const char *line, size_t length)
{
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	const char *back = length == 0 ? NULL : memrchr(line, '\r', length);
	return back == NULL ? 0 : (size_t)(back + 1 - line);
}

/* `bytes` are whole lines. */
static void send_lines_decorated(struct stream *stream, struct sink *sink, const char *bytes, size_t length)
{
	const struct prefix prefix = make_prefix(stream, sink);
	const char *end = bytes + length;
	size_t used = 0;
	while (bytes < end) {
		size_t line = (size_t)((const char *)memchr(bytes, '\n', (size_t)(end - bytes)) + 1 - bytes);
		size_t skipped = sink->is_terminal ? last_state(bytes, line) : 0;
		bytes += skipped;
		line -= skipped;
		if (used + prefix.length + line > sizeof batch) {
			pass_on(stream, sink, batch, used);
			used = 0;
		}
		memcpy(batch + used, prefix.bytes, prefix.length);
		used += prefix.length;
		if (used + line > sizeof batch) { /* a line as long as the batch itself */
			pass_on(stream, sink, batch, used);
			pass_on(stream, sink, bytes, line);
			used = 0;
		} else {
			memcpy(batch + used, bytes, line);
			used += line;
		}
		bytes += line;
	}
	pass_on(stream, sink, batch, used);
}

static void send_lines(struct stream *stream, const char *bytes, size_t length)
{
	for (uint32_t i = 0; i < stream->sink_count; i++) {
		struct sink *sink = stream->sinks[i];
		if (passes_bytes(stream, sink))
			continue;
		if (sink->label || stream->timestamp)
			send_lines_decorated(stream, sink, bytes, length);
		else
			pass_on(stream, sink, bytes, length);
	}
}

static void send_part(struct stream *stream, const char *bytes, size_t length, bool begins)
{
	for (uint32_t i = 0; i < stream->sink_count; i++) {
		struct sink *sink = stream->sinks[i];
		if (passes_bytes(stream, sink))
			continue;
		if (begins) {
			const struct prefix prefix = make_prefix(stream, sink);
			pass_on(stream, sink, prefix.bytes, prefix.length);
		}
		pass_on(stream, sink, bytes, length);
	}
}

static void claim_sinks(struct stream *stream, struct stream *owner)
{
	stream->in_line = owner != NULL;
	stream->may_be_broken = false;
	stream->kept_ticks = 0;
	for (uint32_t i = 0; i < stream->sink_count; i++)
		stream->sinks[i]->owner = owner;
	if (owner == NULL)
		output_line_released(stream->output);
}

bool stream_may_take(const struct stream *stream)
{
	for (uint32_t i = 0; i < stream->sink_count; i++) {
		const struct stream *owner = stream->sinks[i]->owner;
		if (owner != NULL && owner != stream && !owner->may_be_broken)
			return false;
	}
	return true;
}

static void break_other_lines(struct stream *stream)
{
	for (uint32_t i = 0; i < stream->sink_count; i++) {
		struct stream *owner = stream->sinks[i]->owner;
		if (owner != NULL && owner != stream)
			stream_break_line(owner);
	}
}

static bool reserve_held(struct stream *stream, size_t more)
{
	size_t needed = stream->held_length + more;
	if (needed <= stream->held_capacity)
		return true;
	size_t capacity = stream->held_capacity < 512 ? 512 : stream->held_capacity;
	while (capacity < needed)
		capacity *= 2;
	if (capacity > stream->held_most && needed <= stream->held_most)
		capacity = stream->held_most;
	char *grown = realloc(stream->held, capacity);
	if (grown == NULL)
		return false;
	stream->held = grown;
	stream->held_capacity = capacity;
	return true;
}

static void drop_held(struct stream *stream)
{
	stream->held_length = 0;
	if (stream->held_capacity > 4096) {
		free(stream->held);
		stream->held = NULL;
		stream->held_capacity = 0;
	}
}

/* Also when memory is short: passing a line on early may let others wait, losing it is worse. */
static void begin_long_line(struct stream *stream, const char *bytes, size_t length)
{
	claim_sinks(stream, stream);
	send_part(stream, stream->held, stream->held_length, true);
	send_part(stream, bytes, length, false);
	drop_held(stream);
}

static void hold(struct stream *stream, const char *bytes, size_t length)
{
	if (length == 0)
		return;
	if (stream->held_length + length > stream->held_most || !reserve_held(stream, length)) {
		begin_long_line(stream, bytes, length);
		return;
	}
	memcpy(stream->held + stream->held_length, bytes, length);
	stream->held_length += length;
}

/* The rest of a line that was begun before; returns how many of the bytes belonged to it. */
static size_t continue_line(struct stream *stream, const char *bytes, size_t length)
{
	const char *newline = memchr(bytes, '\n', length);
	size_t part = newline == NULL ? length : (size_t)(newline + 1 - bytes);
	if (stream->in_line) {
		send_part(stream, bytes, part, false);
		if (newline != NULL)
			claim_sinks(stream, NULL);
		return part;
	}
	hold(stream, bytes, part);
	if (newline != NULL && stream->in_line) {
		claim_sinks(stream, NULL);
	} else if (newline != NULL) {
		send_lines(stream, stream->held, stream->held_length);
		drop_held(stream);
	}
	return part;
}

static void take_lines(struct stream *stream, const char *bytes, size_t length)
{
	if (stream->in_line || stream->held_length > 0) {
		size_t part = continue_line(stream, bytes, length);
		bytes += part;
		length -= part;
	}
	const char *last = length == 0 ? NULL : memrchr(bytes, '\n', length);
	if (last != NULL) {
		size_t whole = (size_t)(last + 1 - bytes);
		send_lines(stream, bytes, whole);
		bytes += whole;
		length -= whole;
	}
	hold(stream, bytes, length);
}

/* Python's words for an exception that nobody caught, or that somebody logged. */
static void note_traceback(struct stream *stream, const char *bytes, size_t length)
{
	static const char opening[] = "Traceback (most recent call last):";
	const char *found = memmem(bytes, length, opening, strlen(opening));
	if (found == NULL)
		return;
	stream->traceback_ns = clock_ns();
	stream->traceback_at = stream->tail_total + (size_t)(found - bytes);
}

static void keep_tail(struct stream *stream, const char *bytes, size_t length)
{
	if (stream->tail == NULL && (stream->tail = malloc(TAIL_BYTES)) == NULL)
		return;
	if (length > TAIL_BYTES) {
		stream->tail_total += length - TAIL_BYTES;
		bytes += length - TAIL_BYTES;
		length = TAIL_BYTES;
	}
	note_traceback(stream, bytes, length);
	size_t at = stream->tail_total % TAIL_BYTES;
	size_t before_end = TAIL_BYTES - at < length ? TAIL_BYTES - at : length;
	memcpy(stream->tail + at, bytes, before_end);
	memcpy(stream->tail, bytes + before_end, length - before_end);
	stream->tail_total += length;
}

void stream_take(struct stream *stream, const char *bytes, size_t length)
{
	bool lines = false;
	stream->quiet_ticks = 0;
	stream->taken = length;
	stream->sent = 0;
	break_other_lines(stream);
	for (uint32_t i = 0; i < stream->sink_count; i++) {
		if (passes_bytes(stream, stream->sinks[i]))
			pass_on(stream, stream->sinks[i], bytes, length);
		else
			lines = true;
	}
	if (lines)
		take_lines(stream, bytes, length);
	if (stream->keeps_tail)
		keep_tail(stream, bytes, length);
}

/* At first empty lines are expected, of which each byte gets a prefix. */
size_t stream_fits(const struct stream *stream, size_t room)
{
	if (stream->taken == 0)
		return room / PREFIX_BYTES;
	return stream->sent <= stream->taken ? room : room * stream->taken / stream->sent;
}

bool stream_has_partial(const struct stream *stream)
{
	return stream->in_line || stream->held_length > 0;
}

static bool is_read_along(const struct stream *stream)
{
	bool read_along = stream->sink_count > 0;
	for (uint32_t i = 0; i < stream->sink_count; i++)
		read_along = read_along && stream->sinks[i]->is_terminal && stream->sinks[i]->owner == NULL;
	return read_along;
}

bool stream_show_progress(struct stream *stream)
{
	bool progress = stream->held_length > 0 && memchr(stream->held, '\r', stream->held_length) != NULL;
	if (!progress || !is_read_along(stream) || !reserve_held(stream, 1))
		return false;
	stream->held[stream->held_length++] = '\n';
	send_lines(stream, stream->held, stream->held_length);
	drop_held(stream);
	return true;
}

void stream_show_partial(struct stream *stream)
{
	if (!is_read_along(stream) || stream->held_length == 0)
		return;
	begin_long_line(stream, "", 0);
	stream->may_be_broken = true;
}

void stream_break_line(struct stream *stream)
{
	if (!stream->in_line)
		return;
	send_part(stream, "\n", 1, false);
	claim_sinks(stream, NULL);
}

void stream_end(struct stream *stream)
{
	stream_break_line(stream);
	if (stream->held_length > 0 && reserve_held(stream, 1)) {
		stream->held[stream->held_length++] = '\n';
		break_other_lines(stream);
		send_lines(stream, stream->held, stream->held_length);
	}
	drop_held(stream);
}

static size_t unroll_tail(const struct stream *stream, char *to)
{
	if (stream->tail_total <= TAIL_BYTES) {
		memcpy(to, stream->tail, stream->tail_total);
		return stream->tail_total;
	}
	size_t at = stream->tail_total % TAIL_BYTES;
	memcpy(to, stream->tail + at, TAIL_BYTES - at);
	memcpy(to + TAIL_BYTES - at, stream->tail, at);
	return TAIL_BYTES;
}

/* What is not text becomes a dot: the tail is shown on terminals and stands in JSON. A carriage return begins its line
 * anew, as progress bars use it, or is, like several, part of a line end. Returns the new length. */
static size_t keep_text(char *bytes, size_t length)
{
	size_t kept = 0, line = 0;
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		bool is_text = byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f);
		if (byte != '\r')
			bytes[kept++] = is_text ? (char)byte : '.';
		else if (i + 1 < length && bytes[i + 1] != '\r' && bytes[i + 1] != '\n')
			kept = line;
		if (byte == '\n')
			line = kept;
	}
	return kept;
}

static const char *start_of_last_lines(const char *text, size_t length, int lines)
{
	const char *at = text + length;
	for (int found = 0; at > text; at--)
		if (at[-1] == '\n' && ++found == lines)
			break;
	return at;
}

char **stream_tail_lines(const struct stream *stream)
{
	char text[TAIL_BYTES + 1];
	if (stream->tail == NULL || stream->tail_total == 0)
		return NULL;
	size_t length = unroll_tail(stream, text);
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	char **lines = length == 0 ? NULL : calloc(TAIL_LINES + 1, sizeof *lines);
	if (lines == NULL)
		return NULL;
	length = keep_text(text, length);
	text[length] = '\0';
	char *at = text + (start_of_last_lines(text, length, TAIL_LINES) - text);
	for (uint32_t count = 0; count < TAIL_LINES && at != NULL; count++)
		lines[count] = strdup(strsep(&at, "\n"));
	return lines;
}

int64_t stream_traceback_ns(const struct stream *stream)
{
	return stream->tail_total - stream->traceback_at <= TAIL_BYTES ? stream->traceback_ns : 0;
}

void stream_release(struct stream *stream)
{
	free(stream->held);
	free(stream->tail);
	stream->held = stream->tail = NULL;
	stream->held_length = stream->held_capacity = stream->tail_total = 0;
}
