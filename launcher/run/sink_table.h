/* SPDX-License-Identifier: MIT
 *
 * sink_table: the sinks of a job, each file once.
 *
 * However a file is called (a path written in two ways, a link, /dev/stdout) it has one sink: two would write over one
 * another. Found by hash, since each of 65,536 ranks may have files of its own.
 */
#ifndef MUSTER_RUN_SINK_TABLE_H
#define MUSTER_RUN_SINK_TABLE_H

#include "run/sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct log_file;
struct sink_name;

struct sink_table {
	struct sink *items; /* in the order in which they were added; they stay where they are */
	uint32_t count;
	struct sink_name *names; /* hash tables, at most half full */
	struct sink **files;
	size_t slots;
	struct sink_news news; /* of its sinks: none of the functions below looks at those that have none */
};

/* For at most `most` calls of the two functions below. */
void sink_table_init(struct sink_table *table, uint32_t most);

/* The sink of an open descriptor, which is borrowed. */
struct sink *sink_table_add(struct sink_table *table, const char *name, int fd);

/* The sink of a rank's log, which no other has. */
struct sink *sink_table_add_log(struct sink_table *table, const char *name, struct log_file *log);

/* The sink of a path, opened when it is not yet; the path's text must outlive the table. */
int sink_table_open(struct sink_table *table, const char *path, struct sink **sink, struct error *err);

/* sink_collect for each sink that has something on its way. */
void sink_table_collect(struct sink_table *table, sink_written *callback, void *context);
bool sink_table_is_idle(const struct sink_table *table);

/* A sink whose first error is news, which it is once; NULL: there is none. */
struct sink *sink_table_take_failed(struct sink_table *table);

/* False: a thread is blocked in its write; it and the sinks are left to the process's end. */
bool sink_table_finish(struct sink_table *table);

#endif
