/* SPDX-License-Identifier: MIT
 *
 * job_find: see job_find.h.
 */
#include "job/job_find.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "job/job_places.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WAYS_SHOWN = 5,
	END_BYTES_LEAST = 4 /* of an id that is given by its end */
};

static bool is_name_of(const char *word, const char *id)
{
	size_t length = strlen(word);
	return strncmp(word, id, length) == 0 && job_id_suffix(id) == id + length && id[length] == '-';
}

static bool is_beginning_of(const char *word, const char *id)
{
	return strncmp(word, id, strlen(word)) == 0;
}

/* What tells it from others of its name stands there. */
static bool is_end_of(const char *word, const char *id)
{
	size_t length = strlen(word), whole = strlen(id);
	return length >= END_BYTES_LEAST && length <= whole && strcmp(id + whole - length, word) == 0;
}

/* Those that the word means in the first way in which it means any; moved to the front. */
static int choose(struct dirent **names, int count, const char *word)
{
	static bool (*const ways[])(const char *word, const char *id) = {is_name_of, is_beginning_of, is_end_of};
	int chosen = 0;
	for (size_t way = 0; way < sizeof ways / sizeof *ways && chosen == 0; way++)
		for (int i = 0; i < count; i++) {
			if (!ways[way](word, names[i]->d_name))
				continue;
			struct dirent *found = names[i];
			names[i] = names[chosen];
			names[chosen++] = found;
		}
	return chosen;
}

/* Those that a word may mean, in the order of their ids, and how they are. */
struct candidates {
	struct dirent **names; /* borrowed */
	enum job_life *lives;
	int count;
	int alive;
};

static int look_at(int records, const char *id, enum job_life *life, struct error *err)
{
	struct job_view view;
	int rc = job_view_open(&view, records, id, err);
	*life = JOB_GONE;
	if (rc < 0)
		return job_view_is_none(rc) ? 0 : rc;
	if (view.life == JOB_STARTING)
		job_view_load_job(&view);
	*life = view.life;
	job_view_close(&view);
	return 0;
}

/* What is called as a job and is none, as yet or any more, is no candidate. */
static int find_alive(struct candidates *found, int records, struct error *err)
{
	int count = found->count, rc = 0;
	found->lives = memory_zeroed((size_t)count * sizeof *found->lives);
	found->count = 0;
	for (int i = 0; i < count && rc == 0; i++) {
		enum job_life life;
		rc = look_at(records, found->names[i]->d_name, &life, err);
		if (life == JOB_GONE)
			continue;
		struct dirent *name = found->names[i];
		found->names[i] = found->names[found->count];
		found->names[found->count] = name;
		found->lives[found->count++] = life;
		found->alive += job_life_goes_on(life);
	}
	return rc;
}

/* The newest first; those that run, then the others. */
static void add_candidates(struct text *list, const struct candidates *found, int most)
{
	int added = 0;
	for (int alive = 1; alive >= 0; alive--)
		for (int i = found->count - 1; i >= 0; i--)
			if (job_life_goes_on(found->lives[i]) == (alive == 1) && added < most)
				text_add_format(list, "%s%s (%s)", added++ == 0 ? "" : ", ", found->names[i]->d_name,
				                job_life_name(found->lives[i]));
}

static int refuse_none(const char *word, struct error *err)
{
	return error_set(err, -ENOENT, "there is no job \"%s\"; muster ps -a lists them", word);
}

static int refuse_many(const struct candidates *found, const char *word, enum job_wanted wanted, struct error *err)
{
	struct text list = {0};
	bool some = wanted == JOB_THAT_RUNS && found->alive > 0; /* of them, the others are not meant */
	int count = some ? found->alive : found->count;
	add_candidates(&list, found, count < WAYS_SHOWN ? count : WAYS_SHOWN);
	const char *more = count > WAYS_SHOWN ? ", ..." : "";
	int rc;
	if (wanted == JOB_THAT_RUNS && !some)
		rc = error_set(err, -ENOENT, "of %d jobs that \"%s\" may be, none runs: %s%s", count, word, list.bytes,
		               more);
	else
		rc = error_set(err, -ENOENT, "\"%s\" may be any of %d jobs: %s%s: give the whole id of one", word,
		               count, list.bytes, more);
	text_finish(&list);
	return rc;
}

