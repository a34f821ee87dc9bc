/* SPDX-License-Identifier: MIT
 *
 * job_prune: see job_prune.h.
 */
#include "job/job_prune.h"

#include "job/job_id.h"
#include "job/job_places.h"
#include "job/job_record.h"
#include "job/private_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { REST_KEPT_S = 3600 };

struct aged {
	int64_t changed_s;
	char id[JOB_ID_SIZE];
};

struct aged_list {
	struct aged *items;
	size_t count, room;
};

/* Files, and files in directories: there is nothing deeper in a record. */
static void empty(int directory, int depth)
{
	DIR *listing = fdopendir(dup(directory));
	for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(directory, name, 0) == 0 ||
		    depth == 0)
			continue;
		int below = private_directory_open_in(directory, name, false, NULL);
		if (below < 0)
			continue;
		empty(below, depth - 1);
		close(below);
		unlinkat(directory, name, AT_REMOVEDIR);
	}
	if (listing != NULL)
		closedir(listing);
}

/* Of which it is known that nobody holds it. */
static bool is_left(int record)
{
	int held = job_record_is_held(record);
	return held == 0 || held == -ENOENT;
}

static bool remove_record(int records, const char *id)
{
	int directory = private_directory_open_in(records, id, false, NULL);
	if (directory < 0)
		return false;
	bool left = is_left(directory);
	if (left) {
		unlinkat(directory, "job.json", 0); /* first: what is left of it is no lost job */
		empty(directory, 1);
	}
	close(directory);
	return left && unlinkat(records, id, AT_REMOVEDIR) == 0;
}

/* When a record was last written into; its age is not its id's, which may be of another clock. */
static void add(struct aged_list *list, int records, const char *id)
{
	struct stat status;
	if (fstatat(records, id, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(status.st_mode))
		return;
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 256 : list->room * 2;
		struct aged *grown = reallocarray(list->items, room, sizeof *grown);
		if (grown == NULL)
			return;
		list->items = grown;
		list->room = room;
	}
	struct aged *fresh = &list->items[list->count++];
	fresh->changed_s = status.st_mtim.tv_sec;
	memcpy(fresh->id, id, strlen(id) + 1);
}

static int newest_first(const void *one, const void *other)
{
	int64_t a = ((const struct aged *)one)->changed_s, b = ((const struct aged *)other)->changed_s;
	return (a < b) - (a > b);
}

static struct aged_list list_records(int records)
{
	struct aged_list list = {0};
	DIR *listing = fdopendir(dup(records));
	for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;)
		if (job_id_is_valid(entry->d_name))
			add(&list, records, entry->d_name);
	if (listing != NULL)
		closedir(listing);
	if (list.count > 0)
		qsort(list.items, list.count, sizeof *list.items, newest_first);
	return list;
}

/* What whoever removed a record, or was about to make one, did not come to the end of; not one that is only just made.
 */
static bool is_rest(int records, const struct aged *record, int64_t now_s)
{
	char job[JOB_ID_SIZE + sizeof "/job.json"];
	snprintf(job, sizeof job, "%s/job.json", record->id);
	return record->changed_s < now_s - REST_KEPT_S && faccessat(records, job, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

/* Whose record is not here may be alive all the same: with another XDG_STATE_HOME. */
static bool is_of_lost(int records, const char *socket)
{
	char id[JOB_ID_SIZE];
	int length = (int)strlen(socket) - (int)strlen(SOCKET_SUFFIX);
	if (length <= 0 || length >= JOB_ID_SIZE || strcmp(socket + length, SOCKET_SUFFIX) != 0)
		return false;
	snprintf(id, sizeof id, "%.*s", length, socket);
	int directory = job_id_is_valid(id) ? private_directory_open_in(records, id, false, NULL) : -1;
	bool lost = directory >= 0 && is_left(directory);
	if (directory >= 0)
		close(directory);
	return lost;
}

static void prune_sockets(int records)
{
	int sockets = job_places_open_sockets(false, NULL);
	DIR *listing = sockets < 0 ? NULL : fdopendir(sockets);
	if (listing == NULL) {
		if (sockets >= 0)
			close(sockets);
		return;
	}
	for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
		if (is_of_lost(records, entry->d_name))
			unlinkat(sockets, entry->d_name, 0);
	closedir(listing);
}

int job_prune(int64_t now_s, int keep)
{
	const int64_t oldest_s = now_s - RECORDS_KEPT_DAYS * INT64_C(86400);
	int removed = 0, records = job_places_open_records(false, NULL);
	if (records < 0)
		return 0;
	prune_sockets(records); /* while it is known whose they were */
	struct aged_list list = list_records(records);
	for (size_t i = 0; i < list.count; i++)
		if (i >= (size_t)keep || list.items[i].changed_s < oldest_s || is_rest(records, &list.items[i], now_s))
			removed += remove_record(records, list.items[i].id);
	free(list.items);
	close(records);
	return removed;
}

void job_prune_now_and_then(const char *job_id)
{
	if (job_id_is_one_of(job_id, PRUNED_EVERY))
		job_prune(time(NULL), RECORDS_KEPT);
}
