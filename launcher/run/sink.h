/* SPDX-License-Identifier: MIT
 *
 * sink: where output goes: muster's own stdout and stderr, a file, /dev/null.
 *
 * A regular file is written at once. What may block its writer for ever (a pipe whose reader sleeps, a terminal after
 * Ctrl-S, a FIFO) is written by a thread of its own from a queue, so that nothing else ever waits for it; the queue is
 * bounded by its users, who are told what was written (sink_collect). All calls are the event loop's thread's. Of many
 * sinks few have anything to tell at a time: those are in the lists of their sink_news.
 */
#ifndef MUSTER_RUN_SINK_H
#define MUSTER_RUN_SINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct error;
struct log_file;
struct stream;

struct block; /* bytes on their way */

/* Of the sinks of an output, those that are to be looked at. */
struct sink_news {
	struct sink *busy;   /* bytes of theirs are on their way; by next_busy */
	struct sink *failed; /* since they were last asked; by next_failed */
};

struct sink {
	char *name; /* a path, or "standard output": for messages */
	int fd;
	dev_t device; /* which file it is */
	ino_t inode;  /* 0: not known */
	bool owns_fd;
	struct log_file *log; /* what is written goes there, and `fd` is none; NULL */
	bool may_block;
	bool is_pipe;
	bool is_terminal;
	bool label;            /* several ranks meet here: their lines are told apart */
	uint32_t users;        /* streams that write here */
	uint32_t first_rank;   /* of its users */
	int error;             /* errno of the first failure; what comes after is dropped */
	struct stream *owner;  /* in the middle of a line too long to be held: the others wait */
	uv_async_t *wake;      /* told when the thread has written something */
	struct writer *writer; /* the thread's side; NULL until needed */
	size_t on_their_way;   /* blocks that were given to the thread and not collected yet */
	struct sink_news *news;
	struct sink *next_busy;
	struct sink *next_failed;
};

/* Borrows `fd`. */
void sink_init_descriptor(struct sink *sink, const char *name, int fd);
/* Opens or creates a file, mode 0666 less the umask. A FIFO must have its reader: it is not waited for. */
int sink_init_path(struct sink *sink, const char *path, struct error *err);
/* Drops what a file already holds. */
int sink_truncate(const struct sink *sink, struct error *err);
/* A rank's log; it is borrowed, but finished with the sink. */
void sink_init_log(struct sink *sink, const char *name, struct log_file *log);
void sink_finish(struct sink *sink); /* a thread that is blocked in its write is left to the process's end */

/* Same file behind both: then one of them must do, or their lines would tear. */
bool sink_is_same_file(const struct sink *one, const struct sink *other);

/* Takes a copy. `from` is handed back by sink_collect with the number of bytes, when the write did not happen at once;
 * the return value is how many bytes are on their way (0: done, or dropped). */
size_t sink_write(struct sink *sink, struct stream *from, const char *bytes, size_t length);

typedef void sink_written(void *context, struct stream *from, size_t length);

/* The event loop is about to go: a thread that is still in its write wakes it no more. */
void sink_detach(struct sink *sink);

/* Calls back for each block that was written (or dropped) since, and frees it. The callback must not write. */
void sink_collect(struct sink *sink, sink_written *callback, void *context);

/* Everything was written and collected: an error of the last write is known. */
bool sink_is_idle(const struct sink *sink);

#endif