/* Of several, the only one that runs is meant; that one of those that have ended is newer says nothing. */
static int open_one_of(struct job_view *view, int records, struct candidates *found, const char *word,
                       enum job_wanted wanted, struct error *err)
{
	int only = 0, rc = found->count > 1 ? find_alive(found, records, err) : 0;
	while (rc == 0 && found->alive == 1 && !job_life_goes_on(found->lives[only]))
		only++;
	if (rc == 0 && found->count == 0)
		rc = refuse_none(word, err);
	else if (rc == 0 && (found->count == 1 || found->alive == 1))
		rc = job_view_open(view, records, found->names[only]->d_name, err);
	else if (rc == 0)
		rc = refuse_many(found, word, wanted, err);
	free(found->lives);
	return rc;
}

static int find_in(struct job_view *view, int records, const char *word, enum job_wanted wanted, struct error *err)
{
	struct candidates found = {0};
	int exact = job_view_open(view, records, word, err);
	if (!job_view_is_none(exact))
		return exact;
	int count = job_view_list_ids(records, &found.names, err);
	if (count < 0)
		return count;
	found.count = choose(found.names, count, word);
	int rc = open_one_of(view, records, &found, word, wanted, err);
	job_view_drop_ids(found.names, count);
	return rc;
}

int job_find(struct job_view *view, const char *word, enum job_wanted wanted, struct error *err)
{
	*view = (struct job_view){.directory = -1};
	if (!job_id_is_valid(word))
		return error_set(err, -EINVAL, "\"%s\" is no id of a job; muster ps -a lists them", word);
	int records = job_places_open_records(false, err);
	if (records == -ENOENT && job_places_known())
		return error_set(err, records, "there is no job \"%s\", and no records of others", word);
	if (records < 0)
		return records;
	int rc = find_in(view, records, word, wanted, err);
	close(records);
	if (rc == 0)
		job_view_load_job(view);
	return rc;
}

/* --- without a word --- */

static int newest_first(const void *left, const void *right)
{
	struct dirent *const *a = left, *const *b = right;
	return strcmp(job_id_suffix((*b)->d_name), job_id_suffix((*a)->d_name));
}

static int find_newest_in(struct job_view *view, int records, const struct job_fitting *fitting, struct error *err)
{
	struct dirent **names = NULL;
	int count = job_view_list_ids(records, &names, err), rc = -ENOENT;
	if (count < 0)
		return count;
	qsort(names, (size_t)count, sizeof *names, newest_first);
	for (int i = 0; i < count && job_view_is_none(rc); i++) {
		rc = job_view_open(view, records, names[i]->d_name, err);
		bool fits = rc == 0 && view->life != JOB_GONE && (fitting->fits == NULL || fitting->fits(view));
		if (rc == 0 && !fits) {
			job_view_close(view);
			rc = -ENOENT;
		}
	}
	job_view_drop_ids(names, count);
	if (rc == 0)
		job_view_load_job(view);
	return !job_view_is_none(rc)
	               ? rc
	               : error_set(err, -ENOENT, "there is no job that %s; muster ps -a lists all", fitting->words);
}

int job_find_or_newest(struct job_view *view, const char *word, const struct job_fitting *fitting, struct error *err)
{
	if (word != NULL)
		return job_find(view, word, JOB_ANY, err);
	*view = (struct job_view){.directory = -1};
	int records = job_places_open_records(false, err);
	if (records == -ENOENT && job_places_known())
		return error_set(err, records, "there are no records of jobs");
	if (records < 0)
		return records;
	int rc = find_newest_in(view, records, fitting, err);
	close(records);
	return rc;
}
