/* SPDX-License-Identifier: MIT
 *
 * sink: see sink.h.
 */
#include "run/sink.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/unexpanded.h"
#include "run/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BLOCKS_A_WRITE = 64 };

struct block {
	struct block *next;
	struct stream *from;
	size_t length;
	char bytes[];
};

struct writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct block *waiting; /* in order; guarded by lock, as all below */
	struct block **waiting_end;
	struct block *written;
	size_t unwritten; /* blocks */
	int error;
	bool quit;
	int fd;           /* const */
	uv_async_t *wake; /* NULL once the loop is gone */
};

/* The whole of it, or an errno. */
static int write_blocks(int fd, struct iovec *parts, int count)
{
	while (count > 0) {
		ssize_t wrote = writev(fd, parts, count);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0 && errno == EAGAIN) { /* somebody else made the descriptor non-blocking */
			struct pollfd ready = {.fd = fd, .events = POLLOUT};
			poll(&ready, 1, -1);
			continue;
		}
		if (wrote < 0)
			return errno;
		for (; count > 0 && (size_t)wrote >= parts->iov_len; parts++, count--)
			wrote -= (ssize_t)parts->iov_len;
		if (count > 0) {
			parts->iov_base = (char *)parts->iov_base + wrote;
			parts->iov_len -= (size_t)wrote;
		}
	}
	return 0;
}

static int write_bytes(int fd, const char *bytes, size_t length)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
	return write_blocks(fd, &part, 1);
}

/* Takes up to BLOCKS_A_WRITE blocks; NULL when it is time to end. */
static struct block *take_blocks(struct writer *writer)
{
	while (writer->waiting == NULL && !writer->quit)
		pthread_cond_wait(&writer->changed, &writer->lock);
	struct block *first = writer->waiting;
	struct block **end = &writer->waiting;
	for (int i = 0; i < BLOCKS_A_WRITE && *end != NULL; i++)
		end = &(*end)->next;
	if (first == NULL)
		return NULL;
	writer->waiting = *end;
	*end = NULL;
	if (writer->waiting == NULL)
		writer->waiting_end = &writer->waiting;
	return first;
}

static int write_taken(const struct writer *writer, struct block *first)
{
	struct iovec parts[BLOCKS_A_WRITE];
	int count = 0;
	for (struct block *block = first; block != NULL; block = block->next)
		parts[count++] = (struct iovec){.iov_base = block->bytes, .iov_len = block->length};
	return write_blocks(writer->fd, parts, count);
}

static void hand_back(struct writer *writer, struct block *first)
{
	while (first != NULL) {
		struct block *next = first->next;
		first->next = writer->written;
		writer->written = first;
		writer->unwritten--;
		first = next;
	}
}

static void *writer_main(void *argument)
{
	struct writer *writer = argument;
	struct block *taken;
	pthread_mutex_lock(&writer->lock);
	while ((taken = take_blocks(writer)) != NULL) {
		int error = writer->error;
		pthread_mutex_unlock(&writer->lock);
		if (error == 0)
			error = write_taken(writer, taken);
		pthread_mutex_lock(&writer->lock);
		writer->error = error;
		hand_back(writer, taken);
		if (writer->wake != NULL)
			uv_async_send(writer->wake);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

static int start_writer(struct sink *sink)
{
	struct writer *writer = calloc(1, sizeof *writer);
	if (writer == NULL)
		return ENOMEM;
	writer->fd = sink->fd;
	writer->wake = sink->wake;
	writer->waiting_end = &writer->waiting;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->changed, NULL);
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + 64 * 1024);
	int code = pthread_create(&writer->thread, &attributes, writer_main, writer);
	pthread_attr_destroy(&attributes);
	if (code != 0) {
		free(writer);
		return code;
	}
	sink->writer = writer;
	return 0;
}

void sink_init_descriptor(struct sink *sink, const char *name, int fd)
{
	struct stat status = {0};
	struct stat null = {0};
	fstat(fd, &status);
	stat("/dev/null", &null);
	bool is_null = S_ISCHR(status.st_mode) && status.st_rdev == null.st_rdev;
	*sink = (struct sink){
		.name = memory_copy_text(name),
		.fd = fd,
		.device = status.st_dev,
		.inode = status.st_ino,
		.may_block = !S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode) && !is_null,
		.is_pipe = S_ISFIFO(status.st_mode),
		.is_terminal = S_ISCHR(status.st_mode) && isatty(fd) == 1,
	};
}

/* -ENXIO is what the kernel says of a FIFO without a reader, of a socket, and of a device that is not there. */
static int refuse_path(const char *path, int code, struct error *err)
{
	struct stat status = {0};
	const char *why = strerror(-code), *advice = "";
	if (code == -ENOENT)
		advice = unexpanded_hint(path)[0] != '\0' ? unexpanded_hint(path)
		                                          : " (its directory must be there: mkdir -p)";
	if (code == -ENXIO)
		(void)!stat(path, &status);
	if (S_ISSOCK(status.st_mode))
		why = "it is a socket, not a file or a FIFO";
	if (S_ISFIFO(status.st_mode))
		why = "nobody reads it: start its reader first";
	return error_set(err, code, "cannot write output to %s: %s%s", path, why, advice);
}

