/* SPDX-License-Identifier: MIT
 *
 * sink_table: see sink_table.h.
 */
#include "run/sink_table.h"

#include "base/memory.h"
#include "run/sink.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sink_name {
	const char *path; /* NULL: the slot is free */
	struct sink *sink;
};

void sink_table_init(struct sink_table *table, uint32_t most)
{
	*table = (struct sink_table){.slots = 8};
	while (table->slots < 2 * (size_t)most)
		table->slots *= 2;
	table->items = memory_zeroed(most * sizeof *table->items);
	table->names = memory_zeroed(table->slots * sizeof *table->names);
	table->files = memory_zeroed(table->slots * sizeof(struct sink *));
}

static size_t mixed(uint64_t hash, uint64_t more)
{
	hash = (hash ^ more) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static struct sink_name *slot_of_path(const struct sink_table *table, const char *path)
{
	uint64_t hash = 0;
	for (const char *at = path; *at != '\0'; at++)
		hash = mixed(hash, (unsigned char)*at);
	size_t slot = hash & (table->slots - 1);
	while (table->names[slot].path != NULL && strcmp(table->names[slot].path, path) != 0)
		slot = (slot + 1) & (table->slots - 1);
	return &table->names[slot];
}

static struct sink **slot_of_file(const struct sink_table *table, const struct sink *sink)
{
	size_t slot = mixed(mixed(0, sink->device), sink->inode) & (table->slots - 1);
	while (table->files[slot] != NULL && !sink_is_same_file(table->files[slot], sink))
		slot = (slot + 1) & (table->slots - 1);
	return &table->files[slot];
}

/* A file that is open already may hold what others wrote: muster's own standard output, as /dev/stdout. */
static int open_file(const struct sink_table *table, const char *path, struct sink *fresh, struct error *err)
{
	int rc = sink_init_path(fresh, path, err);
	if (rc < 0 || *slot_of_file(table, fresh) != NULL)
		return rc;
	rc = sink_truncate(fresh, err);
	if (rc < 0)
		sink_finish(fresh);
	return rc;
}

/* Takes a sink over, or finishes it and gives the one that its file has already. */
static struct sink *keep(struct sink_table *table, struct sink *fresh)
{
	struct sink **slot = slot_of_file(table, fresh);
	assert(2 * (size_t)table->count < table->slots);
	if (*slot != NULL) {
		sink_finish(fresh);
		return *slot;
	}
	*slot = &table->items[table->count++];
	**slot = *fresh;
	(*slot)->news = &table->news;
	return *slot;
}

struct sink *sink_table_add(struct sink_table *table, const char *name, int fd)
{
	struct sink fresh;
	sink_init_descriptor(&fresh, name, fd);
	return keep(table, &fresh);
}

struct sink *sink_table_add_log(struct sink_table *table, const char *name, struct log_file *log)
{
	struct sink *sink = &table->items[table->count++];
	sink_init_log(sink, name, log);
	sink->news = &table->news;
	return sink;
}

int sink_table_open(struct sink_table *table, const char *path, struct sink **sink, struct error *err)
{
	struct sink_name *name = slot_of_path(table, path);
	if (name->path == NULL) {
		struct sink fresh;
		int rc = open_file(table, path, &fresh, err);
		if (rc < 0)
			return rc;
		*name = (struct sink_name){path, keep(table, &fresh)};
	}
	*sink = name->sink;
	return 0;
}

void sink_table_collect(struct sink_table *table, sink_written *callback, void *context)
{
	struct sink **at = &table->news.busy;
	while (*at != NULL) {
		struct sink *sink = *at;
		sink_collect(sink, callback, context);
		if (sink_is_idle(sink))
			*at = sink->next_busy;
		else
			at = &sink->next_busy;
	}
}

bool sink_table_is_idle(const struct sink_table *table)
{
	return table->news.busy == NULL;
}

struct sink *sink_table_take_failed(struct sink_table *table)
{
	struct sink *sink = table->news.failed;
	if (sink != NULL)
		table->news.failed = sink->next_failed;
	return sink;
}

bool sink_table_finish(struct sink_table *table)
{
	bool busy = !sink_table_is_idle(table);
	for (uint32_t i = 0; i < table->count; i++)
		sink_finish(&table->items[i]);
	free(table->names);
	free(table->files);
	if (!busy)
		free(table->items);
	*table = (struct sink_table){0};
	return !busy;
}
