/* SPDX-License-Identifier: MIT
 *
 * library_json: see library_json.h.
 */
#include "report/library_json.h"

#include "report/json_text.h"
#include "report/library_words.h"
#include "run/job_result.h"

static json_t *make_count(uint64_t count)
{
	return json_integer((json_int_t)count);
}

static json_t *make_label(const char *label)
{
	return label[0] == '\0' ? json_null() : json_text(label);
}

json_t *waiting_json(const struct rank_wait *wait)
{
	const char *name = wait_name(wait);
	if (name == NULL)
		return json_null();
	bool message = wait->kind == WAITS_TO_SEND || wait->kind == WAITS_TO_RECEIVE;
	json_t *made = json_object();
	json_object_set_new(made, "in", json_string(name));
	json_object_set_new(made, "label", make_label(wait->label));
	json_object_set_new(made, "peer", message && wait->peer >= 0 ? json_integer(wait->peer) : json_null());
	json_object_set_new(made, "for_s", json_seconds(wait->for_ns));
	return made;
}

static json_t *make_waiting(const struct rank_result *rank)
{
	json_t *made = waiting_json(&rank->wait);
	if (json_is_object(made))
		json_object_set_new(made, "since_s", json_seconds(rank->waits_since_ns));
	return made;
}

static json_t *make_marks(const struct rank_library *library)
{
	json_t *marks = json_array();
	for (uint32_t i = 0; i < library->event_count; i++) {
		const struct rank_event *event = &library->events[i];
		if (event->kind != EVENT_MARK)
			continue;
		json_t *mark = json_object();
		json_object_set_new(mark, "at_s", json_seconds(event->at_ns));
		json_object_set_new(mark, "text", json_text(event->label));
		json_array_append_new(marks, mark);
	}
	return marks;
}

static json_t *make_event(const struct rank_event *event)
{
	bool collective = event->kind == EVENT_COLLECTIVE;
	json_t *made = json_object();
	json_object_set_new(made, "kind", json_string(collective ? event->collective : "barrier"));
	json_object_set_new(made, "at_s", json_seconds(event->at_ns));
	json_object_set_new(made, "took_s", json_seconds(event->duration_ns));
	json_object_set_new(made, "label", make_label(event->label));
	json_object_set_new(made, "bytes", collective ? make_count(event->bytes) : json_null());
	return made;
}

static json_t *make_events(const struct rank_library *library)
{
	json_t *events = json_array();
	for (uint32_t i = 0; i < library->event_count; i++)
		if (library->events[i].kind != EVENT_MARK)
			json_array_append_new(events, make_event(&library->events[i]));
	return events;
}

json_t *library_json(const struct rank_result *rank)
{
	const struct rank_library *library = rank->library;
	if (library == NULL)
		return json_null();
	json_t *made = json_object();
	json_object_set_new(made, "barriers", make_count(library->barriers));
	json_object_set_new(made, "barrier_last", make_count(library->barrier_last));
	json_object_set_new(made, "barrier_wait_s", json_seconds(library->barrier_wait_ns));
	json_object_set_new(made, "collectives", make_count(library->collectives));
	json_object_set_new(made, "collective_s", json_seconds(library->collective_ns));
	json_object_set_new(made, "messages_sent", make_count(library->messages_sent));
	json_object_set_new(made, "messages_received", make_count(library->messages_received));
	json_object_set_new(made, "message_wait_s", json_seconds(library->message_wait_ns));
	json_object_set_new(made, "waiting", make_waiting(rank));
	json_object_set_new(made, "marks", make_marks(library));
	json_object_set_new(made, "events", make_events(library));
	json_object_set_new(made, "events_lost", make_count(library->events_lost));
	return made;
}