int sink_init_path(struct sink *sink, const char *path, struct error *err)
{
	/* Non-blocking for the open alone: a FIFO that nobody reads would hold muster here. */
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (fd < 0)
		return refuse_path(path, -errno, err);
	fcntl(fd, F_SETFL, O_WRONLY);
	sink_init_descriptor(sink, path, fd);
	sink->owns_fd = true;
	return 0;
}

int sink_truncate(const struct sink *sink, struct error *err)
{
	struct stat status;
	if (fstat(sink->fd, &status) < 0 || !S_ISREG(status.st_mode) || ftruncate(sink->fd, 0) == 0)
		return 0;
	return refuse_path(sink->name, -errno, err);
}

void sink_init_log(struct sink *sink, const char *name, struct log_file *log)
{
	*sink = (struct sink){.name = memory_copy_text(name), .fd = -1, .owns_fd = true, .log = log};
}

bool sink_is_same_file(const struct sink *one, const struct sink *other)
{
	return one->inode != 0 && one->inode == other->inode && one->device == other->device;
}

/* A pipe that has room for a page takes a small piece without blocking: no thread is needed for a few lines. */
static bool takes_at_once(const struct sink *sink, size_t length)
{
	if (!sink->may_block)
		return true;
	if (sink->writer != NULL || !sink->is_pipe || length > PIPE_BUF)
		return false;
	struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};
	return poll(&ready, 1, 0) == 1 && (ready.revents & (POLLOUT | POLLERR)) != 0;
}

static int enqueue(struct sink *sink, struct stream *from, const char *bytes, size_t length)
{
	int code = sink->writer == NULL ? start_writer(sink) : 0;
	if (code != 0)
		return code;
	struct block *block = malloc(sizeof *block + length);
	if (block == NULL)
		return ENOMEM;
	block->next = NULL;
	block->from = from;
	block->length = length;
	memcpy(block->bytes, bytes, length);
	struct writer *writer = sink->writer;
	pthread_mutex_lock(&writer->lock);
	*writer->waiting_end = block;
	writer->waiting_end = &block->next;
	writer->unwritten++;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
	if (sink->on_their_way++ == 0) {
		sink->next_busy = sink->news->busy;
		sink->news->busy = sink;
	}
	return 0;
}

static void note_error(struct sink *sink, int code)
{
	if (code == 0 || sink->error != 0)
		return;
	sink->error = code;
	sink->next_failed = sink->news->failed;
	sink->news->failed = sink;
}

size_t sink_write(struct sink *sink, struct stream *from, const char *bytes, size_t length)
{
	if (sink->error != 0 || length == 0)
		return 0;
	if (sink->log != NULL) {
		note_error(sink, -log_file_write(sink->log, bytes, length));
		return 0;
	}
	if (takes_at_once(sink, length)) {
		note_error(sink, write_bytes(sink->fd, bytes, length));
		return 0;
	}
	if (enqueue(sink, from, bytes, length) == 0)
		return length;
	/* No thread, no memory: blocking is better than losing. */
	note_error(sink, write_bytes(sink->fd, bytes, length));
	return 0;
}

void sink_collect(struct sink *sink, sink_written *callback, void *context)
{
	struct writer *writer = sink->writer;
	if (writer == NULL)
		return;
	pthread_mutex_lock(&writer->lock);
	struct block *written = writer->written;
	writer->written = NULL;
	int error = writer->error;
	pthread_mutex_unlock(&writer->lock);
	note_error(sink, error);
	while (written != NULL) {
		struct block *next = written->next;
		callback(context, written->from, written->length);
		free(written);
		sink->on_their_way--;
		written = next;
	}
}

void sink_detach(struct sink *sink)
{
	sink->wake = NULL;
	if (sink->writer == NULL)
		return;
	pthread_mutex_lock(&sink->writer->lock);
	sink->writer->wake = NULL;
	pthread_mutex_unlock(&sink->writer->lock);
}

bool sink_is_idle(const struct sink *sink)
{
	return sink->on_their_way == 0;
}

static void free_blocks(struct block *block)
{
	while (block != NULL) {
		struct block *next = block->next;
		free(block);
		block = next;
	}
}

static void finish_writer(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->quit = true;
	pthread_cond_signal(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	free_blocks(writer->waiting);
	free_blocks(writer->written);
	pthread_mutex_destroy(&writer->lock);
	pthread_cond_destroy(&writer->changed);
	free(writer);
}

static bool writer_is_busy(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	bool busy = writer->unwritten > 0;
	pthread_mutex_unlock(&writer->lock);
	return busy;
}

void sink_finish(struct sink *sink)
{
	if (sink->writer != NULL && writer_is_busy(sink->writer)) {
		pthread_detach(sink->writer->thread); /* blocked in its write: it and what it uses stay */
		return;
	}
	if (sink->writer != NULL)
		finish_writer(sink->writer);
	if (sink->log != NULL)
		log_file_finish(sink->log);
	else if (sink->owns_fd)
		close(sink->fd);
	free(sink->name);
	*sink = (struct sink){.fd = -1};
}
